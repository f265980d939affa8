"""The REST client against a server that misbehaves: every answer is a value of ours or an error of ours."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import trustme
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.central import api
from kiosk.central.reading import Fields, sign_in
from kiosk.central.rest import RestApi, check_url
from tests.generated import examples
from tests.kiosk.wires import always, document, serving, silence
from tests.waiting import wait_for

BATCH = api.Batch(
    tuple(api.Operation(f"00000000-0000-0000-0000-00000000000{n}", api.Action.CHECKOUT, str(n)) for n in range(3)),
    "token",
    "patron",
    1,
)
DONE = {"outcome": "done", "action": "checkout", "item": "0", "due": "2026-06-29", "was_on_loan": False}
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@contextmanager
def _client(answer: bytes) -> Iterator[RestApi]:
    with serving(always(answer)) as url:
        client = RestApi(url, "key")
        try:
            yield client
        finally:
            client.close()


def _lines(*lines: object) -> bytes:
    """A stream that is cut after these lines."""
    body = b"".join(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines)
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body) + body + b"\r\n"


def test_a_cut_stream_leaves_only_the_rest_unknown() -> None:
    first = BATCH.operations[0].id
    with _client(_lines({"id": first, **DONE})) as client:
        found = dict(client.run(BATCH))
    assert isinstance(found[first], api.Done)
    assert [type(found[operation.id]) for operation in BATCH.operations[1:]] == [api.Unknown, api.Unknown]


@pytest.mark.parametrize(
    "line",
    [
        b'{"id": "half',
        b"\xff\xfe\n",
        b"[]\n",
        b"null\n",
        b'{"id": 5}\n',
        {"id": BATCH.operations[0].id, "outcome": "maybe"},
    ],
)
def test_a_line_that_is_none_leaves_everything_unknown(line: object) -> None:
    with _client(_lines(line)) as client:
        found = dict(client.run(BATCH))
    assert all(isinstance(outcome, api.Unknown) for outcome in found.values())
    assert len(found) == 3


@pytest.mark.parametrize(
    "wrong",
    [{"id": "somebody-else"}, {"item": "999"}, {"action": "return"}, {"due": None}, {"due": "soon"}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_line_about_something_else_than_was_asked_is_not_trusted_and_nothing_after_it(wrong: dict[str, str]) -> None:
    first, second = BATCH.operations[:2]
    true = {"id": second.id, **DONE, "item": "1"}
    with _client(_lines({"id": first.id, **DONE, **wrong}, true)) as client:
        found = dict(client.run(BATCH))
    assert [type(found[operation.id]) for operation in BATCH.operations] == [api.Unknown] * 3


def test_the_same_line_twice_is_not_trusted_the_second_time() -> None:
    line = {"id": BATCH.operations[0].id, **DONE}
    with _client(_lines(line, line)) as client:
        found = list(client.run(BATCH))
    assert [type(outcome) for _, outcome in found] == [api.Done, api.Unknown, api.Unknown]


def test_each_outcome_is_there_as_soon_as_its_line_has_arrived() -> None:
    taken = threading.Event()

    def answer(line: socket.socket, _: bytes) -> None:
        line.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        for operation in BATCH.operations:
            taken.clear()
            row = json.dumps({"id": operation.id, **DONE, "item": operation.item}).encode() + b"\n"
            line.sendall(b"%x\r\n" % len(row) + row + b"\r\n")
            assert taken.wait(5)
        line.sendall(b"0\r\n\r\n")

    with serving(answer) as url:
        client = RestApi(url, "key")
        found = []
        for _, outcome in client.run(BATCH):
            found.append(outcome)
            taken.set()
        client.close()
    assert [type(outcome) for outcome in found] == [api.Done] * 3


def test_an_operation_the_service_cannot_take_is_unknown_and_says_why() -> None:
    with _client(_lines({"id": BATCH.operations[0].id, "outcome": "error", "error": "operation_reused"})) as client:
        (_, outcome), *_ = client.run(BATCH)
    assert outcome == api.Unknown("answered: operation_reused")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"garbage",
        b"HTTP/1.1 500 no\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{",
        HEAD + b"Content-Length: 2\r\n\r\n[]",
        HEAD + b"Content-Length: 4\r\n\r\nnull",
        HEAD + b"Content-Length: 8\r\n\r\n" + b"\xff" * 8,
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\n<html>",
    ],
)
def test_what_is_no_answer_of_ours_is_unreachable(answer: bytes) -> None:
    with _client(answer) as client:
        for ask in (
            lambda: client.account("token"),
            lambda: client.sign_in(api.CardIdentifier("uid", "04"), "1234"),
            lambda: client.look_up(("1",)),
            lambda: client.settle(BATCH.operations[0].id),
        ):
            with pytest.raises(api.CentralUnreachable):
                ask()


def test_a_refusal_of_the_service_carries_its_code() -> None:
    body = b'{"error": "session_ended", "detail": "please sign in again"}'
    answer = b"HTTP/1.1 401 x\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with _client(answer) as client, pytest.raises(api.CentralRejected) as caught:
        client.account("token")
    assert caught.value.code == "session_ended"


def test_nobody_there_is_unreachable_and_says_nothing_personal() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    client = RestApi(f"http://127.0.0.1:{port}", "key")
    with pytest.raises(api.CentralUnreachable) as caught:
        client.sign_in(api.CardIdentifier("barcode", "20000000000014"), "4711")
    client.close()
    assert "20000000000014" not in str(caught.value)
    assert "4711" not in str(caught.value)


@settings(max_examples=examples(30))
@given(st.binary(max_size=300))
def test_any_bytes_in_the_body_are_a_value_or_an_error_of_ours(body: bytes) -> None:
    with _client(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body) as client:
        with suppress(api.CentralError):
            client.rules(None)
        assert len(dict(client.run(BATCH))) == 3


@settings(max_examples=examples(40))
@given(st.binary(max_size=60).filter(lambda raw: b"\n" not in raw), st.integers(100, 599))
def test_any_bytes_in_the_headers_and_any_status_are_a_value_or_an_error_of_ours(value: bytes, status: int) -> None:
    head = b"HTTP/1.1 %d x\r\nLibrary-Time: 2026-11-25T10:00:00+00:00\r\nLibrary-Rules: %b\r\nETag: %b\r\n"
    with _client(head % (status, value, value) + b"Content-Length: 2\r\n\r\n{}") as client:
        with suppress(api.CentralError):
            client.rules(None)
        with suppress(api.CentralRejected):
            assert len(dict(client.run(BATCH))) == 3


@pytest.mark.parametrize("number", ["\xb2", "-1", "9" * 5000, "1.0", ""])
def test_a_rule_set_number_that_is_none_is_none(number: str) -> None:
    heard: list[int | None] = []
    answer = document({"status": "ok", "version": "1"}, Library_Time="2026-11-25T10:00:00Z", Library_Rules=number)
    with serving(always(answer)) as url:
        client = RestApi(url, "key", heard=lambda clock, rules: heard.append(rules))
        client.health()
        client.close()
    assert heard == [None]


def test_a_request_in_hand_is_ended_from_another_thread_and_none_follows() -> None:
    ended: list[Exception] = []
    asked = threading.Event()

    def answer(line: socket.socket, request: bytes) -> None:
        asked.set()
        silence(line, request)

    with serving(answer) as url:
        client = RestApi(url, "key")

        def ask() -> None:
            try:
                client.account("token")
            except api.CentralUnreachable as error:
                ended.append(error)

        thread = threading.Thread(target=ask)
        thread.start()
        assert asked.wait(5)
        client.abort()
        wait_for(lambda: ended)
        thread.join()
        with pytest.raises(api.CentralUnreachable):
            client.health()
        client.close()


def _tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def test_only_the_configured_authority_is_trusted(tmp_path: Path) -> None:
    ours, other = trustme.CA(), trustme.CA()
    ours.cert_pem.write_to_path(str(tmp_path / "ours.pem"))
    other.cert_pem.write_to_path(str(tmp_path / "other.pem"))
    (tmp_path / "garbage.pem").write_bytes(b"no certificate")
    with serving(always(document({"status": "ok", "version": "1.2"})), _tls(ours)) as url:
        client = RestApi(url, "key", tmp_path / "ours.pem")
        assert client.health() == "1.2"
        client.close()
        for file, why in (("other", "SSL"), ("garbage", "Error"), ("missing", "OSError")):
            client = RestApi(url, "key", tmp_path / f"{file}.pem")
            with pytest.raises(api.CentralUnreachable, match=why):
                client.health()
            client.close()


@pytest.mark.parametrize(
    ("url", "right"),
    [
        ("http://127.0.0.1:80", True),
        ("http://localhost", True),
        ("https://library.example", True),
        ("http://library.example", False),
        ("ftp://x", False),
        ("nonsense", False),
        ("http://[::1]:8080", True),
        ("http://[::1", False),
        ("http://127.0.0.1:99999", False),
        ("https://user:word@library.example", False),
        ("https://library.example/?x", False),
        ("https://library .example", False),
        ("https://", False),
    ],
)
def test_plain_http_stays_on_this_computer(url: str, right: bool) -> None:
    assert (check_url(url) is None) is right


@pytest.mark.parametrize(("told", "mail"), [({"mail": True}, True), ({"mail": False}, False), ({}, None)])
def test_whether_a_receipt_can_be_mailed_is_what_the_centre_says(told: dict[str, object], mail: bool | None) -> None:
    said = {"outcome": "signed_in", "token": "t", "patron": "p", "first_name": "Ada", "loans": 0, "notices": []}
    found = sign_in(Fields({**said, **told}, "sign-in"))
    assert isinstance(found, api.PatronSession)
    assert found.mail is mail
    with pytest.raises(api.CentralUnreachable):
        sign_in(Fields({**said, "mail": "mira@example.org"}, "sign-in"))
