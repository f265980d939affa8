"""Enrolment, keys, heartbeats and doubts."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import requests
from sqlalchemy import select

from circulation import machines
from circulation.errors import CirculationError
from circulation.secrets import token_hash
from circulation.service import VERSION
from circulation.store import tables as t
from tests.circulation.running import Central, Machine, TestClock
from tests.circulation.world import World

# --- enrolment --------------------------------------------------------------------------------------------------------


def enrol(central: Central, code: str, name: str = "by the door") -> requests.Response:
    body = {"code": code, "name": name, "version": "1.0"}
    return requests.post(f"{central.url}/v1/enrol", json=body, timeout=20)


@pytest.mark.scenario("S1")
def test_a_code_enrols_one_machine_of_its_branch(world: World, central: Central) -> None:
    code = machines.new_code(world.service, "N2")
    answer = enrol(central, code).json()
    assert (answer["branch"], answer["branch_name"]) == ("N2", "Branch N2")
    assert (answer["library"], answer["owner"], answer["currency"]) == ("Test library", ["DE-Mus1"], "EUR")
    assert answer["timezone"] == "Europe/Berlin"
    assert base64.b64decode(answer["server_public_key"]) == world.service.secrets.public_key
    health = central.known(answer["key"]).get("/items")
    assert health.headers["Library-Generation"] == answer["generation"]
    again = enrol(central, code)
    assert (again.status_code, again.json()["error"]) == (403, "code_unknown")


@pytest.mark.parametrize(("hours", "status"), [(23.99, 200), (24, 403)])
def test_a_code_lives_a_day(world: World, central: Central, clock: TestClock, hours: float, status: int) -> None:
    code = machines.new_code(world.service, "N1")
    clock.later(hours=hours)
    assert enrol(central, code).status_code == status


def test_codes_and_keys_are_stored_hashed_only(world: World, central: Central) -> None:
    code = machines.new_code(world.service, "N1")
    key = enrol(central, code).json()["key"]
    with world.service.database.reading() as db:
        stored = f"{db.execute(select(t.enrolment)).all()}{db.execute(select(t.machine)).all()}"
    assert code not in stored
    assert key not in stored
    assert token_hash(code) in stored
    assert token_hash(key) in stored


def test_too_many_wrong_codes_stop_enrolment_for_a_while(world: World, central: Central, clock: TestClock) -> None:
    code = machines.new_code(world.service, "N1")
    assert {enrol(central, f"WRONG{number:07}").status_code for number in range(20)} == {403}
    stopped = enrol(central, code)
    assert (stopped.status_code, stopped.json()["error"]) == (429, "too_many")
    clock.later(minutes=10, seconds=1)
    assert enrol(central, code).status_code == 200


def test_a_code_is_for_a_branch_that_exists(world: World) -> None:
    with pytest.raises(CirculationError, match="no branch 'N9'"):
        machines.new_code(world.service, "N9")


# --- who asks ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic Og==", "Bearer " + "x" * 5000])
def test_without_a_known_key_nothing_is_served(central: Central, header: str) -> None:
    machine = central.known("")
    machine.http.headers["Authorization"] = header
    for answer in (machine.get("/items"), machine.get("/rules"), machine.get("/account"), machine.post("/sign-out")):
        assert (answer.status_code, answer.json()["error"]) == (401, "machine_unknown")


@pytest.mark.parametrize(
    ("version", "status"),
    [("1", 200), ("0", 200), *((wrong, 426) for wrong in ("2", "-1", "1.0", "01", "1,1", "one", ""))],
)
def test_this_version_and_the_one_before_are_served(machine: Machine, version: str, status: int) -> None:
    answer = machine.get("/items", Library_Api=version)
    assert answer.status_code == status
    if status != 200:
        assert answer.json()["error"] == "version_unsupported"


def test_health_needs_no_key(central: Central) -> None:
    answer = central.known("").get("/health", Authorization="", Library_Api="")
    assert answer.json() == {"status": "ok", "version": VERSION}


# --- heartbeat and doubts ---------------------------------------------------------------------------------------------


def beat(machine: Machine, *doubts: dict[str, Any], **more: Any) -> list[str]:
    body = {"version": "1.2", "rules": 3, "devices": {"pad": "up"}, "doubts": list(doubts), "clock_trusted": True}
    answer = machine.post("/heartbeat", {**body, **more})
    assert answer.status_code == 200, answer.text
    cleared: list[str] = answer.json()["cleared"]
    return cleared


def doubt(item: str, since: str = "2026-06-01T09:00:00+00:00", last: str | None = "armed") -> dict[str, Any]:
    return {"item": item, "wanted": "disarmed", "last": last, "since": since}


def test_a_heartbeat_says_how_the_machine_is(world: World, machine: Machine, clock: TestClock) -> None:
    beat(machine, doubt("3"), devices={"pad": "up", "printer": "out of paper"}, clock_trusted=False)
    (row,) = machines.listed(world.service)
    assert (row["version"], row["rules"], row["clock_trusted"], row["seen_at"]) == ("1.2", 3, False, clock())
    assert (row["devices"], row["doubts"]) == ({"pad": "up", "printer": "out of paper"}, 1)


def test_a_doubt_is_listed_until_the_machine_has_healed_it(world: World, machine: Machine) -> None:
    item = world.item(title="Faust")
    beat(machine, doubt(item), doubt("unknown item", last=None))
    listed = machines.doubts(world.service)
    assert [(row["item"], row["title"], row["wanted"], row["last"]) for row in listed] == [
        (item, "Faust", "disarmed", "armed"),
        ("unknown item", None, "disarmed", None),
    ]
    beat(machine, doubt(item, last="disarmed"))
    assert [(row["item"], row["last"]) for row in machines.doubts(world.service)] == [(item, "disarmed")]
    beat(machine)
    assert machines.doubts(world.service) == []


def test_a_doubt_that_staff_have_cleared_is_told_until_the_machine_drops_it(world: World, machine: Machine) -> None:
    beat(machine, doubt("1"), doubt("2"))
    assert machines.clear_doubt(world.service, "1") == 1
    assert beat(machine, doubt("1"), doubt("2")) == ["1"]
    assert beat(machine, doubt("1"), doubt("2")) == ["1"]
    assert beat(machine, doubt("2")) == []
    assert [row["item"] for row in machines.doubts(world.service)] == ["2"]


@pytest.mark.parametrize("change", [{"since": "2026-06-01T09:30:00+00:00"}, {"wanted": "armed"}])
def test_clearing_a_doubt_does_not_clear_the_next_one_of_the_same_item(
    world: World, machine: Machine, change: dict[str, str]
) -> None:
    beat(machine, doubt("1"))
    machines.clear_doubt(world.service, "1")
    assert beat(machine, {**doubt("1"), **change}) == []
    (row,) = machines.doubts(world.service)
    assert not row["cleared"]


def test_each_machine_is_told_of_its_own_doubts(world: World, central: Central) -> None:
    one, two = central.machine("N1"), central.machine("N2")
    beat(one, doubt("1"))
    beat(two, doubt("2"))
    assert machines.clear_doubt(world.service, "1") == 1
    assert beat(two, doubt("2")) == []
    assert beat(one, doubt("1")) == ["1"]


@pytest.mark.parametrize("sign", ["\x00", "\n", "\x1b", "\x7f", "\x85", "\x9b"])
def test_what_could_move_a_terminals_cursor_is_refused(machine: Machine, sign: str) -> None:
    body = {"version": "1", "rules": 1, "devices": {"pad": f"up{sign}[2J"}, "doubts": [], "clock_trusted": True}
    answer = machine.post("/heartbeat", body)
    assert (answer.status_code, answer.json()["place"]) == (422, "body.devices.pad")


@pytest.mark.parametrize("since", ["2026-06-01T11:00:00+02:00", "2026-06-01T09:00:00Z", "2026-06-01T05:00:00-04:00"])
def test_an_instant_is_the_same_in_every_zone(world: World, machine: Machine, since: str) -> None:
    beat(machine, doubt("1", since=since))
    (row,) = machines.doubts(world.service)
    assert row["since"].isoformat() == "2026-06-01T09:00:00+00:00"
    assert row["since"].utcoffset() == timedelta(0)


@pytest.mark.parametrize("since", ["2026-06-01T09:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", ""])
def test_an_instant_that_is_none_is_refused(machine: Machine, since: str) -> None:
    body = {"version": "1", "rules": 1, "devices": {}, "doubts": [doubt("1", since=since)], "clock_trusted": True}
    answer = machine.post("/heartbeat", body)
    assert (answer.status_code, answer.json()["place"]) == (422, "body.doubts.0.since")


# --- items in the order asked -----------------------------------------------------------------------------------------


def test_a_look_up_tells_each_items_state_in_the_order_asked(world: World, machine: Machine) -> None:
    patron = world.patron()
    asked = {
        world.item(): ("available", False),
        world.lent(patron): ("on_loan", True),
        world.lent(patron, state="lost"): ("lost", True),
        world.item(set_aside=patron): ("set_aside", False),
        world.item(state="in_transit"): ("in_transit", False),
        str(uuid4()): ("unknown", False),
    }
    answer = machine.post("/items/look-up", {"items": list(reversed(asked))}).json()["items"]
    assert [row["item"] for row in answer] == list(reversed(asked))
    assert {row["item"]: (row["state"], row["on_loan"]) for row in answer} == asked
    assert [row["record"] is None for row in answer] == [True, *[False] * 5]
    assert world.patron_id(patron) not in str(answer)
