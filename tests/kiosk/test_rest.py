"""The REST client against a server that misbehaves: every answer is a value of ours or an error of ours."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk.central import api
from kiosk.central.rest import RestApi, check_url

BATCH = api.Batch(
    tuple(api.Operation(f"00000000-0000-0000-0000-00000000000{n}", api.Action.CHECKOUT, str(n)) for n in range(3)),
    "token",
    "patron",
    1,
)
DONE = {"outcome": "done", "action": "checkout", "item": "0", "due": "2026-06-29", "was_on_loan": False}
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@contextmanager
def _server(answer: bytes) -> Iterator[str]:
    """A server that sends these bytes to whoever asks, then closes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(5)

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(5)
                    try:
                        connection.recv(65536)
                        connection.sendall(answer)
                    except OSError:
                        continue

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


@contextmanager
def _client(answer: bytes) -> Iterator[RestApi]:
    with _server(answer) as url:
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


def test_a_line_for_an_operation_nobody_asked_about_is_passed_over() -> None:
    with _client(_lines({"id": "somebody-else", **DONE})) as client:
        assert set(dict(client.run(BATCH))) == {operation.id for operation in BATCH.operations}


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


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=300))
def test_any_bytes_in_the_body_are_a_value_or_an_error_of_ours(body: bytes) -> None:
    with _client(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body) as client:
        with suppress(api.CentralError):
            client.rules(None)
        assert len(dict(client.run(BATCH))) == 3


@pytest.mark.parametrize(
    ("url", "right"),
    [
        ("http://127.0.0.1:80", True),
        ("http://localhost", True),
        ("https://library.example", True),
        ("http://library.example", False),
        ("ftp://x", False),
        ("nonsense", False),
    ],
)
def test_plain_http_stays_on_this_computer(url: str, right: bool) -> None:
    assert (check_url(url) is None) is right
