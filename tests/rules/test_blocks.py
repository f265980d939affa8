"""What a block, a number of renewals, a queue and a renewal's date come to: R13, R25, R34, R36-R38, R86."""

from __future__ import annotations

from datetime import date

import pytest

from rules.duedate import BranchCalendar, Due, Span
from rules.evaluate import Decision
from rules.refusals import Reason, Scalar
from rules.values import Amount, Days, Value
from rules.verdict import adjustment, debt, dunned, later, queue_counts, reminded, renewals
from tests.rules.made import compiled, decided, rule

OVERDUE, PAYMENT = "patron.overdue_reminder_block", "patron.payment_reminder_block"
OPEN = BranchCalendar.always_open()


def says(kind: str, value: Value | None) -> Decision:
    """A decision for this value; None = by the default."""
    return decided(compiled(*(() if value is None else (rule("r", kind, "A", value),))), kind)


@pytest.mark.requirement("R34")
@pytest.mark.parametrize(("owed", "blocked"), [(999, False), (1000, True), (1001, True)])
def test_a_debt_blocks_from_its_limit_on(owed: int, blocked: bool) -> None:
    reason = debt(says("patron.debt_block", Amount(1000)), Amount(owed), "EUR")
    params: dict[str, Scalar] = {"amount": owed, "currency": "EUR", "limit": 1000}
    assert reason == (Reason("patron.debt_block", params) if blocked else None)
    assert debt(says("patron.debt_block", None), Amount(owed), "EUR") is None


@pytest.mark.requirement("R36")
@pytest.mark.parametrize(("level", "blocked"), [(0, False), (1, False), (2, True), (3, True)])
def test_payment_reminders_block_from_a_level_on(level: int, blocked: bool) -> None:
    reason = dunned(says(PAYMENT, 2), level, Amount(500), "EUR")
    assert reason == (Reason(PAYMENT, {"amount": 500, "currency": "EUR", "level": level}) if blocked else None)
    assert dunned(says(PAYMENT, None), level, Amount(500), "EUR") is None


@pytest.mark.requirement("R36")
@pytest.mark.requirement("R37")
def test_a_block_from_level_0_on_still_needs_a_reminder() -> None:
    assert dunned(says(PAYMENT, 0), 0, Amount(500), "EUR") is None
    assert dunned(says(PAYMENT, 0), 1, Amount(500), "EUR") is not None
    assert reminded(says(OVERDUE, 0), 0, lambda level: level) is None


@pytest.mark.requirement("R37")
@pytest.mark.parametrize(("least", "level", "counted"), [(0, 1, 1), (1, 1, 1), (2, 2, 2), (2, 5, 2), (2, 1, None)])
def test_overdue_reminders_block_and_the_loans_that_reached_the_level_are_counted(
    least: int, level: int, counted: int | None
) -> None:
    reason = reminded(says(OVERDUE, least), level, lambda reached: 10 + reached)
    wanted = None if counted is None else Reason(OVERDUE, {"items": 10 + counted, "level": level})
    assert reason == wanted
    assert reminded(says(OVERDUE, None), level, lambda reached: reached) is None


@pytest.mark.requirement("R25")
@pytest.mark.parametrize(
    ("least", "waiting", "counts"),
    [(0, 0, False), (0, 1, True), (1, 1, True), (3, 2, False), (3, 3, True), (None, 0, False), (None, 1, True)],
)
def test_a_queue_counts_from_its_minimum_on_and_from_one_at_the_earliest(
    least: int | None, waiting: int, counts: bool
) -> None:
    # the kinds of queues have a default of 0; one of numbers without a default says what none means
    kind = "counts.max_renewals" if least is None else "counts.queue_min_renewals"
    assert queue_counts(says(kind, least), waiting) is counts


@pytest.mark.requirement("R86")
def test_so_many_renewals_and_no_more() -> None:
    allows_two = says("counts.max_renewals", 2)
    assert renewals(allows_two, 1, {"due": "2026-06-15"}) is None
    refused = Reason("counts.max_renewals", {"due": "2026-06-15", "have": 2, "max": 2})
    assert renewals(allows_two, 2, {"due": "2026-06-15"}) == refused
    assert renewals(says("counts.max_renewals", None), 99, {}) is None


@pytest.mark.requirement("R38")
def test_the_days_of_a_closing_adjustment_are_0_without_a_rule() -> None:
    assert adjustment(says("periods.closing_adjustment", Days(7))) == 7
    assert adjustment(says("periods.closing_adjustment", None)) == 0
    assert adjustment(says("periods.loan", None)) == 0


def closed(day: date) -> BranchCalendar:
    return BranchCalendar(closed=(Span(day, day),))


@pytest.mark.requirement("R13")
@pytest.mark.requirement("R38")
def test_a_renewal_is_moved_off_a_closing_day() -> None:
    due, on, unmoved = date(2026, 6, 8), date(2026, 6, 1), date(2026, 6, 15)
    shut = closed(unmoved)
    assert later(due, on, Days(14), shut) == Due(date(2026, 6, 16), unmoved, 0)
    assert later(due, on, Days(14), shut, 7) == Due(date(2026, 6, 22), unmoved, 1)
    never = BranchCalendar(weekly_closed=frozenset(range(7)))
    assert later(due, on, Days(14), never) == Reason("calendar")


@pytest.mark.requirement("R13")
def test_a_renewal_may_count_from_the_due_date() -> None:
    due, on = date(2026, 6, 29), date(2026, 6, 1)
    assert later(due, on, Days(7), OPEN, from_due=True) == Due(date(2026, 7, 6), date(2026, 7, 6))
    assert later(due, on, Days(0), OPEN, from_due=True) == Reason("not_later", {"due": "2026-06-29"})


@pytest.mark.requirement("R13")
@pytest.mark.requirement("R38")
def test_the_first_day_a_renewal_gains_time_is_told_with_the_closing_days_in_mind() -> None:
    due, on, shut = date(2026, 6, 29), date(2026, 5, 25), closed(date(2026, 6, 23))
    assert later(due, on, Days(28), shut, 7) == Reason("not_later", {"due": "2026-06-29", "from": "2026-05-26"})
    assert later(due, on, Days(28), shut) == Reason("not_later", {"due": "2026-06-29", "from": "2026-06-02"})
