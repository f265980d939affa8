"""What every answer has, what no request can do, and the documents machines hold."""

from __future__ import annotations

import json
import socket
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate
from sqlalchemy import update

from circulation.app import MOST_BODY
from circulation.store import circulating, house
from circulation.store import tables as t
from rules import published
from tests.circulation.document import document
from tests.circulation.running import Central, Machine, TestClock, codes, operation
from tests.circulation.world import World, rule
from tests.generated import examples

SHARED = settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])

# --- the document -----------------------------------------------------------------------------------------------------


def test_the_published_document_is_openapi() -> None:
    validate(document())


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/v1/health"),
        ("post", "/v1/enrol"),
        ("post", "/v1/sign-in"),
        ("post", "/v1/sign-out"),
        ("post", "/v1/operations"),
        ("post", "/v1/operations/{operation}/settle"),
        ("post", "/v1/operations/resend"),
        ("get", "/v1/account"),
        ("post", "/v1/items/look-up"),
        ("get", "/v1/items"),
        ("get", "/v1/rules"),
        ("post", "/v1/heartbeat"),
    ],
)
def test_every_answer_of_the_machine_api_has_a_schema(method: str, path: str) -> None:
    responses = document()["paths"][path][method]["responses"]
    assert {"401", "422", "426", "500"} <= set(responses)
    for status, response in responses.items():
        if status in ("204", "304"):
            continue
        (body,) = response["content"].values()
        assert body["schema"], f"{method} {path} {status}"


# --- headers ----------------------------------------------------------------------------------------------------------


def test_every_answer_tells_time_generation_and_rule_set(world: World, central: Central, clock: TestClock) -> None:
    world.rules()
    machine, stranger = central.machine(), central.known("wrong")
    with world.service.database.reading() as db:
        generation = house.installation(db).generation
    answers = [
        machine.get("/health"),
        machine.get("/items"),
        machine.post("/operations", {"rules": 1, "patron": None, "operations": [operation("return", world.item())]}),
        machine.post("/sign-in", {}),
        machine.get("/nothing-here"),
        machine.get("/sign-in"),
        machine.get("/items", Library_Api="9"),
        machine.raw("/sign-in", b"x" * (MOST_BODY + 1)),
        stranger.get("/items"),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 422, 404, 405, 426, 413, 401]
    for answer in answers:
        assert datetime.fromisoformat(answer.headers["Library-Time"]) == clock()
        assert answer.headers["Library-Generation"] == generation
        assert answer.headers["Library-Rules"] == "1"


@pytest.mark.parametrize("count", [1, 2])
def test_operations_tell_what_another_process_has_changed_since(world: World, machine: Machine, count: int) -> None:
    """The row they read anyway is told, of this request and no earlier one."""
    for number in (1, 2):
        assert world.rules() == number
        generation = str(uuid4())
        with world.service.database.writing() as db:
            db.execute(update(t.installation).values(generation=generation))
        returns = [operation("return", world.item()) for _ in range(count)]
        answer = machine.post("/operations", {"rules": 1, "patron": None, "operations": returns})
        assert [json.loads(line)["outcome"] for line in answer.content.splitlines()] == ["done"] * count
        told = [answer.headers[name] for name in ("Library-Rules", "Library-Generation")]
        assert told == [str(number), generation]


def test_an_error_nobody_foresaw_is_told_without_the_inside(
    world: World, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: Any) -> Any:
        raise RuntimeError("inside: patron Mira")

    monkeypatch.setattr(circulating, "item_records", failing)
    answer = machine.http.get(f"{machine.url}/v1/items", timeout=20)
    assert (answer.status_code, answer.json()["error"]) == (500, "failed")
    assert "Library-Time" in answer.headers
    assert "inside" not in answer.text
    assert "RuntimeError" not in answer.text


def test_a_body_of_unknown_length_is_refused(machine: Machine) -> None:
    def pieces() -> Any:
        yield b"{}"

    answer = machine.http.post(f"{machine.url}/v1/sign-in", data=pieces(), timeout=20)
    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")


# --- channel and branch -----------------------------------------------------------------------------------------------

FORGED: list[dict[str, Any]] = [
    {"channel": "desk"},
    {"branch": "N2"},
    {"machine": "another"},
    {"override": True},
    {"permission": "override"},
]


@pytest.mark.scenario("S5")
@pytest.mark.requirement("R83")
@pytest.mark.parametrize("forged", FORGED)
@pytest.mark.parametrize("inner", [False, True])
def test_a_forged_field_is_refused_wherever_it_stands(
    world: World, machine: Machine, forged: dict[str, Any], inner: bool
) -> None:
    world.rules(rule("no", "self_service.checkout", False))
    asked = operation("checkout", world.item())
    body: dict[str, Any] = {"rules": 1, "patron": None, "operations": [asked]}
    (asked if inner else body).update(forged)
    answer = machine.post("/operations", body, Library_Session=machine.token(world.patron()))
    assert (answer.status_code, answer.json()["error"]) == (422, "bad_request")
    assert world.open_loans() == []


@pytest.mark.requirement("R12")
@pytest.mark.requirement("R83")
def test_headers_and_queries_change_neither_channel_nor_branch(world: World, machine: Machine) -> None:
    world.rules(rule("no", "self_service.checkout", False, "N1"))
    headers = {"Library-Session": machine.token(world.patron()), "Library-Branch": "N2", "Library-Channel": "desk"}
    body = {"rules": 1, "patron": None, "operations": [operation("checkout", world.item())]}
    url = f"{machine.url}/v1/operations?branch=N2&channel=desk&override=true"
    answer = machine.http.post(url, json=body, headers=headers, timeout=20)
    line = json.loads(answer.content)
    assert codes(line) == ["self_service.checkout"]
    trace = world.operation_row(line["id"]).trace
    assert (trace["channel"], trace["branch"]) == ("kiosk", "N1")


# --- any bytes --------------------------------------------------------------------------------------------------------

BODIES = {
    "/sign-in": {"card": {"kind": "barcode", "value": "2"}, "pin": "1"},
    "/enrol": {"code": "A", "name": "x", "version": "1"},
    "/operations": {"rules": 1, "patron": None, "operations": [operation("return", "3")]},
    "/operations/resend": {"operations": [{"id": operation("return", "3")["id"], "sealed": "AA=="}]},
    "/items/look-up": {"items": ["3"]},
    "/heartbeat": {
        "version": "1",
        "rules": 1,
        "devices": {"pad": "up"},
        "doubts": [{"item": "3", "wanted": "armed", "last": None, "since": "2026-06-01T10:00:00Z"}],
        "clock_trusted": True,
    },
}
NASTY = [
    "'; DROP TABLE loan; --",
    '" OR ""="',
    "<script>alert(1)</script>",
    "\x00",
    "a\x00b",
    "\ud800",
    "‮",
    "\r\nLibrary-Rules: 9",
    "9" * 5000,
    "",
]


def texts(body: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where the texts of a body are."""
    if isinstance(body, str):
        return [path]
    pairs = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    return [found for key, value in pairs for found in texts(value, (*path, key))]


def changed(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy with another value at a place."""
    copy = json.loads(json.dumps(body))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return copy


@pytest.mark.parametrize("path", BODIES)
def test_nasty_texts_in_any_field_are_handled(world: World, central: Central, path: str) -> None:
    world.rules()
    machine = central.machine()
    for place in texts(BODIES[path]):
        for text in NASTY:
            answer = machine.raw(path, json.dumps(changed(BODIES[path], place, text)).encode())
            assert answer.status_code < 500, (place, text)
            if text in ("\x00", "\ud800", "") and place[-1] not in ("pin", "sealed"):
                assert answer.status_code in (422, 429), (place, text)
    with world.service.database.reading() as db:
        assert house.installation(db).live == 1


@pytest.mark.parametrize("text", [value for value in NASTY if value.isprintable() and value])
def test_nasty_texts_in_headers_are_handled(world: World, machine: Machine, text: str) -> None:
    world.rules()
    raw = text.encode("utf-8").decode("latin-1")
    for header in ("Library-Session", "Library-Api", "If-None-Match", "Authorization"):
        answer = machine.http.get(f"{machine.url}/v1/account", headers={header: raw.encode("latin-1")}, timeout=20)
        assert 400 <= answer.status_code < 500


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'{"pin": "\xff\xfe"}',
        b'{"\\ud800": 1}',
        b"[" * 100_000,
        b'{"rules":' + b"9" * 6000 + b"}",
        b'{"rules": NaN, "patron": Infinity}',
        b"\x00" * 64,
        b"\xef\xbb\xbf{}",
    ],
    ids=lambda content: f"{len(content)}-{content[:12]!r}",
)
@pytest.mark.parametrize("path", BODIES)
def test_a_body_that_is_no_json_is_refused(demo_central: Central, path: str, content: bytes) -> None:
    assert demo_central.machine().raw(path, content).status_code in (422, 429)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@SHARED
@given(body=JSON)
def test_any_json_is_no_operation(central: Central, body: Any) -> None:
    machine = central.known(_key(central))
    for path in BODIES:
        answer = machine.raw(path, json.dumps(body).encode())
        assert 400 <= answer.status_code < 500


@SHARED
@given(path=st.sampled_from(sorted(BODIES)), data=st.data())
def test_any_value_in_place_of_a_right_one_is_handled(central: Central, path: str, data: st.DataObject) -> None:
    machine = central.known(_key(central))
    place = data.draw(st.sampled_from(texts(BODIES[path])))
    answer = machine.raw(path, json.dumps(changed(BODIES[path], place, data.draw(JSON))).encode())
    assert answer.status_code < 500 or answer.json()["error"] == "no_rules"


def _key(central: Central) -> str:
    """One machine for all examples of a test."""
    if not hasattr(central, "shared"):
        World(central.service).rules()
        central.shared = central.machine().key  # type: ignore[attr-defined]  # a note of this test's own
    return str(central.shared)  # type: ignore[attr-defined]  # as above


@pytest.mark.parametrize("path", ["/sign-out", "/operations/00000000-0000-4000-8000-000000000003/settle"])
@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b'{"channel": "desk"}'])
def test_where_no_body_is_needed_none_is_looked_at(world: World, machine: Machine, path: str, content: bytes) -> None:
    world.rules()
    token = machine.token(world.patron())
    assert machine.raw(path, content, Library_Session=token).status_code in (200, 204)


@pytest.mark.parametrize(
    "content", [b"\x00\x01\x02\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"POST /v1/sign-in HTTP/1.1\r\n"]
)
def test_bytes_that_are_no_http_leave_the_service_running(central: Central, content: bytes) -> None:
    parts = urlsplit(central.url)
    with socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=10) as wire:
        wire.sendall(content)
    assert central.machine().get("/health").status_code == 200


# --- what machines hold -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/items", "/rules"])
def test_a_document_has_a_strong_tag_and_is_sent_again_only_when_it_changed(
    world: World, machine: Machine, path: str
) -> None:
    world.rules()
    world.item(title="雪国")
    first = machine.get(path)
    etag = first.headers["ETag"]
    assert etag.startswith('"')
    for known in (etag, f'"other", {etag}'):
        again = machine.get(path, If_None_Match=known)
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    assert machine.get(path, If_None_Match='"other"').status_code == 200
    world.item()
    world.rules()
    changed_now = machine.get(path, If_None_Match=etag)
    assert (changed_now.status_code, changed_now.headers["ETag"] == etag) == (200, False)


def test_a_loan_changes_nothing_in_the_item_list(world: World, machine: Machine) -> None:
    world.rules()
    item = world.item(audience="adult", fiction=True, department="novels", material_type="print", parts=2)
    etag = machine.get("/items").headers["ETag"]
    machine.do("checkout", item, machine.token(world.patron()))
    answer = machine.get("/items", If_None_Match=etag)
    assert answer.status_code == 304
    (record,) = machine.get("/items").json()["items"]
    assert record == {
        "item": item,
        "title": f"Title {item}",
        "author": "A. Author",
        "media_type": "BOOK",
        "parts": 2,
        "material_type": "print",
        "department": "novels",
        "audience": "adult",
        "fiction": True,
    }


def test_the_rules_are_those_of_the_machines_branch(world: World, central: Central) -> None:
    world.rules(rule("n1", "self_service.checkout", False, "N1"), rule("n2", "self_service.checkout", False, "N2"))
    for branch in ("N1", "N2"):
        read = published.read(central.machine(branch).get("/rules").json())
        assert (read.number, read.branch, read.owner) == (1, branch, ("DE-Mus1",))
        decided = read.compiled.candidates("self_service.checkout", branch, None)
        assert [candidate.rule.id for candidate in decided] == [branch.lower()]


def test_without_a_rule_set_there_is_no_document(machine: Machine) -> None:
    answer = machine.get("/rules")
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
    assert "Library-Rules" not in answer.headers
