"""Every page of the console, with something on it: axe, narrow screens, both languages, the policy of its answers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
from fastapi.routing import iter_route_contexts
from playwright.sync_api import Browser, Page, ViewportSize

from circulation.secrets import Secrets
from circulation.service import Service
from circulation.staff.app import POLICY, make_console
from circulation.staff.navigation import MENU
from circulation.staff.words import LANGUAGES
from circulation.store.engine import Database
from tests.circulation.conftest import QUICK, copied
from tests.circulation.running import SECONDS, Central, TestClock, serving
from tests.console.conftest import faults, sign_in, too_wide
from tools import lively

# Route -> what it is asked for, where its name alone is not enough.
ASKED: Mapping[str, str] = {
    "/calendar/{organisation:path}/closing": "/calendar/{organisation}/closing?first=2026-06-29&last=2026-06-29",
    "/drafts/{draft}/deleted": "/drafts/{draft}/deleted?id={deleted}",
    "/drafts/{draft}/rule": "/drafts/{draft}/rule?id=loan-summer",
    "/notice-texts/edit": "/notice-texts/edit?organisation=A&kind=due_warning&channel=email&language=en",
    "/notices/why": "/notices/why?loan={warned}",
    "/rule": "/rule?ruleset=live&id={rule}",
    "/rule-sets/compare": "/rule-sets/compare?one=1&two={draft}",
    "/tasks/new": "/tasks/new?type=due_warnings",
    "/what-if": "/what-if?action=checkout&item={film}&patron={patron}&channel=kiosk&branch={organisation}",
}
# Lead elsewhere, or are no HTML.
NO_PAGES = {
    *("/language/{language}", "/manual/pictures/{language}/{name}"),
    *("/drafts/{draft}/export", "/patrons/{patron}/export", "/usage/export"),
}
TABLET = 768
PARTS = 4  # of the pages: however busy the machine, each ends long before its time limit


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mapping[str, str]]:
    """The lively library as files, and what there is to open."""
    folder = tmp_path_factory.mktemp("lively")
    database = Database(f"sqlite:///{folder}/circulation.db")
    database.migrate()
    clock = lively.LivelyClock()
    filled = lively.fill(Service(database, Secrets(folder / "secrets", QUICK), clock), clock)
    database.close()
    return folder, filled.ids


@pytest.fixture
def ids(house: tuple[Path, Mapping[str, str]]) -> Mapping[str, str]:
    """What there is to open."""
    return house[1]


@pytest.fixture
def running(house: tuple[Path, Mapping[str, str]], tmp_path: Path) -> Iterator[Central]:
    """The lively library over HTTP."""
    with copied(house[0], tmp_path / "lively", TestClock(lively.DAY)) as service, serving(service) as found:
        yield found


def routes() -> list[str]:
    """Every page that can be opened."""
    nothing: Any = None
    found = {
        route.path or ""
        for route in iter_route_contexts(make_console(Service(nothing, nothing, nothing)).routes)
        if "GET" in (route.methods or ())
    }
    return sorted(found - NO_PAGES)


def address(route: str, ids: Mapping[str, str]) -> str:
    """A page there is, of a route."""
    path = ASKED.get(route, route)
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: ids[found[1]], path)


def test_every_entry_of_the_menu_is_a_page() -> None:
    assert {entry.path for group in MENU for entry in group.entries} <= set(routes())


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("width", [1280, 640])
def test_every_page_is_open_to_everybody_and_fits(
    ids: Mapping[str, str], running: Central, browser: Browser, width: int, part: int
) -> None:
    """axe finds nothing, and no page is wider than the screen: 640 is 1280 at 200 % zoom, 768 a tablet.

    A tablet is given the layout of 640, at which axe has looked at it.
    """
    context = browser.new_context(viewport=screen(width), locale="de-DE" if width == 640 else "en-GB")
    page = context.new_page()
    sign_in(page, running.url, lively.STAFF)
    found = [
        f"{path}: {fault}"
        for path in (address(route, ids) for route in routes()[part::PARTS])
        for fault in faults_of(page, f"{running.url}/staff{path}", width)
    ]
    context.close()
    assert found == []


def screen(width: int) -> ViewportSize:
    return {"width": width, "height": 900}


def faults_of(page: Page, url: str, width: int) -> Iterator[str]:
    page.set_viewport_size(screen(width))
    answer = page.goto(url)
    if answer is None or answer.status != 200:
        yield f"answered {answer.status if answer is not None else None}"
        return
    yield from faults(page)
    page.set_viewport_size(screen(TABLET))
    yield from (f"at {TABLET}: {fault}" for fault in too_wide(page))


def cookie_of(running: Central) -> requests.Session:
    """A browser without a window, signed in."""
    found = requests.Session()
    found.trust_env = False
    given = {"name": lively.STAFF, "password": lively.PASSWORD, "branch": lively.BRANCH}
    answer = found.post(f"{running.url}/staff/sign-in", data=given, timeout=SECONDS)
    assert answer.status_code == 200, answer.text
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_there_in_every_language_under_its_policy(
    ids: Mapping[str, str], running: Central, language: str
) -> None:
    http = cookie_of(running)
    http.cookies.set("language", language)
    wrong = []
    for route in routes():
        answer = http.get(f"{running.url}/staff{address(route, ids)}", timeout=SECONDS)
        headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        kept = all(answer.headers.get(name) == value for name, value in headers.items())
        spoken = f'<html lang="{language}">' in answer.text
        # What the policy forbids would silently do nothing.
        written_in = re.findall(r"<style|<script(?! src=)|\son[a-z]+=|\sstyle=|javascript:", answer.text)
        if not (answer.status_code == 200 and kept and spoken and not written_in):
            wrong.append((route, answer.status_code, kept, spoken, written_in))
    http.close()
    assert wrong == []


def test_the_policy_forbids_what_is_written_into_a_page() -> None:
    assert "unsafe" not in POLICY
    assert POLICY.startswith("default-src 'none'")


def test_files_are_kept_for_good_and_their_addresses_change_with_them(running: Central) -> None:
    page = requests.get(f"{running.url}/staff/sign-in", timeout=SECONDS)
    (sheet,) = re.findall(r'href="(/staff/static/console.css\?v=[0-9a-f]+)"', page.text)
    answer = requests.get(running.url + sheet, timeout=SECONDS)
    assert "immutable" in answer.headers["Cache-Control"]
    assert Path("circulation/staff/static/console.css").stat().st_size == len(answer.content)
