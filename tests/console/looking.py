"""Looking at pages of the console without a browser: a session, its forms, and the text a person would read."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager

import requests

from tests.circulation.running import Central
from tests.console.conftest import session_of
from tests.console.sending import Sending

HOSTILE = "<script>alert(1)</script>'\"; DROP TABLE patron;--"


class Reader(Sending):
    """Somebody signed in who reads: pages as they are sent, and forms with what the page puts into them."""

    def __init__(self, running: Central, *roles: str, branch: str = "N1", name: str = "anna") -> None:
        super().__init__(running, session_of(running.service, *roles, branch=branch, name=name))

    def read(self, path: str, **query: str) -> str:
        """The text of a page there is."""
        answer = self.get(path, **query)
        assert answer.status_code == 200, (path, answer.status_code, text_of(answer.text))
        return text_of(answer.text)

    def send(self, form: str, path: str, **given: str) -> requests.Response:
        """Send a form of a page; ``form`` is the page it stands on. The answer is the page it leads to."""
        assert f'name="csrf" value="{self.csrf}"' in self.get(form).text
        return self.post(path, **given)


@contextmanager
def reader(running: Central, *roles: str, branch: str = "N1", name: str = "anna") -> Iterator[Reader]:
    """Somebody signed in until the end of the block."""
    found = Reader(running, *roles, branch=branch, name=name)
    try:
        yield found
    finally:
        found.http.close()


def text_of(page: str) -> str:
    """What a person reads of a page's main part, in one line."""
    main = page.partition("<main")[2].partition("</main>")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", main)).split())


def harmless(page: str) -> bool:
    """Hostile text stands in a page as text only."""
    return HOSTILE not in page and "<script>alert" not in page and html.escape(HOSTILE, quote=False)[:20] in page
