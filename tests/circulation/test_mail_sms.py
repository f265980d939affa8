"""Text messages by a gateway: a real HTTP server that takes them, refuses them or does not answer (R49, R74)."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import trustme

from circulation.notices.channels.pace import Pace
from circulation.notices.channels.sms import FORM, GET, JSON, POST, Gateway, Sms
from circulation.notices.channels.trouble import Stage, Trouble
from circulation.notices.types import ADDRESS, MESSAGE, SERVER, SMS, Accepted, Lost, Message, Outcome, Refused
from tests.circulation.mailing import Seconds, message
from tests.circulation.scripted_server import SILENCE, scripted

pytestmark = [pytest.mark.requirement("R74"), pytest.mark.requirement("R49")]
FIELDS = {"to": "{to}", "message": {"text": "{text}", "parts": [1, "{key}"]}, "unicode": True}
FLAT = {"to": "{to}", "text": "{text}", "ref": "id-{key}"}


class Requests:
    """What a gateway was asked, and what it answers."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.status = 200
        self.body = b'{"id": "sms-77"}'
        self.headers: Mapping[str, str] = {}
        self.url = ""


@contextmanager
def gateway_server(tls: ssl.SSLContext | None = None) -> Iterator[Requests]:
    told = Requests()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            told.asked.append((self.command, self.path, dict(self.headers), content))
            self.send_response(told.status)
            for name, value in {"Content-Length": str(len(told.body)), **told.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(told.body)

        do_POST = do_GET = do_PUT = answer  # noqa: N815 - named by the standard library

        def log_message(self, *_: Any) -> None:
            """Nothing is told."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    told.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}/send"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        thread.join(30)
        server.server_close()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers of a test are on this computer, wherever others are asked for."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def server() -> Iterator[Requests]:
    with gateway_server() as running:
        yield running


def text_message(key: str = "m1", to: str = "+49 171 1234567", text: str = "Zwei Bücher sind fällig") -> Message:
    return message(key, to, channel=SMS, text=text)


def sent(url: str, *messages: Message, **more: Any) -> list[Outcome]:
    wanted = {"method": POST, "body": JSON, "fields": FIELDS, **more}
    rest = {name: wanted.pop(name) for name in ("patience", "heard", "per_minute", "times") if name in wanted}
    way = {"per_minute": 6000, "times": Seconds().times, "patience": 5.0, **rest}
    pace = Pace(way.pop("per_minute"), way.pop("times"))
    with Sms(Gateway(url, **wanted), pace, **way).opened() as line:
        outcomes = []
        for one in messages or (text_message(),):
            line.wait()
            outcomes.append(line.hand_over(one))
        return outcomes


# --- what is sent -----------------------------------------------------------------------------------------------------


def test_a_message_stands_where_its_places_are(server: Requests) -> None:
    assert sent(server.url, header=("Authorization", "Bearer geheim")) == [Accepted('200 {"id": "sms-77"}')]
    ((method, path, headers, content),) = server.asked
    assert (method, path, headers["Authorization"]) == ("POST", "/send", "Bearer geheim")
    assert headers["Content-Type"] == "application/json"
    text = {"text": "Zwei Bücher sind fällig", "parts": [1, "m1"]}
    assert json.loads(content) == {"to": "+491711234567", "message": text, "unicode": True}


@pytest.mark.parametrize("method", [POST, GET])
def test_a_form_is_sent_as_one(server: Requests, method: str) -> None:
    tricky = "50 % & mehr = „ja“ {key} 红\n+"
    (outcome,) = sent(server.url, text_message(text=tricky), method=method, body=FORM, fields=FLAT)
    assert isinstance(outcome, Accepted)
    ((asked, path, _, content),) = server.asked
    query = content.decode() if method == POST else urlsplit(path).query
    assert (asked, parse_qs(query)) == (method, {"to": ["+491711234567"], "text": [tricky], "ref": ["id-m1"]})


def test_what_an_address_asks_for_already_stays(server: Requests) -> None:
    sent(f"{server.url}?account=7", method=GET, body=FORM, fields=FLAT)
    assert parse_qs(urlsplit(server.asked[0][1]).query)["account"] == ["7"]


@pytest.mark.parametrize("body", [JSON, FORM])
def test_half_a_character_stops_nothing(server: Requests, body: str) -> None:
    (outcome,) = sent(server.url, text_message(text="\ud800 x"), body=body, fields=FLAT)
    assert isinstance(outcome, Accepted)


@pytest.mark.parametrize("to", ["", "call me", "mira@example.org", "110", "+49171\n1234567x"])
def test_what_is_no_number_reaches_no_gateway(server: Requests, to: str) -> None:
    assert sent(server.url, text_message(to=to)) == [Refused("notice.reply.not_a_number", True, ADDRESS)]
    assert server.asked == []


def test_no_more_leave_in_a_minute_than_allowed(server: Requests) -> None:
    seconds = Seconds()
    sent(server.url, *[text_message()] * 3, per_minute=6, times=seconds.times)
    assert seconds.slept == [10.0, 10.0]


# --- what is answered -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Accepted("200 said of …")),
        (202, Accepted("202 said of …")),
        *((status, Refused(f"{status} said of …", True, MESSAGE)) for status in (400, 413, 422)),
        *((status, Refused(f"{status} said of …", False, SERVER)) for status in (301, 302, 401, 402, 403, 404, 405)),
        *((status, Refused(f"{status} said of …", False, SERVER)) for status in (408, 429, 501, 503)),
        *((status, Lost(f"{status} said of …")) for status in (409, 500, 502, 504)),
    ],
)
def test_a_status_is_sorted(server: Requests, status: int, outcome: Outcome) -> None:
    server.status, server.body = status, b"said of +491711234567"
    server.headers = {"Location": server.url}
    assert sent(server.url) == [outcome]
    assert len(server.asked) == 1  # nothing is followed or tried again


def test_the_gateway_s_own_id_is_kept(server: Requests) -> None:
    assert sent(server.url, id_pattern=r'"id": "([^"]+)"') == [Accepted("200 sms-77")]


def test_an_answer_without_the_id_leaves_open_what_became_of_it(server: Requests) -> None:
    server.body = b"ERR 25"
    assert sent(server.url, id_pattern=r"OK (\d+)") == [Lost("notice.reply.garbled: 200 ERR 25")]


def test_only_the_statuses_of_the_gateway_mean_that_it_was_taken(server: Requests) -> None:
    server.status = 200
    assert sent(server.url, taken=frozenset({201})) == [Lost('200 {"id": "sms-77"}')]
    server.status = 201
    assert sent(server.url, taken=frozenset({201})) == [Accepted('201 {"id": "sms-77"}')]


def test_a_number_is_not_kept_without_its_plus_either(server: Requests) -> None:
    server.body = b"sent to 491711234567"
    assert sent(server.url) == [Accepted("200 sent to …")]


# --- what is not answered ---------------------------------------------------------------------------------------------


def test_a_gateway_that_is_not_there_has_not_taken_it() -> None:
    with gateway_server() as gone:
        url = gone.url
    heard: list[Trouble | None] = []
    reply = "notice.reply.unreachable: Connection refused"
    assert sent(url, heard=heard.append) == [Refused(reply, False, SERVER)]
    assert heard == [Trouble(Stage.CONNECT, reply)]


UNFINISHED = {
    "silence": SILENCE,
    "nothing": b"",
    "noise": b"not HTTP\r\n\r\n",
    "half a status": b"HTTP/1.1 2",
}


@pytest.mark.requirement("R67")
@pytest.mark.parametrize("answer", UNFINISHED.values(), ids=UNFINISHED)
def test_a_request_without_a_whole_answer_may_have_been_taken(answer: bytes) -> None:
    heard: list[Trouble | None] = []
    with scripted((b"", answer)) as odd:
        url = f"http://127.0.0.1:{odd.port}/"
        (outcome,) = sent(url, method=GET, body=FORM, fields=FLAT, patience=0.3, heard=heard.append)
    assert isinstance(outcome, Lost)
    assert outcome.why.startswith("notice.reply.unanswered")
    assert heard == [None]


@pytest.mark.parametrize(("pattern", "outcome"), [(None, Accepted("200 half")), ("id=(.*)", Lost)])
def test_an_answer_that_breaks_off_is_taken_for_what_its_status_says(pattern: str | None, outcome: object) -> None:
    with scripted((b"", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf")) as odd:
        url = f"http://127.0.0.1:{odd.port}/"
        (found,) = sent(url, method=GET, body=FORM, fields=FLAT, id_pattern=pattern)
    assert outcome in (found, type(found))


def test_a_refusal_that_breaks_off_is_a_refusal() -> None:
    with scripted((b"", b"HTTP/1.1 401 Who\r\nContent-Length: 50\r\n\r\nhalf")) as odd:
        (outcome,) = sent(f"http://127.0.0.1:{odd.port}/", method=GET, body=FORM, fields=FLAT)
    assert isinstance(outcome, Refused)
    assert (outcome.reply.startswith("401"), outcome.permanent, outcome.about) == (True, False, SERVER)


def test_a_refused_sign_in_is_trouble_of_the_gateway_and_its_end_is_told(server: Requests) -> None:
    heard: list[Trouble | None] = []
    server.status, server.body = 401, b"wrong token"
    sent(server.url, heard=heard.append)
    server.status = 200
    sent(server.url, heard=heard.append)
    assert heard == [Trouble(Stage.SIGN_IN, "401 wrong token"), None]


def test_a_gateway_nothing_was_sent_by_is_not_told_of(server: Requests) -> None:
    heard: list[Trouble | None] = []
    sent(server.url, text_message(to="nobody"), heard=heard.append)
    assert heard == []


# --- encryption -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "ours"), [("127.0.0.1", True), ("other.example", True), ("127.0.0.1", False)])
def test_nothing_is_sent_to_whoever_cannot_prove_who_they_are(name: str, ours: bool) -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    heard: list[Trouble | None] = []
    with gateway_server(context) as server:
        trusted = authority.cert_pem.bytes().decode() if ours else None
        (outcome,) = sent(server.url, authority=trusted, header=("X-Key", "geheim"), heard=heard.append)
    if ours and name == "127.0.0.1":
        assert (isinstance(outcome, Accepted), heard) == (True, [None])
    else:
        assert isinstance(outcome, Refused)
        assert (outcome.reply.startswith("notice.reply.tls"), outcome.permanent, server.asked) == (True, False, [])
        assert heard == [Trouble(Stage.TLS, outcome.reply)]
