"""Make the pictures of the staff manual: ``python -m tools.pictures [FOLDER]``; by default ``docs/manual/pictures``.

A lively demo library is served and its console opened in Chromium, in every language, so that what the manual shows is
what there is.
"""

from __future__ import annotations

import io
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from circulation import logs
from circulation.app import make_app
from circulation.secrets import Secrets
from circulation.service import Service
from circulation.serving import listen
from circulation.staff.words import LANGUAGES
from circulation.store.engine import Database
from tools import lively

FOLDER = Path(__file__).parents[1] / "docs" / "manual" / "pictures"
CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
WIDE, HIGH, HIGHEST = 1180, 800, 1500
COLOURS = 96  # are enough for pages of text, and make a picture a quarter as large
# Picture -> page; {names} are what there is to open (``Lively.ids``).
PICTURES: Mapping[str, str] = {
    "home": "/",
    "desk": "/desk?mode=back&lines={lines}",
    "desk-patron": "/desk?patron={patron}",
    "patrons": "/patrons",
    "patron": "/patrons/{patron}",
    "items": "/items",
    "item": "/items/{item}",
    "loans": "/loans",
    "loan": "/loans/{loan}",
    "reservations": "/reservations",
    "hold-shelf": "/hold-shelf",
    "fees": "/fees",
    "fee": "/fees/{fee}",
    "attention": "/attention",
    "self-service": "/self-service",
    "rules": "/rules?type=periods",
    "rule": "/rule?ruleset=live&id={rule}",
    "drafts": "/drafts",
    "draft": "/drafts/{draft}",
    "editor": "/drafts/{draft}/rule?id=loan-summer",
    "check": "/drafts/{draft}/check",
    "rule-sets": "/rule-sets",
    "what-if": "/what-if?action=checkout&item={film}&patron={teacher}&channel=kiosk&branch={organisation}",
    "decisions": "/decisions",
    "decision": "/decisions/{operation}",
    "kind-help": "/rule-help/{kind}",
    "calendar": "/calendar/{organisation}",
    "organisations": "/organisations",
    "organisation": "/organisations/{organisation}",
    "codes": "/codes",
    "machines": "/machines",
    "machine-settings": "/machine-settings/{organisation}",
    "members": "/members",
    "tokens": "/tokens",
    "audit": "/audit",
    "tasks": "/tasks",
    "task": "/tasks/{task}",
    "mail": "/mail/accounts/{code}",
    "notice-setup": "/notices/setup",
    "notice-log": "/notices",
    "notice": "/notices/{message}",
    "notice-why": "/notices/why?loan={warned}",
    "tonight": "/notices/tonight",
    "notice-texts": "/notice-texts/edit?organisation=A&kind=due_warning&channel=email&language=en",
    "effect": "/notices/effect",
    "usage": "/usage",
}


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, lively.Lively]]:
    """The lively library over HTTP until the end of the block; its address, and what is in it."""
    logs.configure()
    database = Database(f"sqlite:///{folder}/circulation.db")
    database.migrate()
    clock = lively.LivelyClock()
    filled = lively.fill(Service(database, Secrets(folder / "secrets"), clock), clock)
    with listen("127.0.0.1", 0) as listening:
        server = uvicorn.Server(uvicorn.Config(make_app(filled.service), log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="service in the pictures")
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}", filled
        finally:
            server.should_exit = True
            thread.join()
            database.close()


def sign_in(page: Page, url: str) -> None:
    """Sign in as the one member of staff with every role."""
    page.goto(f"{url}/staff/sign-in")
    page.fill("#name", lively.STAFF)
    page.fill("#password", lively.PASSWORD)
    page.select_option("#branch", lively.BRANCH)
    page.click("main button")
    page.wait_for_url("**/staff/")


def take(browser: Browser, url: str, ids: Mapping[str, str], language: str, folder: Path) -> list[str]:
    """Take every picture in one language; the pages that did not answer as they should."""
    folder.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(viewport={"width": WIDE, "height": HIGH}, locale=language)
    page = context.new_page()
    sign_in(page, url)
    wrong = []
    for name, path in PICTURES.items():
        answer = page.goto(f"{url}/staff{path.format_map(ids)}")
        if answer is None or answer.status != 200:
            wrong.append(f"{language} {name}: {path}")
        _save(page, folder / f"{name}.png")
    context.close()
    return wrong


def _save(page: Page, file: Path) -> None:
    height = min(HIGHEST, int(page.evaluate("document.documentElement.scrollHeight")))
    page.set_viewport_size({"width": WIDE, "height": height})
    raw = page.screenshot()
    page.set_viewport_size({"width": WIDE, "height": HIGH})
    Image.open(io.BytesIO(raw)).convert("RGB").quantize(COLOURS).save(file, optimize=True)


def main(folder: Path = FOLDER) -> int:
    """Take all; the exit code is 1 if a page did not answer as it should."""
    with tempfile.TemporaryDirectory() as work, served(Path(work)) as (url, filled), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        wrong = [one for tongue in LANGUAGES for one in take(browser, url, filled.ids, tongue, folder / tongue)]
        browser.close()
    for one in wrong:
        print(f"not as it should be: {one}", file=sys.stderr)
    print(f"{len(PICTURES)} pictures in {len(LANGUAGES)} languages: {folder}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*(Path(given) for given in sys.argv[1:2])))
