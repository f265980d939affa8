"""What stops a patron, since when, and what lifts it: done as told, the block is gone."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import insert, update

from benchmarks.direct import noted
from circulation import blocking, money, people
from circulation.blocking import Block, explain_blocks
from circulation.errors import CirculationError
from circulation.service import Workplace
from circulation.store import house
from circulation.store import tables as t
from tests.circulation.running import TestClock
from tests.circulation.world import Amount, World, rule

AT = Workplace("m", "N1", "desk", "anna")
TODAY = date(2026, 6, 1)


def told(world: World, patron: str) -> tuple[Block, ...]:
    """What stops a patron."""
    return explain_blocks(world.service, AT, world.patron_id(patron))


def charge(world: World, patron: str, amount: int, *, invoice: bool = False) -> int:
    """A fee; its number."""
    fee = {"amount": amount, "reason": "other", "invoice": invoice}
    return money.charge(world.service, AT, world.patron_id(patron), fee)


def pay(world: World, patron: str, amount: int) -> None:
    """A payment."""
    money.pay(world.service, AT, world.patron_id(patron), amount)


def test_nothing_stops_an_ordinary_patron(world: World) -> None:
    world.rules(rule("debts", "patron.debt_block", Amount(1000)))
    assert told(world, world.patron(owes=999)) == ()


@pytest.mark.requirement("R85")
@pytest.mark.parametrize(
    ("values", "code", "since", "lift", "params"),
    [
        ({"card_lost": True}, "patron_state.card_lost", None, "replace_card", {}),
        ({"blocked": True}, "patron_state.blocked", None, "unblock", {}),
        ({"valid_until": date(2026, 5, 20)}, "patron_state.expired", date(2026, 5, 21), "extend", {}),
        ({"valid_from": date(2026, 7, 1)}, "patron_state.not_yet_valid", None, "wait", {"day": "2026-07-01"}),
    ],
)
def test_a_state_is_told_with_what_ends_it(
    world: World, values: dict[str, object], code: str, since: date | None, lift: str, params: dict[str, object]
) -> None:
    world.rules()
    (block,) = told(world, world.patron(**values))  # type: ignore[arg-type]  # columns of a patron
    assert (block.code, block.since, block.lift.code, block.lift.params) == (code, since, lift, params)


@pytest.mark.requirement("R34")
def test_a_debt_blocks_since_the_day_it_reached_the_limit_until_so_much_is_paid(world: World, clock: TestClock) -> None:
    world.rules(rule("debts", "patron.debt_block", Amount(1000)))
    patron = world.patron()
    charge(world, patron, 700)
    clock.later(days=1)
    charge(world, patron, 300)
    clock.later(days=1)
    pay(world, patron, 1)  # below it for a day
    clock.later(days=1)
    charge(world, patron, 450)
    clock.later(days=5)
    charge(world, patron, 10)
    (block,) = told(world, patron)
    assert (block.code, block.since) == ("patron.debt_block", TODAY + timedelta(days=3))
    assert (block.lift.code, block.lift.params) == ("pay", {"amount": 460, "currency": "EUR"})
    pay(world, patron, 459)
    assert [one.lift.params["amount"] for one in told(world, patron)] == [1]
    pay(world, patron, 1)
    assert told(world, patron) == ()


@pytest.mark.requirement("R35")
@pytest.mark.parametrize("apart", [True, False])
def test_invoices_count_where_they_count_in_the_block(world: World, clock: TestClock, apart: bool) -> None:
    world.rules(rule("debts", "patron.debt_block", Amount(1000)))
    with world.service.database.writing() as db:
        settings = {"exclude_invoices_from_block": apart}
        db.execute(update(t.organisation).where(t.organisation.c.id == "A").values(settings=settings))
        house.changed(db)
    patron = world.patron()
    charge(world, patron, 5000, invoice=True)
    clock.later(days=2)
    charge(world, patron, 1000)
    (block,) = told(world, patron)
    expected = (TODAY + timedelta(days=2), 1) if apart else (TODAY, 5001)
    assert (block.since, block.lift.params["amount"]) == expected


def test_a_waived_fee_counts_as_much_as_a_payment(world: World, clock: TestClock) -> None:
    world.rules(rule("debts", "patron.debt_block", Amount(1000)))
    patron = world.patron()
    waived = charge(world, patron, 1500)
    clock.later(days=1)
    money.waive(world.service, AT, waived, "an error of ours")
    clock.later(days=1)
    charge(world, patron, 1000)
    (block,) = told(world, patron)
    assert block.since == TODAY + timedelta(days=2)


def test_no_payment_lifts_a_limit_of_nothing(world: World) -> None:
    world.rules(rule("debts", "patron.debt_block", Amount(0)))
    for owes in (0, 5):
        (block,) = told(world, world.patron(owes=owes))
        assert (block.since, block.lift.code) == (None, "change_rule")


@pytest.mark.requirement("R36")
@pytest.mark.parametrize("minimum", [None, 2000])
def test_a_series_of_payment_reminders_blocks_until_so_much_is_paid(world: World, minimum: int | None) -> None:
    least = () if minimum is None else (rule("min", "counts.payment_reminder_minimum", Amount(minimum)),)
    world.rules(rule("block", "patron.payment_reminder_block", 2), *least)
    patron = world.patron()
    charge(world, patron, 3000)
    with world.service.database.writing() as db:
        for organisation, level in (("North", 2), ("A", 1)):
            values = {"organisation": organisation, "reached_on": TODAY, "level": level}
            db.execute(insert(t.debt_series).values(patron_id=world.patron_id(patron), **values))
    (block,) = told(world, patron)
    assert (block.code, block.params["level"]) == ("patron.payment_reminder_block", 2)
    amount = block.lift.params["amount"]
    assert (block.lift.code, amount) == ("pay", 1 if minimum is None else 1001)
    if minimum is not None:
        pay(world, patron, 1000)
        assert [one.lift.params["amount"] for one in told(world, patron)] == [1]
    pay(world, patron, 1)
    assert told(world, patron) == ()


@pytest.mark.requirement("R37")
def test_reminded_loans_block_until_they_are_brought_back(world: World) -> None:
    world.rules(rule("block", "patron.overdue_reminder_block", 2))
    patron = world.patron()
    items = [world.lent(patron) for _ in range(3)]
    with world.service.database.writing() as db:
        for item, level in zip(items, (1, 2, 3), strict=True):
            db.execute(update(t.loan).where(t.loan.c.item_id == item).values(reminded=level))
    (block,) = told(world, patron)
    assert (block.code, block.params["level"]) == ("patron.overdue_reminder_block", 3)
    assert (block.lift.code, block.lift.params) == ("bring_back", {"items": 2})


def test_everything_is_told_at_once_as_the_account_tells_it_one_after_the_other(world: World) -> None:
    world.rules(rule("debts", "patron.debt_block", Amount(100)))
    patron = world.patron(owes=100, blocked=True, card_lost=True)
    assert [block.code for block in told(world, patron)] == [
        "patron_state.card_lost",
        "patron_state.blocked",
        "patron.debt_block",
    ]
    for stopped in (True, False):
        world.change_patron(patron, blocked=stopped, card_lost=stopped)
        account = people.account(world.service, AT, world.patron_id(patron))
        codes = [reason.code for reason in account["reasons"]]
        assert codes == [block.code for block in told(world, patron)][: len(codes)]
        assert codes


def test_what_lifts_a_block_has_a_code_that_is_known(world: World) -> None:
    world.rules(rule("debts", "patron.debt_block", Amount(0)), rule("block", "patron.overdue_reminder_block", 1))
    patron = world.patron(blocked=True, card_lost=True, valid_until=date(2020, 1, 1), valid_from=date(2030, 1, 1))
    world.lent(patron)
    with world.service.database.writing() as db:
        db.execute(update(t.loan).values(reminded=1))
    found = {block.lift.code for block in told(world, patron)}
    assert found == set(blocking.LIFTS) - {"pay"}


@pytest.mark.requirement("R81")
def test_many_fees_take_as_many_statements_as_few(world: World) -> None:
    world.rules(rule("debts", "patron.debt_block", Amount(100)))
    patron = world.patron(owes=100)
    told(world, patron)
    with noted(world.service) as few:
        told(world, patron)
    for _ in range(20):
        charge(world, patron, 5)
        pay(world, patron, 1)
    with noted(world.service) as many:
        told(world, patron)
    assert [text for text, _ in many] == [text for text, _ in few]


def test_nobody_is_not_blocked(world: World) -> None:
    world.rules()
    with pytest.raises(CirculationError) as error:
        explain_blocks(world.service, AT, "nobody")
    assert error.value.status == 404
