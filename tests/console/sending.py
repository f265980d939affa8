"""Somebody who is signed in to the console, without a browser."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import requests

from circulation.staff.forms import csrf_of
from circulation.staff.page import SESSION
from tests.circulation.running import SECONDS, Central

Fields = Mapping[str, str] | Iterable[tuple[str, str]]
Files = Mapping[str, tuple[str, bytes]]


class Sending:
    """Somebody who is signed in, and the forms they send."""

    def __init__(self, central: Central, token: str) -> None:
        self.url, self.csrf = f"{central.url}/staff", csrf_of(central.service, token)
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.cookies.set(SESSION, token)

    def get(self, path: str, **query: str) -> requests.Response:
        return self.http.get(self.url + path, params=query, timeout=SECONDS)

    def post(self, path: str, **fields: Any) -> requests.Response:
        """Send a form; the answer is the page it leads to."""
        return self.http.post(self.url + path, data={"csrf": self.csrf, **fields}, timeout=SECONDS)

    def hand_in(self, path: str, fields: Fields = (), files: Files | None = None) -> requests.Response:
        """Send a form with a field several times, or with files; where the answer leads is not gone to."""
        given = fields.items() if isinstance(fields, Mapping) else fields
        data = [("csrf", self.csrf), *given]
        return self.http.post(self.url + path, data=data, files=files, timeout=SECONDS, allow_redirects=False)
