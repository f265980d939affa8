"""What a decided value means: R11, R13, R34, R53-R57."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from rules.age import age_group, age_on
from rules.duedate import BranchCalendar, Due, due_date, renewable_from
from rules.refusals import Reason
from rules.values import Amount, Days, MinAge
from rules.verdict import debt, later, limit, period, permission
from tests.rules.made import AGE_GROUPS, compiled, decided, rule

OPEN = BranchCalendar.always_open()


@pytest.mark.requirement("R11")
@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (date(2008, 6, 10), date(2026, 6, 9), 17),
        (date(2008, 6, 10), date(2026, 6, 10), 18),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (date(2008, 2, 29), date(2028, 2, 29), 20),
        (date(2026, 6, 1), date(2026, 6, 1), 0),
        (date(2026, 6, 2), date(2026, 6, 1), None),
        (date(1800, 1, 1), date(2026, 6, 1), None),
        (None, date(2026, 6, 1), None),
    ],
)
def test_the_birthday_counts_as_reached(born: date | None, day: date, age: int | None) -> None:
    assert age_on(born, day) == age


@pytest.mark.requirement("R11")
@pytest.mark.parametrize(("day", "allowed"), [(date(2026, 6, 9), False), (date(2026, 6, 10), True)])
def test_a_minimum_age_is_compared_after_the_rule_matched(day: date, allowed: bool) -> None:
    rules = compiled(rule("dvd18", "circulation.checkout", "A", MinAge(18), media_type="DVD18"))
    decision = decided(rules, "circulation.checkout", on=day, media_type="DVD18", age=age_on(date(2008, 6, 10), day))
    refused = permission(decision)
    assert (refused is None) == allowed
    if refused is not None:
        assert refused.params == {"media_type": "DVD18", "min_age": 18, "age_known": True}


@pytest.mark.requirement("R11")
def test_an_unknown_date_of_birth_reaches_no_minimum_and_slips_to_no_later_rule() -> None:
    rules = compiled(
        rule("dvd18", "circulation.checkout", "A", MinAge(18), media_type="DVD18"),
        rule("all", "circulation.checkout", "A", True),
    )
    refused = permission(decided(rules, "circulation.checkout", media_type="DVD18"))
    assert refused == Reason("circulation.checkout", {"media_type": "DVD18", "min_age": 18, "age_known": False})


def test_a_plain_no_refuses_every_age() -> None:
    rules = compiled(rule("reference", "circulation.checkout", "A", False, material_type="reference"))
    decision = decided(rules, "circulation.checkout", material_type="reference", age=40)
    assert permission(decision) == Reason("circulation.checkout", {})


def test_only_yes_no_kinds_are_asked_for_permission() -> None:
    with pytest.raises(TypeError):
        permission(decided(compiled(), "periods.loan"))


@pytest.mark.parametrize(("age", "group"), [(0, "child"), (17, "child"), (18, "adult"), (None, None)])
def test_age_groups_hold_both_their_ends(age: int | None, group: str | None) -> None:
    assert age_group(age, AGE_GROUPS) == group


@pytest.mark.requirement("R34")
@pytest.mark.parametrize(("owed", "blocked"), [(0, False), (999, False), (1000, True), (1001, True)])
def test_the_block_begins_when_the_limit_is_reached(owed: int, blocked: bool) -> None:
    rules = compiled(rule("block", "patron.debt_block", "A", Amount(1000)))
    refused = debt(decided(rules, "patron.debt_block", patron_category="normal"), Amount(owed), "EUR")
    assert (refused is not None) == blocked
    if refused is not None:
        assert refused.params == {"amount": owed, "currency": "EUR", "limit": 1000}


@pytest.mark.requirement("R34")
def test_without_a_rule_no_debt_blocks() -> None:
    assert debt(decided(compiled(), "patron.debt_block"), Amount(10**9), "EUR") is None


@pytest.mark.requirement("R53")
@pytest.mark.requirement("R54")
@pytest.mark.requirement("R55")
@pytest.mark.parametrize(
    ("kind", "media_type"),
    [("self_service.checkout", "DVD18"), ("self_service.return", "GAME"), ("self_service.renewal", "DVD")],
)
def test_media_types_can_be_kept_from_the_machine(kind: str, media_type: str) -> None:
    message = {"de": "Bitte an der Theke.", "en": "At the desk, please."}
    rules = compiled(rule("no", kind, "N1", False, media_type=media_type, message=message))
    assert permission(decided(rules, kind, media_type=media_type)) == Reason(kind, {"media_type": media_type}, message)
    assert permission(decided(rules, kind, media_type="BOOK")) is None
    assert permission(decided(rules, kind, branch="N2", media_type=media_type)) is None


@pytest.mark.requirement("R57")
def test_a_self_service_refusal_and_a_limit_come_from_different_kinds() -> None:
    rules = compiled(
        rule("films", "self_service.checkout", "N1", False, media_type="DVD18"),
        rule("dvd", "counts.max_loans", "A", 10, media_type="DVD"),
        rule("18", "circulation.checkout", "A", MinAge(18), media_type="DVD18"),
    )
    facts: dict[str, Any] = {"media_type": "DVD", "age": 12}
    assert permission(decided(rules, "self_service.checkout", **facts)) is None
    full = limit(decided(rules, "counts.max_loans", **facts), 10)
    assert full is not None
    assert full.code == "counts.max_loans"
    at_machine = permission(decided(rules, "self_service.checkout", media_type="DVD18", age=12))
    at_desk = permission(decided(rules, "circulation.checkout", media_type="DVD18", age=12))
    assert at_machine is not None
    assert at_machine.code == "self_service.checkout"
    assert at_desk is not None
    assert at_desk.params["min_age"] == 18


@pytest.mark.requirement("R6")
def test_no_period_refuses_and_invents_no_date() -> None:
    assert period(decided(compiled(), "periods.loan", media_type="GAME")) == Reason(
        "no_loan_period", {"media_type": "GAME"}
    )
    rules = compiled(rule("l", "periods.loan", "A", Days(28)))
    assert period(decided(rules, "periods.loan", media_type="GAME")) == Days(28)


@pytest.mark.requirement("R12")
@pytest.mark.requirement("R13")
def test_due_dates_of_the_requirements() -> None:
    for start, days, due in (
        (date(2026, 6, 1), 14, date(2026, 6, 15)),
        (date(2026, 6, 20), 28, date(2026, 7, 18)),
        (date(2026, 7, 10), 28, date(2026, 8, 7)),
    ):
        assert due_date(start, days, OPEN) == Due(due, due)


@pytest.mark.requirement("R13")
def test_a_renewal_that_gains_nothing_is_refused_with_the_first_day_that_does() -> None:
    due = date(2026, 6, 29)
    refused = later(due, date(2026, 6, 1), Days(28), OPEN)
    assert refused == Reason("not_later", {"due": "2026-06-29", "from": "2026-06-02"})
    assert later(due, date(2026, 6, 2), Days(28), OPEN) == Due(date(2026, 6, 30), date(2026, 6, 30))
    assert renewable_from(date(2026, 6, 1), due, 28, OPEN) == date(2026, 6, 2)


@pytest.mark.parametrize("days", [-1, 36_501])
def test_a_number_of_days_out_of_range_gives_no_date(days: int) -> None:
    with pytest.raises(ValueError, match="days must be"):
        due_date(date(2026, 6, 1), days, OPEN)
