"""The service over real HTTP, in a thread of the test: servers, machines and staff that ask it, and a clock to set.

Every answer they get here is checked against the published OpenAPI document.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests
import uvicorn
from fastapi import FastAPI
from starlette.routing import Mount

from circulation import machines, staffing
from circulation.app import make_app
from circulation.service import Service
from circulation.serving import listen
from circulation.staff.app import nobody
from tests.circulation.document import check_answer
from tests.waiting import wait_for

SECONDS = 30
STAFF_PASSWORD = "a good long password"
Line = dict[str, Any]


class TestClock:
    """The time as the service is told it."""

    __test__ = False

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def set_day(self, day: str) -> None:
        """Ten in the morning, UTC, of a day."""
        self.now = datetime.fromisoformat(f"{day}T10:00:00+00:00").astimezone(UTC)

    def later(self, **by: float) -> None:
        """Let time pass."""
        self.now += timedelta(**by)


class Machine:
    """One machine: its key and its connection."""

    def __init__(self, url: str, key: str, branch: str) -> None:
        self.url, self.key, self.branch = url, key, branch
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.headers.update({"Authorization": f"Bearer {key}", "Library-Api": "1"})

    def get(self, path: str, **headers: str) -> requests.Response:
        return check_answer(self.http.get(f"{self.url}/v1{path}", headers=named(headers), timeout=SECONDS))

    def post(self, path: str, body: object = None, **headers: str) -> requests.Response:
        return check_answer(self.http.post(f"{self.url}/v1{path}", json=body, headers=named(headers), timeout=SECONDS))

    def raw(self, path: str, content: bytes, **headers: str) -> requests.Response:
        """Bytes that need not be JSON."""
        sent = {"Content-Type": "application/json", **named(headers)}
        return check_answer(self.http.post(f"{self.url}/v1{path}", data=content, headers=sent, timeout=SECONDS))

    def sign_in(self, barcode: str, pin: str = "1234") -> Line:
        answer = self.post("/sign-in", {"card": {"kind": "barcode", "value": barcode}, "pin": pin})
        assert answer.status_code == 200, answer.text
        found: Line = answer.json()
        return found

    def token(self, barcode: str, pin: str = "1234") -> str:
        answer = self.sign_in(barcode, pin)
        assert answer["outcome"] == "signed_in", answer
        return str(answer["token"])

    def batch(self, operations: Sequence[Line], token: str | None = None) -> list[Line]:
        """Carry out operations; the lines as they came."""
        headers = {"Library_Session": token} if token is not None else {}
        body = {"rules": 1, "patron": None, "operations": list(operations)}
        answer = self.post("/operations", body, **headers)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("application/x-ndjson")
        return [json.loads(line) for line in answer.content.splitlines()]

    def do(self, action: str, item: str, token: str | None = None, id_: str | None = None) -> Line:
        """Carry out one operation."""
        (line,) = self.batch([operation(action, item, id_)], token)
        return line

    def settle(self, id_: str) -> Line:
        answer = self.post(f"/operations/{id_}/settle")
        assert answer.status_code == 200, answer.text
        found: Line = answer.json()
        return found


class Staff:
    """A member of staff, or a program that acts for one: a token and a connection."""

    def __init__(self, url: str, name: str, token: str | None = None) -> None:
        self.url, self.name, self.token = url, name, token
        self.http = requests.Session()
        self.http.trust_env = False
        if token is not None:
            self.http.headers["Authorization"] = f"Bearer {token}"

    def ask(self, method: str, path: str, body: object = None, **query: str) -> requests.Response:
        """Any request; ``path`` begins after /v1/staff."""
        url = f"{self.url}/v1/staff{path}"
        return check_answer(self.http.request(method, url, json=body, params=query, timeout=SECONDS))

    def get(self, path: str, **query: str) -> requests.Response:
        return self.ask("GET", path, **query)

    def post(self, path: str, body: object = None, **query: str) -> requests.Response:
        return self.ask("POST", path, body, **query)

    def raw(self, path: str, content: bytes, content_type: str, **query: str) -> requests.Response:
        """Bytes that need not be JSON."""
        url, headers = f"{self.url}/v1/staff{path}", {"Content-Type": content_type}
        return check_answer(self.http.post(url, data=content, params=query, headers=headers, timeout=SECONDS))

    def told(self, method: str, path: str, body: object = None, **query: str) -> Line:
        """The answer's document, where the request is right."""
        answer = self.ask(method, path, body, **query)
        assert answer.status_code in (200, 201), answer.text
        found: Line = answer.json()
        return found


def named(headers: dict[str, str]) -> dict[str, str]:
    """Header names as keywords can write them."""
    return {name.replace("_", "-"): value for name, value in headers.items()}


def operation(action: str, item: str, id_: str | None = None) -> Line:
    """One operation with an id of its own."""
    return {"id": id_ or str(uuid4()), "action": action, "item": item}


def codes(line: Line) -> list[str]:
    """Every reason of a refusal, by code."""
    return [reason["code"] for reason in line["all_reasons"]]


class Central:
    """A running service and the machines enrolled with it."""

    def __init__(self, service: Service, url: str) -> None:
        self.service, self.url = service, url
        self._machines: list[Machine] = []
        self._staff: list[Staff] = []

    def machine(self, branch: str = "N1") -> Machine:
        """Enrol a machine as a machine does it."""
        code = machines.new_code(self.service, branch)
        body = {"code": code, "name": f"machine {branch}", "version": "1.0"}
        answer = requests.post(f"{self.url}/v1/enrol", json=body, timeout=SECONDS)
        assert answer.status_code == 200, answer.text
        return self.known(answer.json()["key"], branch)

    def known(self, key: str, branch: str = "N1") -> Machine:
        """A machine that has a key, right or wrong."""
        machine = Machine(self.url, key, branch)
        self._machines.append(machine)
        return machine

    def staff(self, *roles: str, name: str | None = None, branch: str = "N1", may_override: bool = False) -> Staff:
        """A new member of staff with these roles, signed in at a branch."""
        name = name or f"staff-{len(self._staff)}"
        staffing.create(self.service, "test", name, STAFF_PASSWORD, roles, may_override=may_override)
        signed_in = self.stranger(name).told(
            "POST", "/sign-in", {"name": name, "password": STAFF_PASSWORD, "branch": branch}
        )
        return self.stranger(name, signed_in["token"])

    def stranger(self, name: str = "nobody", token: str | None = None) -> Staff:
        """Somebody who has a token, right or wrong, or none."""
        staff = Staff(self.url, name, token)
        self._staff.append(staff)
        return staff

    def close(self) -> None:
        both: list[Machine | Staff] = [*self._machines, *self._staff]
        for one in both:
            one.http.close()


_FREE: list[FastAPI] = []  # applications nobody serves now: making one takes longer than most tests


@contextmanager
def _application(service: Service, ring: Callable[[], None]) -> Iterator[FastAPI]:
    """The shipped application around a service."""
    app = _FREE.pop() if _FREE else make_app(service, ring)
    parts: tuple[Any, ...] = (app, *(route.app for route in app.routes if isinstance(route, Mount)))
    for part in parts:
        part.state.service, part.state.ring = service, ring
    try:
        yield app
    finally:
        for part in parts:
            part.state.service = None
        _FREE.append(app)


@contextmanager
def serving(service: Service, ring: Callable[[], None] = nobody) -> Iterator[Central]:
    """Serve until the end of the block, on a free port; ``ring`` wakes the scheduler of this process."""
    with listen("127.0.0.1", 0) as listening, _application(service, ring) as app:
        # asyncio's own loop: uvloop keeps a pipe open for the life of the process, which looks like a leak
        config = uvicorn.Config(app, log_config=None, access_log=False, loop="asyncio")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="service under test")
        thread.start()
        central = Central(service, f"http://127.0.0.1:{listening.getsockname()[1]}")
        try:
            wait_for(lambda: server.started, 20, "the service listens")
            yield central
        finally:
            central.close()
            server.should_exit = True
            thread.join(20)


def together(*calls: Any) -> list[Any]:
    """Call all at once, each in a thread of its own; what each returned, in order."""
    gate = threading.Barrier(len(calls))
    found: list[Any] = [None] * len(calls)

    def one(number: int) -> None:
        gate.wait(SECONDS)
        found[number] = calls[number]()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    return found


@contextmanager
def server_process(
    env: Mapping[str, str], folder: Path, more: Sequence[str] = ()
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """``circulation serve`` as a process until the end of the block, unless it is killed before; its address."""
    ready, log = folder / "ready.json", folder / "log"
    command = [sys.executable, "-m", "circulation", "serve", "--port", "0", "--ready-file", str(ready), *more]
    with log.open("wb") as out:
        server = subprocess.Popen(command, env={**os.environ, **env}, stdout=out, stderr=out)
    try:
        wait_for(lambda: ready.exists() or server.poll() is not None, 60, "the service listens")
        assert server.poll() is None, log.read_text()
        yield json.loads(ready.read_text())["url"], server
    finally:
        server.terminate()
        server.wait(20)
