"""What the state of an item, and whose loan it is, mean for lending, taking back and renewing (R84, R86)."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from circulation.store import tables as t
from tests.circulation.running import Machine, codes
from tests.circulation.world import World, rule


@pytest.mark.requirement("R84")
@pytest.mark.parametrize(
    ("state", "lent", "taken_back", "afterwards"),
    [
        ("available", True, True, "available"),
        ("missing", True, True, "available"),
        ("lost", True, True, "available"),
        ("claimed_returned", True, True, "available"),
        ("not_ready", False, True, "not_ready"),
        ("withdrawn", False, False, "withdrawn"),
    ],
)
def test_each_item_state_has_its_effect_at_checkout_and_at_return(
    world: World, machine: Machine, state: str, lent: bool, taken_back: bool, afterwards: str
) -> None:
    world.rules()
    token = machine.token(world.patron())
    item = world.item(state=state)
    line = machine.do("checkout", item, token)
    assert line["outcome"] == ("done" if lent else "refused")
    if not lent:
        assert line["reason"]["params"] == {"state": state, "action": "checkout"}
    back = world.item(state=state)
    line = machine.do("return", back)
    assert line["outcome"] == ("done" if taken_back else "refused")
    assert not line.get("was_on_loan", False)
    found = state != afterwards
    for moved in (item, back):
        assert world.item_row(moved).state == afterwards
    assert ("found" in world.operation_row(line["id"]).trace) == found


@pytest.mark.requirement("R84")
def test_an_item_in_transit_is_not_lent_and_has_arrived_once_it_is_returned(world: World, machine: Machine) -> None:
    world.rules()
    item = world.item(state="in_transit")
    line = machine.do("checkout", item, machine.token(world.patron()))
    assert line["reason"]["params"] == {"state": "in_transit", "action": "checkout"}
    assert machine.do("return", item)["outcome"] == "done"
    assert world.item_row(item).state == "available"


@pytest.mark.requirement("R84")
def test_a_found_item_leaves_a_note_for_staff(world: World, machine: Machine) -> None:
    world.rules()
    line = machine.do("checkout", world.item(state="missing"), machine.token(world.patron()))
    assert world.operation_row(line["id"]).trace["found"] == "missing"
    with world.service.database.reading() as db:
        (entry,) = db.execute(select(t.breach.c.kind, t.breach.c.item_id, t.breach.c.reasons)).all()
    assert (entry.kind, entry.reasons[0]["params"]["state"]) == ("found", "missing")


def test_a_lost_item_that_comes_back_ends_its_loan_and_its_mark(world: World, machine: Machine) -> None:
    world.rules()
    patron = world.patron()
    item = world.lent(patron, state="lost")
    assert machine.do("return", item)["was_on_loan"] is True
    assert (world.item_row(item).state, world.open_loans(patron)) == ("available", [])


def test_an_item_set_aside_is_lent_to_its_reader_only(world: World, machine: Machine) -> None:
    world.rules()
    reader, other = world.patron(), world.patron()
    item = world.item(set_aside=reader, shelf="A 12", collect_by=date(2026, 6, 8))
    refused = machine.do("checkout", item, machine.token(other))
    assert refused["reason"]["params"] == {"state": "set_aside", "action": "checkout"}
    assert machine.do("checkout", item, machine.token(reader))["outcome"] == "done"
    row = world.item_row(item)
    assert (row.set_aside_for, row.shelf, row.collect_by) == (None, None, None)


def test_an_item_on_loan_to_somebody_else_is_refused_without_saying_to_whom(world: World, machine: Machine) -> None:
    world.rules()
    owner, other = world.patron(), world.patron()
    line = machine.do("checkout", world.lent(owner), machine.token(other))
    assert line["reason"]["params"] == {"state": "on_loan", "own": False, "action": "checkout"}


@pytest.mark.requirement("R86")
def test_an_item_the_patron_has_already_says_so_and_counts_once(world: World, machine: Machine) -> None:
    world.rules(rule("all", "counts.max_loans", 1))
    patron = world.patron()
    line = machine.do("checkout", world.lent(patron), machine.token(patron))
    assert codes(line) == ["item_state"]
    assert line["reason"]["params"] == {"state": "on_loan", "own": True, "due": "2026-06-15", "action": "checkout"}


@pytest.mark.requirement("R86")
def test_returning_what_is_not_on_loan_is_done_and_says_so(world: World, machine: Machine) -> None:
    world.rules()
    line = machine.do("return", world.item())
    assert (line["outcome"], line["was_on_loan"], line["due"]) == ("done", False, None)


def test_anybody_may_return_an_item_of_anybody(world: World, machine: Machine) -> None:
    world.rules()
    owner, other = world.patron(), world.patron()
    assert machine.do("return", world.lent(owner), machine.token(other))["was_on_loan"] is True
    assert machine.do("return", world.lent(owner))["was_on_loan"] is True
    assert world.open_loans() == []


@pytest.mark.parametrize("action", ["checkout", "return", "renewal"])
def test_an_item_that_is_not_known_is_refused(world: World, machine: Machine, action: str) -> None:
    world.rules()
    assert codes(machine.do(action, "39999999999999", machine.token(world.patron()))) == ["item_unknown"]


@pytest.mark.parametrize("somebody", [True, False])
def test_only_ones_own_loans_can_be_renewed(world: World, machine: Machine, somebody: bool) -> None:
    world.rules()
    item = world.lent(world.patron()) if somebody else world.item()
    line = machine.do("renewal", item, machine.token(world.patron()))
    assert codes(line) == ["item_state"]
    assert line["reason"]["params"]["own"] is False
