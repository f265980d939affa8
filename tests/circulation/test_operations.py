"""Operations: each on its own, repeatable under its id, settled, streamed, resent after a restore."""

from __future__ import annotations

import base64
import json
import threading
from typing import Any
from uuid import uuid4

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nacl.public import PrivateKey, PublicKey, SealedBox
from sqlalchemy import select

from circulation import operations
from circulation.api import models
from circulation.api.operations import _unsealed
from circulation.errors import CirculationError
from circulation.service import Service
from circulation.service import Workplace as Enrolled
from circulation.store import circulating
from circulation.store import tables as t
from tests.circulation.night import tidy
from tests.circulation.running import Central, Machine, TestClock, codes, operation
from tests.circulation.world import World, rule
from tests.generated import examples

# --- the same id ------------------------------------------------------------------------------------------------------


def test_the_same_operation_again_is_answered_as_recorded(world: World, machine: Machine, clock: TestClock) -> None:
    world.rules()
    patron = world.patron()
    token = machine.token(patron)
    asked = operation("checkout", world.item())
    (first,) = machine.batch([asked], token)
    clock.later(minutes=20)
    assert machine.batch([asked], token) == [first]
    (loan,) = world.open_loans(patron)
    assert loan.renewals == 0


def test_a_refusal_is_recorded_too(world: World, machine: Machine) -> None:
    world.rules()
    patron = world.patron(blocked=True)
    token = machine.token(patron)
    asked = operation("checkout", world.item())
    (first,) = machine.batch([asked], token)
    world.change_patron(patron, blocked=False)
    assert codes(first) == ["patron_state.blocked"]
    assert machine.batch([asked], token) == [first]
    assert machine.do("checkout", asked["item"], token)["outcome"] == "done"


@pytest.mark.scenario("S5")
@pytest.mark.parametrize("other", ["action", "item", "patron"])
def test_the_same_id_with_other_content_is_an_error_and_does_nothing(
    world: World, machine: Machine, other: str
) -> None:
    world.rules()
    patron, stranger, item = world.patron(), world.patron(), world.item()
    asked = operation("checkout", item)
    machine.batch([asked], machine.token(patron))
    changed = {"action": {**asked, "action": "return"}, "item": {**asked, "item": world.item()}}.get(other, asked)
    (line,) = machine.batch([changed], machine.token(stranger if other == "patron" else patron))
    assert (line["outcome"], line["error"]) == ("error", "operation_reused")
    assert [loan.item_id for loan in world.open_loans()] == [item]


def test_the_same_id_twice_in_one_batch_is_carried_out_once(world: World, machine: Machine) -> None:
    world.rules()
    patron = world.patron()
    asked = operation("checkout", world.item())
    first, again, other = machine.batch([asked, asked, {**asked, "item": world.item()}], machine.token(patron))
    assert (first["outcome"], again, other["error"]) == ("done", first, "operation_reused")
    assert [loan.item_id for loan in world.open_loans(patron)] == [asked["item"]]


def test_ids_belong_to_the_machine(world: World, central: Central) -> None:
    world.rules()
    patron = world.patron()
    one, two = central.machine("N1"), central.machine("N1")
    id_ = str(uuid4())
    assert one.do("checkout", world.item(), one.token(patron), id_)["outcome"] == "done"
    assert two.do("checkout", world.item(), two.token(patron), id_)["outcome"] == "done"
    assert two.settle(id_)["outcome"] == "done"


def test_content_is_kept_as_a_keyed_hash(world: World, service: Service, machine: Machine) -> None:
    world.rules()
    patron, item = world.patron(), world.item()
    line = machine.do("checkout", item, machine.token(patron))
    content = world.operation_row(line["id"]).content
    plain = json.dumps(["checkout", item, world.patron_id(patron)])
    assert content == service.secrets.keyed("operation", plain)
    assert len(content) == 64


def test_operations_are_kept_for_four_hundred_days(world: World, service: Service, clock: TestClock) -> None:
    world.rules()
    asked = operations.Asked(str(uuid4()), "return", world.item(), None)
    with service.database.writing() as db:
        machine = {"id": "m", "name": "m", "branch": "N1", "key_hash": "h", "enrolled_at": clock()}
        db.execute(t.machine.insert().values(**machine))
    operations.run(service, Enrolled("m", "N1"), asked)
    clock.later(days=400)
    tidy(service)
    assert world.operation_row(asked.id) is not None
    clock.later(seconds=1)
    tidy(service)
    assert world.operation_row(asked.id) is None


# --- settling ---------------------------------------------------------------------------------------------------------


def test_settling_answers_what_was_recorded(world: World, machine: Machine) -> None:
    world.rules()
    token = machine.token(world.patron())
    done = machine.do("checkout", world.item(), token)
    refused = machine.do("checkout", world.item(state="withdrawn"), token)
    assert machine.settle(done["id"]) == done
    assert machine.settle(refused["id"]) == refused


def test_a_request_that_comes_after_it_was_settled_does_nothing(world: World, machine: Machine) -> None:
    world.rules()
    token = machine.token(world.patron())
    asked = operation("checkout", world.item())
    settled = machine.settle(asked["id"])
    assert (settled["outcome"], codes(settled), settled["still_on_loan"]) == ("refused", ["abandoned"], False)
    (late,) = machine.batch([asked], token)
    assert late == {**settled, **asked}
    assert machine.settle(asked["id"]) == settled
    assert world.open_loans() == []
    assert machine.do("checkout", asked["item"], token)["outcome"] == "done"


ID = "0b6f7b9e-5a43-4c8e-9d3f-2f1f6a3c7d10"


@pytest.mark.parametrize("id_", ["1", ID.upper(), ID[:-1], ID + "0", "%00", "' OR 1=1 --"])
def test_only_ids_in_their_form_are_settled(machine: Machine, id_: str) -> None:
    assert machine.post(f"/operations/{id_}/settle").status_code == 422


# --- batches ----------------------------------------------------------------------------------------------------------


def test_each_line_is_sent_after_its_own_commit(
    world: World, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.rules()
    patron = world.patron()
    first, second = (operation("checkout", item) for item in world.items(2))
    gate = threading.Event()
    real = operations.run

    def held_back(service: Service, asker: Any, asked: operations.Asked) -> operations.Line:
        if asked.id == second["id"]:
            assert gate.wait(20)
        return real(service, asker, asked)

    monkeypatch.setattr(operations, "run", held_back)
    headers = {"Library-Session": machine.token(patron)}
    body = {"rules": 1, "patron": None, "operations": [first, second]}
    with machine.http.post(
        f"{machine.url}/v1/operations", json=body, headers=headers, stream=True, timeout=20
    ) as answer:
        lines = answer.iter_lines(chunk_size=1)
        assert json.loads(next(lines))["id"] == first["id"]
        assert [loan.item_id for loan in world.open_loans()] == [first["item"]]
        gate.set()
        assert json.loads(next(lines))["id"] == second["id"]
        assert list(lines) == []
    assert len(world.open_loans()) == 2


def test_a_failure_in_one_operation_never_affects_the_others(
    world: World, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.rules()
    asked = [operation("checkout", item) for item in world.items(3)]
    real = circulating.open_loan

    def failing(db: Any, item: str) -> Any:
        if item == asked[1]["item"]:
            raise RuntimeError("a bug")
        return real(db, item)

    monkeypatch.setattr(circulating, "open_loan", failing)
    lines = machine.batch(asked, machine.token(world.patron()))
    assert [(line["id"], line["outcome"]) for line in lines] == [(asked[0]["id"], "done"), (asked[2]["id"], "done")]
    assert codes(machine.settle(asked[1]["id"])) == ["abandoned"]
    assert len(world.open_loans()) == 2


def test_returns_need_no_session_and_mind_no_session_that_has_ended(world: World, machine: Machine) -> None:
    world.rules()
    patron = world.patron()
    one, two = world.lent(patron), world.lent(patron)
    assert machine.do("return", one)["outcome"] == "done"
    assert machine.do("return", two, "a session that has ended")["outcome"] == "done"


@pytest.mark.parametrize("action", ["checkout", "renewal"])
def test_a_batch_with_anything_but_returns_needs_a_session(world: World, machine: Machine, action: str) -> None:
    world.rules()
    held = world.lent(world.patron())
    body = {"rules": 1, "patron": None, "operations": [operation("return", held), operation(action, world.item())]}
    answer = machine.post("/operations", body)
    assert (answer.status_code, answer.json()["error"]) == (401, "session_ended")
    assert len(world.open_loans()) == 1  # nothing of the batch was done


def test_a_batch_of_another_patron_than_the_sessions_is_refused(world: World, machine: Machine) -> None:
    world.rules()
    patron, other = world.patron(), world.patron()
    token = machine.token(patron)
    body = {"rules": 1, "patron": world.patron_id(other), "operations": [operation("checkout", world.item())]}
    assert machine.post("/operations", body, Library_Session=token).status_code == 422
    body["patron"] = world.patron_id(patron)
    assert machine.post("/operations", body, Library_Session=token).status_code == 200


@pytest.mark.parametrize("count", [0, 21])
def test_a_batch_has_one_to_twenty_operations(world: World, machine: Machine, count: int) -> None:
    world.rules()
    body = {"rules": 1, "patron": None, "operations": [operation("return", "3") for _ in range(count)]}
    assert machine.post("/operations", body).status_code == 422


def test_before_the_first_rule_set_nothing_is_done(world: World, machine: Machine) -> None:
    body = {"rules": None, "patron": None, "operations": [operation("return", world.item())]}
    answer = requests.post(
        f"{machine.url}/v1/operations", json=body, headers={"Authorization": f"Bearer {machine.key}"}, timeout=20
    )
    assert (answer.status_code, answer.json()["error"]) == (503, "no_rules")


@pytest.mark.parametrize("rules", [None, 0, 7])
def test_the_rule_set_the_machine_names_decides_nothing(world: World, machine: Machine, rules: int | None) -> None:
    world.rules(rule("books", "self_service.return", False, media_type="BOOK"))
    body = {"rules": rules, "patron": None, "operations": [operation("return", world.item())]}
    answer = machine.post("/operations", body)
    assert codes(json.loads(answer.content)) == ["self_service.return"]


# --- after a restore --------------------------------------------------------------------------------------------------


def sealed(service: Service, asked: dict[str, Any], patron: str | None, **more: Any) -> dict[str, str]:
    """As a machine seals a request before it is sent."""
    request = {**asked, "patron": patron, "rules": 1, "at": "2026-06-01T10:00:00+00:00", **more}
    box = SealedBox(PublicKey(service.secrets.public_key)).encrypt(json.dumps(request).encode())
    return {"id": asked["id"], "sealed": base64.b64encode(box).decode()}


def resend(machine: Machine, *requests_: dict[str, str]) -> list[dict[str, Any]]:
    answer = machine.post("/operations/resend", {"operations": list(requests_)})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["operations"]
    return found


@pytest.mark.requirement("R88")
def test_a_sealed_request_is_carried_out_if_its_id_is_not_known(world: World, machine: Machine) -> None:
    world.rules()
    patron, item = world.patron(), world.item()
    held = world.lent(patron)
    out, back = operation("checkout", item), operation("return", held)
    lines = resend(
        machine,
        sealed(world.service, out, world.patron_id(patron)),
        sealed(world.service, back, None, more="of a newer machine"),
    )
    assert [(line["id"], line["outcome"]) for line in lines] == [(out["id"], "done"), (back["id"], "done")]
    assert [loan.item_id for loan in world.open_loans(patron)] == [item]
    assert machine.settle(out["id"])["due"] == "2026-06-29"


@pytest.mark.requirement("R88")
def test_a_sealed_request_that_is_known_answers_what_was_recorded(world: World, machine: Machine) -> None:
    world.rules()
    patron, item = world.patron(), world.item()
    out = machine.do("checkout", item, machine.token(patron))
    back = machine.do("return", item)
    lines = resend(
        machine,
        sealed(world.service, operation("checkout", item, out["id"]), world.patron_id(patron)),
        # who was signed in does not belong to a return, whatever a machine seals
        sealed(world.service, operation("return", item, back["id"]), world.patron_id(patron)),
    )
    assert lines == [out, {**back, "due": None}]
    assert world.open_loans() == []


@pytest.mark.requirement("R88")
@pytest.mark.parametrize("other", ["item", "patron"])
def test_a_sealed_request_with_other_content_than_its_id_stands_for_does_nothing(
    world: World, machine: Machine, other: str
) -> None:
    world.rules()
    patron, stranger, item = world.patron(), world.patron(), world.item()
    done = machine.do("checkout", item, machine.token(patron))
    asked = operation("checkout", world.item() if other == "item" else item, done["id"])
    whose = world.patron_id(stranger if other == "patron" else patron)
    (line,) = resend(machine, sealed(world.service, asked, whose))
    assert (line["outcome"], line["error"]) == ("error", "operation_reused")
    assert [loan.item_id for loan in world.open_loans()] == [item]


@pytest.mark.requirement("R88")
def test_a_sealed_request_that_was_settled_as_abandoned_stays_so(world: World, machine: Machine) -> None:
    world.rules()
    asked = operation("checkout", world.item())
    machine.settle(asked["id"])
    (line,) = resend(machine, sealed(world.service, asked, world.patron_id(world.patron())))
    assert codes(line) == ["abandoned"]
    assert world.open_loans() == []


@pytest.mark.requirement("R88")
def test_a_request_sealed_for_another_installation_is_not_carried_out(world: World, machine: Machine) -> None:
    world.rules()
    asked = operation("return", world.lent(world.patron()))
    request = json.dumps({**asked, "patron": None, "rules": 1, "at": "2026-06-01T10:00:00+00:00"}).encode()
    box = SealedBox(PrivateKey.generate().public_key).encrypt(request)
    (line,) = resend(machine, {"id": asked["id"], "sealed": base64.b64encode(box).decode()})
    assert line["error"] == "sealed_unreadable"
    assert len(world.open_loans()) == 1


@pytest.mark.requirement("R88")
@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(inside=st.binary(max_size=200) | st.sampled_from([b"[" * 3000, b"null", b"{}", b"9" * 3000]))
def test_any_bytes_in_a_box_that_opens_are_no_request(service: Service, inside: bytes) -> None:
    box = SealedBox(PublicKey(service.secrets.public_key)).encrypt(inside)
    sent = models.SealedOperation(id=ID, sealed=base64.b64encode(box).decode()[:4096])
    with pytest.raises(CirculationError) as caught:
        _unsealed(service, sent)
    assert caught.value.code == "sealed_unreadable"


@pytest.mark.requirement("R88")
def test_a_sealed_request_that_is_not_understood_spoils_no_other(world: World, machine: Machine) -> None:
    world.rules()
    patron = world.patron()
    good, swapped, odd = (operation("checkout", item) for item in world.items(3))
    id_ = world.patron_id(patron)
    other = {**sealed(world.service, swapped, id_), "id": str(uuid4())}
    wrong = [
        {"id": str(uuid4()), "sealed": "not base64 !"},
        {"id": str(uuid4()), "sealed": base64.b64encode(b"no box at all" * 9).decode()},
        other,
        sealed(world.service, {**odd, "action": "destroy"}, id_),
        sealed(world.service, odd, "x" * 100),
    ]
    lines = resend(machine, *wrong, sealed(world.service, good, id_))
    assert [line.get("error") for line in lines] == [*["sealed_unreadable"] * 5, None]
    assert [loan.item_id for loan in world.open_loans()] == [good["item"]]
    with world.service.database.reading() as db:
        assert db.execute(select(t.operation.c.id)).scalars().all() == [good["id"]]
