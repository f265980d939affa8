"""The overdue fee: periods, grace and cap, by the worked examples (R28, R33, R45)."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.duedate import BranchCalendar, Span
from rules.overdue import days_late, overdue_fee
from rules.values import Amount, Days, Fee, FeeBasis, FeeStep

NO_GRACE = Days(0)


def periods(basis: FeeBasis, *amounts: int) -> Fee:
    """Periods of 7, 14 and 9999 days."""
    return Fee(basis, tuple(FeeStep(days, Amount(a)) for days, a in zip((7, 14, 9999), amounts, strict=True)))


def daily(minor: int) -> Fee:
    return Fee(FeeBasis.PER_DAY, (FeeStep(None, Amount(minor)),))


@pytest.mark.requirement("R33")
@pytest.mark.parametrize(
    ("late", "fixed", "per_day"),
    [
        (4, 1000, 400),
        (7, 1000, 700),
        (8, 2000, 1600),
        (10, 2000, 2000),
        (14, 2000, 2800),
        (15, 3000, 4500),
        (30, 3000, 9000),
        (0, 0, 0),
        (10_000, 3000, 3_000_000),
    ],
)
def test_the_one_period_that_covers_the_delay_decides(late: int, fixed: int, per_day: int) -> None:
    assert overdue_fee(late, NO_GRACE, periods(FeeBasis.FIXED, 1000, 2000, 3000), None).amount.minor == fixed
    assert overdue_fee(late, NO_GRACE, periods(FeeBasis.PER_DAY, 100, 200, 300), None).amount.minor == per_day


@pytest.mark.requirement("R45")
@pytest.mark.parametrize(("returned", "amount"), [(1, 0), (3, 0), (4, 100), (6, 300)])
def test_days_of_grace_stay_free_even_after_them(returned: int, amount: int) -> None:
    late = days_late(date(2026, 6, 1), date(2026, 6, returned))
    assert overdue_fee(late, Days(2), daily(100), None).amount.minor == amount


@pytest.mark.requirement("R33")
def test_the_delay_after_grace_selects_the_period() -> None:
    found = overdue_fee(9, Days(2), periods(FeeBasis.FIXED, 1000, 2000, 3000), None)
    assert (found.days_late, found.charged_days, found.amount.minor) == (9, 7, 1000)


@pytest.mark.requirement("R28")
@pytest.mark.parametrize(("cap", "amount"), [(500, 500), (200, 200), (None, 760), (0, 0), (760, 760)])
def test_a_fee_never_exceeds_the_cap(cap: int | None, amount: int) -> None:
    found = overdue_fee(40, Days(2), daily(20), Amount(cap) if cap is not None else None)
    assert (found.uncapped.minor, found.amount.minor) == (760, amount)


@pytest.mark.requirement("R33")
def test_closed_days_can_be_left_out_weekly_ones_too() -> None:
    calendar = BranchCalendar(frozenset({6}), (Span(date(2026, 6, 4), date(2026, 6, 4)),))
    due, on = date(2026, 6, 1), date(2026, 6, 8)
    assert days_late(due, on) == 7
    assert days_late(due, on, calendar) == 5  # without Thursday 4 and Sunday 7 June
    assert days_late(due, due, calendar) == days_late(due, date(2026, 5, 1)) == 0


def test_without_a_fee_rule_nothing_is_charged() -> None:
    assert overdue_fee(40, NO_GRACE, None, Amount(500)).amount.minor == 0


@given(st.integers(0, 500), st.integers(0, 30), st.integers(0, 1000), st.none() | st.integers(0, 5000))
def test_a_fee_is_never_negative_and_never_above_its_cap(late: int, grace: int, minor: int, cap: int | None) -> None:
    found = overdue_fee(late, Days(grace), daily(minor), Amount(cap) if cap is not None else None)
    assert found.uncapped.minor == max(late - grace, 0) * minor
    assert found.amount.minor == min(found.uncapped.minor, found.uncapped.minor if cap is None else cap)
