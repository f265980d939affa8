"""The central service over HTTP: the only place that imports requests.

Responsible for requests, time-outs and for turning everything that is no trustworthy answer into CentralUnreachable or
Unknown. Nothing personal is logged or put into an exception. Not responsible for threads (worker) or shapes (reading).
"""

from __future__ import annotations

import base64
import ipaddress
import json
import logging
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakSet

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from kiosk.central import api
from kiosk.central.reading import ANSWERED, Fields, account, item_list, item_state, line, outcome, published, sign_in

# Its warnings quote what a server sent, and a log must hold nothing personal.
logging.getLogger("urllib3").setLevel(logging.ERROR)

API_VERSION = "1"
SESSION = "Library-Session"
CONNECT_SECONDS = 3.0
READ_SECONDS = 20.0
MOST_LINE = 1_000_000
MOST_DIGITS = 9  # of the rule set's number in a header
MOST_ANSWER = 64_000_000  # bytes of one answer


def check_url(url: str) -> str | None:
    """What is wrong with the central service's address, None if nothing is: plain HTTP stays on this computer."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if not host or port == 0 or not host.isprintable() or " " in host or parts.scheme not in ("http", "https"):
        return "write the address as https://host or https://host:port"
    if parts.username is not None or parts.query or parts.fragment:
        return "write the address without a user, a question mark or a hash: https://host or https://host:port"
    if parts.scheme == "http" and not _is_loopback(host):
        return "plain http would carry PINs in the clear: use https, with [central] ca for an authority of your own"
    return None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _Line(HTTPAdapter):
    """Knows its open sockets, so that a request in hand can be ended from another thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._ended = False
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        opened = self._opened

        class Plain(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                opened(self.sock)

        class Secure(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                opened(self.sock)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}

    def _opened(self, opened: socket.socket | None) -> None:
        with self._lock:
            if opened is not None:
                self._sockets.add(opened)
            if self._ended:
                raise ConnectionAbortedError("ended")

    def end(self) -> None:
        """End what is under way, for good."""
        with self._lock:
            self._ended = True
            for opened in list(self._sockets):
                try:
                    socket.socket.shutdown(opened, socket.SHUT_RDWR)
                except OSError:
                    continue  # it is closed already


class RestApi:
    """``CirculationApi`` over HTTP. One connection, used by one thread.

    Args:
        url: of the service, without /v1.
        key: the machine's key; empty for enrolment.
        ca: certificate authority to verify with, None for the system's.
        heard: told the service's time, generation and live rule set with every answer.
    """

    def __init__(
        self,
        url: str,
        key: str,
        ca: Path | None = None,
        heard: Callable[[api.CentralClock, int | None], None] = lambda clock, rules: None,
    ) -> None:
        wrong = check_url(url)
        if wrong is not None:
            raise ValueError(wrong)
        self._root = url.rstrip("/") + "/v1"
        self._heard = heard
        self._http = requests.Session()
        self._line = _Line()
        self._http.mount("http://", self._line)
        self._http.mount("https://", self._line)
        self._http.trust_env = False
        self._http.verify = str(ca) if ca is not None else True
        self._http.headers.update({"Library-Api": API_VERSION})
        if key:
            self._http.headers["Authorization"] = f"Bearer {key}"

    def abort(self) -> None:
        """End the request in hand and every later one, from any thread: they are unreachable at once."""
        self._line.end()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    # --- requests ---

    def _send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: object = None,
        stream: bool = False,
    ) -> Any:
        """One request.

        Raises:
            CentralUnreachable: no answer, a failure of the service, or no answer of ours.
            CentralRejected: the service says why it does not serve this.
        """
        try:
            answer = self._http.request(
                method,
                self._root + path,
                json=body,
                headers=dict(headers or {}),
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                stream=True,
                allow_redirects=False,
            )
        except (OSError, UnicodeError, ValueError) as error:  # requests raises OSError itself for a missing authority
            raise api.CentralUnreachable(type(error).__name__) from None
        try:
            self._note(answer)
            if answer.status_code in (200, 204, 304):
                return answer if stream else self._whole(answer)
            raise self._problem(answer)
        finally:
            if not stream or answer.status_code != 200:
                answer.close()

    def _whole(self, answer: requests.Response) -> tuple[int, str, object]:
        """Status, ETag and JSON of an answer."""
        raw = bytearray()
        try:
            for piece in answer.iter_content(65536):
                raw += piece
                if len(raw) > MOST_ANSWER:
                    raise api.CentralUnreachable("the answer is too large")
            body = json.loads(raw) if raw else None
        except (OSError, ValueError, RecursionError) as error:
            raise api.CentralUnreachable(f"the answer cannot be read ({type(error).__name__})") from None
        return answer.status_code, answer.headers.get("ETag", ""), body

    def _problem(self, answer: requests.Response) -> api.CentralError:
        if answer.status_code >= 500:
            return api.CentralUnreachable(f"status {answer.status_code}")
        try:
            fields = Fields(self._whole(answer)[2], "problem")
            return api.CentralRejected(fields.get("error", str), fields.get("detail", str))
        except api.CentralUnreachable:
            return api.CentralUnreachable(f"status {answer.status_code}, and not from the library's service")

    def _note(self, answer: requests.Response) -> None:
        try:
            told = datetime.fromisoformat(answer.headers["Library-Time"])
            clock = api.CentralClock(told, answer.headers.get("Library-Generation", ""), time.monotonic())
        except (KeyError, ValueError):
            return
        rules = answer.headers.get("Library-Rules", "")
        known = rules.isascii() and rules.isdecimal() and len(rules) <= MOST_DIGITS
        if told.tzinfo is not None:
            self._heard(clock, int(rules) if known else None)

    def _get(self, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, str, object]:
        answer: tuple[int, str, object] = self._send("GET", path, headers)
        return answer

    def _post(self, path: str, body: object) -> Fields:
        return Fields(self._send("POST", path, body=body)[2], path)

    # --- the protocol ---

    def health(self) -> str:
        """Version of the service; needs no key."""
        return Fields(self._get("/health")[2], "health").get("version", str)

    def enrol(self, code: str, name: str, version: str) -> dict[str, Any]:
        """A one-time code for a machine key and what else a new machine needs."""
        fields = self._post("/enrol", {"code": code, "name": name, "version": version})
        texts = ("machine", "key", "branch", "branch_name", "library", "timezone", "currency", "server_public_key")
        return {**{name: fields.get(name, str) for name in texts}, "owner": fields.get("owner", list)}

    def sign_in(self, card: api.CardIdentifier, pin: str) -> api.PatronSession | api.SignInRefused:
        """Card and PIN."""
        return sign_in(self._post("/sign-in", {"card": {"kind": card.kind, "value": card.value}, "pin": pin}))

    def sign_out(self, session: str) -> None:
        """End a session."""
        self._send("POST", "/sign-out", {SESSION: session})

    def run(self, batch: api.Batch) -> Iterator[tuple[api.OperationId, api.Outcome]]:
        """Send a batch; see ``CirculationApi.run``."""
        body = {
            "rules": batch.rules,
            "patron": batch.patron,
            "operations": [asdict(operation) for operation in batch.operations],
        }
        session = {SESSION: batch.session} if batch.session is not None else {}
        waiting = {operation.id: operation for operation in batch.operations}
        why = "the answer ended early"
        try:
            answer = self._send("POST", "/operations", session, body, stream=True)
            with answer:
                for raw in _lines(answer):
                    operation, found = line(_parsed(raw), waiting)
                    del waiting[operation]
                    yield operation, found
        except (OSError, ValueError, api.CentralUnreachable) as error:
            why = str(error) if isinstance(error, api.CentralUnreachable) else type(error).__name__
        for operation in waiting:
            yield operation, api.Unknown(why)

    def settle(self, operation: api.OperationId) -> api.Done | api.Refused:
        """The recorded outcome, or "abandoned"."""
        found = outcome(self._post(f"/operations/{operation}/settle", None))
        if isinstance(found, api.Unknown):
            raise api.CentralRejected(found.why.removeprefix(ANSWERED), "this operation has no outcome")
        return found

    def account(self, session: str) -> api.Account:
        """Loans, items set aside, fees."""
        return account(Fields(self._get("/account", {SESSION: session})[2], "account"))

    def mail_receipt(self, session: str, receipt: api.OperationId, operations: tuple[api.OperationId, ...]) -> None:
        """Have a receipt of operations sent by e-mail."""
        self._send("POST", "/receipts", {SESSION: session}, {"id": receipt, "operations": list(operations)})

    def look_up(self, items: tuple[str, ...]) -> tuple[api.ItemState, ...]:
        """Fresh state of items. The instant of the answer is taken before asking, so that it is never too young."""
        asked = time.monotonic()
        fields = self._post("/items/look-up", {"items": list(items)})
        return tuple(item_state(each, asked) for each in fields.each("items"))

    def item_list(self, etag: str | None) -> api.ItemList | None:
        """The item list, None if unchanged."""
        status, found, body = self._get("/items", _known(etag))
        return None if status == 304 else item_list(Fields(body, "items"), found)

    def rules(self, etag: str | None) -> api.PublishedRules | None:
        """The rule set, None if unchanged."""
        status, found, body = self._get("/rules", _known(etag))
        if status == 304:
            return None
        if not isinstance(body, dict):
            raise api.CentralUnreachable("rules: an object was expected")
        return published(body, found)

    def heartbeat(self, report: api.HeartbeatReport) -> api.HeartbeatAnswer:
        """Tell how the machine is."""
        doubts = [{**asdict(doubt), "since": doubt.since.isoformat()} for doubt in report.doubts]
        body = {
            "version": report.version,
            "rules": report.rules,
            "devices": dict(report.devices),
            "doubts": doubts,
            "clock_trusted": report.clock_trusted,
        }
        cleared = self._post("/heartbeat", body).get("cleared", list)
        return api.HeartbeatAnswer(tuple(item for item in cleared if isinstance(item, str)))

    def resend(self, sealed: Mapping[api.OperationId, bytes]) -> Mapping[api.OperationId, api.Outcome]:
        """Hand back sealed requests after a restore."""
        operations = [{"id": key, "sealed": base64.b64encode(value).decode()} for key, value in sealed.items()]
        fields = self._post("/operations/resend", {"operations": operations})
        return {each.get("id", str): outcome(each) for each in fields.each("operations")}


def _lines(answer: requests.Response) -> Iterator[bytes]:
    """Lines as they arrive: a piece is never held back until more comes, and a cut one is no line."""
    pending = b""
    for piece in answer.iter_content(chunk_size=None):
        *lines, pending = (pending + piece).split(b"\n")
        yield from lines
        if len(pending) > MOST_LINE:
            raise api.CentralUnreachable("a line is too long")


def _known(etag: str | None) -> dict[str, str]:
    return {"If-None-Match": etag} if etag else {}


def _parsed(raw: bytes) -> Fields:
    try:
        return Fields(json.loads(raw), "line")
    except (ValueError, RecursionError):
        raise api.CentralUnreachable("a line is not JSON") from None
