"""New patrons, cards and PINs; changing patrons; paying what was seen; what desk pages read. On both databases."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from circulation import audit, desk, enrolling, fees, money, people
from circulation.errors import CirculationError
from circulation.operations import Asked
from circulation.service import Service, Workplace
from circulation.staffing import StaffSession
from circulation.store import reservations
from circulation.store import tables as t
from rules.values import Fee, FeeBasis, FeeStep
from tests.circulation.world import Amount, Days, World, rule

IDA = {"first_name": "Ida", "last_name": "Blum", "category": "normal"}
RETURN, CHECKOUT = (f"00000000-0000-4000-8000-00000000000{number}" for number in (1, 2))


@pytest.fixture
def at(service: Service) -> Workplace:
    """The desk of N1."""
    return desk.workplace(service, StaffSession("anna", frozenset({"desk"}), True, "N1"))


@pytest.mark.requirement("R89")
def test_a_patron_is_entered_and_the_log_names_nobody(world: World, service: Service, at: Workplace) -> None:
    patron = enrolling.create(service, at, {**IDA, "born": date(1999, 2, 28)}, "C-1", "4711")
    assert people.by_card(service, "C-1") == patron
    assert people.record(service, patron)["born"] == date(1999, 2, 28)
    with service.database.reading() as db:
        (line,) = audit.listed(db, {"action": "patron.create"})
    assert (line["subject"], line["details"]) == (
        "patron",
        {"fields": ["born", "category", "first_name", "last_name"]},
    )


def test_what_cannot_be_is_entered_nowhere(world: World, service: Service, at: Workplace) -> None:
    wrong = (
        ({**IDA, "last_name": ""}, "C-1", "4711", "field_missing"),
        ({**IDA, "last_name": " "}, "C-1", "4711", "field_missing"),
        ({**IDA, "category": "king"}, "C-1", "4711", "category_unknown"),
        (IDA, world.patron(), "4711", "card_taken"),
        (IDA, "", "4711", "card_length"),
        (IDA, "C-1", "471", "pin_length"),
    )
    for values, card, pin, code in wrong:
        with pytest.raises(CirculationError) as told:
            enrolling.create(service, at, values, card, pin)
        assert told.value.code == code
    with service.database.reading() as db:
        assert len(db.execute(select(t.patron.c.id)).all()) == 1


def test_a_new_card_takes_the_place_of_the_old_ones_of_its_kind(world: World, service: Service, at: Workplace) -> None:
    patron = world.patron_id(world.patron(card_lost=True))
    enrolling.give_card(service, at, patron, "04A1", "uid")
    enrolling.give_card(service, at, patron, "C-2")
    assert people.cards(service, patron) == [("barcode", "C-2"), ("uid", "04A1")]
    assert not people.record(service, patron)["card_lost"]
    for code, card, kind in (("card_kind", "C-3", "rune"), ("patron_unknown", "C-3", "barcode")):
        with pytest.raises(CirculationError) as told:
            enrolling.give_card(service, at, patron if code == "card_kind" else "nobody", card, kind)
        assert told.value.code == code


def test_days_are_compared_with_those_that_stay(world: World, service: Service, at: Workplace) -> None:
    patron = world.patron_id(world.patron(valid_from=date(2026, 6, 1)))
    with pytest.raises(CirculationError) as told:
        people.change_patron(service, at, patron, {"valid_until": date(2026, 5, 31)})
    assert told.value.code == "days_reversed"
    people.change_patron(service, at, patron, {"valid_until": date(2026, 6, 1)})


def test_who_looked_at_another_sum_neither_pays_nor_charges(world: World, service: Service, at: Workplace) -> None:
    world.rules()
    patron = world.patron_id(world.patron(owes=500))
    for act in (
        lambda: money.pay(service, at, patron, 100, (), 400),
        lambda: money.charge(service, at, patron, {"amount": 1, "reason": "x"}, 400),
    ):
        with pytest.raises(CirculationError) as told:
            act()
        assert told.value.code == "account_changed"
    assert money.pay(service, at, patron, 100, (), 500)["parts"][0]["amount"] == 100


@pytest.mark.requirement("R28", "R33", "R45", "R87")
def test_the_lines_of_a_desk_and_the_story_of_a_fee(world: World, service: Service, at: Workplace) -> None:
    day = Fee(FeeBasis.PER_DAY, (FeeStep(None, Amount(100)),))
    world.rules(rule("day", "fees.overdue", day), rule("grace", "periods.grace", Days(2)))
    item, other = world.lent(world.patron(), due=date(2026, 5, 27)), world.item()
    desk.carry_out(service, at, Asked(RETURN, "return", item, None))
    desk.carry_out(service, at, Asked(CHECKOUT, "checkout", other, world.patron_id(world.patron())))
    lines = desk.recorded_lines(service, at, [CHECKOUT, "x", RETURN])
    assert [(line.id, line.title, line.line["outcome"]) for line in lines] == [
        (CHECKOUT, f"Title {other}", "done"),
        (RETURN, f"Title {item}", "done"),
    ]
    with service.database.reading() as db:
        (number,) = db.execute(select(t.fee.c.id)).scalars()
    story = fees.fee(service, number)["story"]
    assert (story.late, story.closed, story.grace, story.charged) == (5, 0, 2, 3)
    assert (story.uncapped, story.amount, story.operation) == (300, 300, RETURN)
    assert story.value("periods.grace") == {"days": 2}
    with pytest.raises(CirculationError):
        fees.fee(service, number + 1)


def test_what_a_code_is(world: World, service: Service) -> None:
    card, item = world.patron(), world.item()
    assert desk.scanned(service, card) == desk.Scanned(world.patron_id(card), False)
    assert desk.scanned(service, item) == desk.Scanned(None, True)
    assert desk.scanned(service, "neither") == desk.Scanned(None, False)


@pytest.mark.requirement("R24")
def test_only_active_reservations_of_others_wait(world: World, service: Service) -> None:
    card, item = world.patron(), world.item()
    mine, others = world.patron_id(card), world.patron_id(world.patron())
    basis = {"title_id": item, "pickup": "N1", "channel": "web", "made_at": service.clock(), "rule_set": 1, "rules": {}}
    more: tuple[dict[str, Any], ...] = (
        {"patron_id": mine},
        {"patron_id": others},
        {"patron_id": others, "suspended": True},
        {"patron_id": others, "expires": date(2026, 5, 31)},
        {"patron_id": others, "expires": date(2026, 6, 1)},
    )
    with service.database.writing() as db:
        for number, one in enumerate(more):
            reservations.add(db, {**basis, **one, "id": f"r{number}"})
        assert reservations.waiting_for(db, [item, "none"], mine, date(2026, 6, 1)) == {item: 2}
        assert reservations.titles(db, [item]) == {item: f"Title {item}"}
