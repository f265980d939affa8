"""Text messages by a gateway that takes one HTTP request for each (R49, R74): any that can be described by ``Gateway``.

What was said to a whole request tells what became of it; without an answer nobody knows. Not responsible for where the
gateways are kept (gateways).
"""

from __future__ import annotations

import http.client
import json
import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from circulation.notices.addresses import telephone_number
from circulation.notices.channels.keys import key_of
from circulation.notices.channels.pace import Pace
from circulation.notices.channels.replies import ours, told
from circulation.notices.channels.trouble import Heard, Stage, Trouble, to_nobody, trusting, why
from circulation.notices.types import ADDRESS, MESSAGE, SERVER, Accepted, Lost, Message, Outcome, Refused, nothing

BODIES = JSON, FORM = "json", "form"
METHODS = POST, PUT, GET = "POST", "PUT", "GET"
_CONTENT_TYPES = {JSON: "application/json", FORM: "application/x-www-form-urlencoded"}
_PLACE = re.compile(r"\{(to|text|key)\}")
_MOST_READ = 65536  # octets of an answer
_TAKEN = range(200, 300)
_SIGN_IN = frozenset({401, 402, 403, 407})  # the account there is wrong, closed or empty
_UNFIT = frozenset({400, 413, 414, 415, 422, 431})
_UNKNOWN = frozenset({409, 500, 502, 504, 520, 522, 524})  # somebody behind may have taken it


@dataclass(frozen=True, slots=True)
class Gateway:
    """What a gateway wants to be sent, and how it says that it has taken a message.

    Attributes:
        body: "json", or "form" (with GET: behind the address).
        fields: what is sent; {to}, {text} and {key} in its texts stand for number, text and key of the message.
        header: name and value that prove who we are, None = nothing does.
        taken: statuses that mean it was taken, empty = any 2xx.
        id_pattern: regular expression whose first group is the gateway's own id in its answer; an answer it does not
            fit leaves open what became of the message. None = the status alone tells.
    """

    url: str
    method: str
    body: str
    fields: Mapping[str, Any]
    header: tuple[str, str] | None = field(default=None, repr=False)
    taken: frozenset[int] = frozenset()
    id_pattern: str | None = None
    authority: str | None = field(default=None, repr=False)


class Sms:
    """A gateway as a way for messages.

    Args:
        gateway: which.
        pace: how fast they follow each other.
        patience: seconds for each step of a request.
        heard: told after each use whether the gateway could be used, None = it could; not told if it was not tried.
    """

    def __init__(self, gateway: Gateway, pace: Pace, patience: float = 30.0, heard: Heard = to_nobody) -> None:
        self._gateway = gateway
        self._pace = pace
        self._patience = patience
        self._heard = heard

    @contextmanager
    def opened(self) -> Iterator[SmsLine]:
        """A line; each message is a request of its own."""
        line = SmsLine(self._gateway, self._pace, self._patience)
        try:
            yield line
        finally:
            if line.tried:
                self._heard(line.trouble)


class SmsLine:
    """Requests, one after another.

    Attributes:
        tried: whether there was anything to send.
        trouble: why nothing could be sent when it was last tried.
    """

    def __init__(self, gateway: Gateway, pace: Pace, patience: float) -> None:
        self._gateway, self._pace, self._patience = gateway, pace, patience
        self._opener = build_opener(_NoRedirects, HTTPSHandler(context=trusting(gateway.authority)))
        self.tried = False
        self.trouble: Trouble | None = None

    def wait(self) -> None:
        """Wait until the next message may leave."""
        self._pace.wait()

    def hand_over(self, message: Message, meanwhile: Callable[[], None] = nothing) -> Outcome:
        """Hand one over."""
        number = telephone_number(message.to)
        if number is None:
            return Refused(ours("not_a_number"), True, ADDRESS)
        request = _request(self._gateway, {"to": number, "text": message.text, "key": key_of(message)})
        self.tried = True
        stage, outcome = self._sent(request, number)
        of_us = isinstance(outcome, Refused) and outcome.about == SERVER
        self.trouble = Trouble(stage, outcome.reply) if of_us and isinstance(outcome, Refused) else None
        return outcome

    def _sent(self, request: Request, number: str) -> tuple[Stage, Outcome]:
        try:
            with self._opener.open(request, timeout=self._patience) as answer:
                return Stage.CONTENT, self._meaning(answer.status, answer.read(_MOST_READ), number)
        except HTTPError as error:
            with error:
                return _stage(error.code), self._meaning(error.code, _read(error), number)
        except URLError as error:  # before the whole request was sent
            failed = isinstance(error.reason, ssl.SSLError)
            code = "tls" if failed else "unreachable"
            return Stage.TLS if failed else Stage.CONNECT, Refused(ours(code, why(error.reason)), False, SERVER)
        except (OSError, http.client.HTTPException) as error:
            return Stage.CONTENT, Lost(ours("unanswered", why(error)))

    def _meaning(self, status: int, content: bytes, number: str) -> Outcome:
        gateway = self._gateway
        text = content.decode("utf-8", "replace")
        reply = told(f"{status} {text}", number, number.lstrip("+"))
        if status not in (gateway.taken or _TAKEN):
            return _refused(status, reply)
        if gateway.id_pattern is None:
            return Accepted(reply)
        found = re.search(gateway.id_pattern, text)
        return Accepted(told(f"{status} {found[1]}")) if found is not None else Lost(ours("garbled", reply))


def _request(gateway: Gateway, values: Mapping[str, str]) -> Request:
    fields = _filled(gateway.fields, values)
    url, content = gateway.url, None
    if gateway.body == JSON:
        content = json.dumps(fields).encode()
    elif gateway.method == GET:
        url = f"{url}{'&' if '?' in url else '?'}{urlencode(fields, errors='replace')}"
    else:
        content = urlencode(fields, errors="replace").encode("ascii")
    headers = {"Content-Type": _CONTENT_TYPES[gateway.body]} if content is not None else {}
    if gateway.header is not None:
        headers[gateway.header[0]] = gateway.header[1]
    return Request(url, content, headers, method=gateway.method)


def _filled(part: Any, values: Mapping[str, str]) -> Any:
    """The fields with a message in the places for it; what a message says is never taken for a place."""
    if isinstance(part, str):
        return _PLACE.sub(lambda place: values[place[1]], part)
    if isinstance(part, Mapping):
        return {name: _filled(value, values) for name, value in part.items()}
    if isinstance(part, list):
        return [_filled(value, values) for value in part]
    return part


def _refused(status: int, reply: str) -> Outcome:
    if status in _UNKNOWN or status in _TAKEN:
        return Lost(reply)
    if status in _UNFIT:
        return Refused(reply, True, MESSAGE)
    return Refused(reply, False, SERVER)


def _stage(status: int) -> Stage:
    return Stage.SIGN_IN if status in _SIGN_IN else Stage.CONTENT


def _read(error: HTTPError) -> bytes:
    """What was said with a refusal; its status alone tells enough."""
    try:
        return error.read(_MOST_READ)
    except (OSError, http.client.HTTPException):
        return b""


class _NoRedirects(HTTPRedirectHandler):
    """Who we are is told to the gateway and to nobody else."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Not followed: the answer is a refusal."""
