"""Somebody who is signed in to the console, without a browser."""

from __future__ import annotations

from typing import Any

import requests

from circulation.staff.forms import csrf_of
from tests.circulation.running import SECONDS, Central


class Sending:
    """Somebody who is signed in, and the forms they send."""

    def __init__(self, central: Central, token: str) -> None:
        self.url, self.csrf = f"{central.url}/staff", csrf_of(central.service, token)
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.cookies.set("staff", token)

    def get(self, path: str) -> requests.Response:
        return self.http.get(self.url + path, timeout=SECONDS)

    def post(self, path: str, **fields: Any) -> requests.Response:
        return self.http.post(self.url + path, data={"csrf": self.csrf, **fields}, timeout=SECONDS)
