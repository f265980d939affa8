"""Closing days: how a due date moves off them, by the worked examples and for any calendar (R38-R40)."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.duedate import LOOK_AHEAD, MOST_STEPS, BranchCalendar, Due, Span, due_date, moved, renewable_from

SUNDAY = frozenset({6})


def day(text: str) -> date:
    return date.fromisoformat(text)


def span(first: str, last: str | None = None) -> Span:
    return Span(day(first), day(last or first))


N1 = BranchCalendar(
    SUNDAY,
    (span("2026-04-03"), span("2026-04-06"), span("2026-05-01"), span("2026-12-24", "2027-01-02")),
)
TOURS = frozenset(day("2026-04-10") + timedelta(weeks=3 * n) for n in range(12))
BUS = BranchCalendar(closed=(span("2026-05-01"),), tours=TOURS)


@pytest.mark.requirement("R38")
@pytest.mark.parametrize(
    ("out", "unadjusted", "due", "steps"),
    [
        ("2026-03-06", "2026-04-03", "2026-04-10", 1),  # Good Friday
        ("2026-03-09", "2026-04-06", "2026-04-13", 1),  # Easter Monday
        ("2026-03-10", "2026-04-07", "2026-04-07", 0),  # open
        ("2026-05-17", "2026-06-14", "2026-06-15", 0),  # a Sunday is stepped over, not by seven
        ("2026-03-08", "2026-04-05", "2026-04-07", 0),  # a Sunday followed by a closed Monday: the next open day
    ],
)
def test_a_due_date_on_a_closing_day_moves_by_seven_days(out: str, unadjusted: str, due: str, steps: int) -> None:
    assert due_date(day(out), 28, N1, 7) == Due(day(due), day(unadjusted), steps)


@pytest.mark.requirement("R38")
@pytest.mark.parametrize(("fallen", "open_day"), [("2026-04-03", "2026-04-04"), ("2026-12-25", "2027-01-04")])
def test_without_a_rule_it_moves_to_the_next_open_day(fallen: str, open_day: str) -> None:
    assert moved(day(fallen), N1, 0) == Due(day(open_day), day(fallen), 0)


@pytest.mark.requirement("R39")
def test_the_number_is_added_again_while_the_date_is_closed_by_exception() -> None:
    assert moved(day("2026-12-25"), N1, 7) == Due(day("2027-01-08"), day("2026-12-25"), 2)


@pytest.mark.requirement("R39")
def test_a_step_that_lands_on_a_weekly_closing_goes_on_to_the_next_open_day() -> None:
    closed = BranchCalendar(SUNDAY, (span("2026-06-17"),))
    assert moved(day("2026-06-17"), closed, 4) == Due(day("2026-06-22"), day("2026-06-17"), 1)


@pytest.mark.requirement("R39")
@pytest.mark.parametrize(("closed_weeks", "steps"), [(10, 10), (11, None)])
def test_after_ten_steps_nobody_guesses(closed_weeks: int, steps: int | None) -> None:
    first = day("2026-06-05")
    shut = BranchCalendar(closed=(Span(first, first + timedelta(weeks=closed_weeks) - timedelta(days=1)),))
    found = moved(first, shut, 7)
    assert (found.steps if found is not None else None) == steps
    assert MOST_STEPS == 10


@pytest.mark.requirement("R39")
def test_a_branch_that_never_opens_has_no_due_date() -> None:
    assert moved(day("2026-06-05"), BranchCalendar(frozenset(range(7))), 7) is None
    assert moved(day("2026-06-05"), BranchCalendar(tours=frozenset()), 21) is None


@pytest.mark.requirement("R39")
def test_an_exceptional_opening_beats_a_closing_and_a_closing_beats_the_week() -> None:
    opened = BranchCalendar(SUNDAY, (span("2026-06-14", "2026-06-15"),), (span("2026-06-14"),))
    assert opened.is_open(day("2026-06-14"))
    assert not opened.closed_by_exception(day("2026-06-14"))
    assert moved(day("2026-06-14"), opened, 7) == Due(day("2026-06-14"), day("2026-06-14"), 0)
    assert opened.closed_by_exception(day("2026-06-15"))
    sunday_closed_by_name = BranchCalendar(SUNDAY, (span("2026-06-14"),))
    assert moved(day("2026-06-14"), sunday_closed_by_name, 7) == Due(day("2026-06-22"), day("2026-06-14"), 1)


@pytest.mark.requirement("R40")
def test_a_cancelled_tour_moves_to_the_tour_after_it() -> None:
    assert due_date(day("2026-04-10"), 21, BUS, 21) == Due(day("2026-05-22"), day("2026-05-01"), 1)


@pytest.mark.requirement("R40")
def test_between_tours_a_mobile_unit_is_closed_only_weekly() -> None:
    assert moved(day("2026-05-20"), BUS, 21) == Due(day("2026-05-22"), day("2026-05-20"), 0)
    without_list = BranchCalendar(closed=(span("2026-05-01"),))
    assert moved(day("2026-05-20"), without_list, 21) == Due(day("2026-05-20"), day("2026-05-20"), 0)


@pytest.mark.requirement("R13")
def test_a_renewal_gains_time_from_the_first_day_whose_moved_date_is_later() -> None:
    # 28 days from 6 March fall on Good Friday and move by seven days, past a loan that is due on 8 April.
    assert renewable_from(day("2026-03-05"), day("2026-04-08"), 28, N1, 7) == day("2026-03-06")
    assert renewable_from(day("2026-06-01"), day("2026-06-29"), 28, N1) == day("2026-06-02")


days = st.dates(date(2026, 1, 1), date(2027, 12, 31))
spans = st.tuples(days, st.integers(0, 20)).map(lambda pair: Span(pair[0], pair[0] + timedelta(days=pair[1])))
calendars = st.builds(
    BranchCalendar,
    st.frozensets(st.integers(0, 6)),
    st.lists(spans, max_size=6).map(tuple),
    st.lists(spans, max_size=3).map(tuple),
    st.none() | st.frozensets(days, max_size=30),
)


@pytest.mark.requirement("R38")
@given(calendars, days, st.integers(0, 400))
def test_a_moved_date_is_open_and_never_earlier(calendar: BranchCalendar, fallen: date, adjustment: int) -> None:
    found = moved(fallen, calendar, adjustment)
    if found is None:
        return
    assert calendar.is_open(found.day)
    assert found.day >= fallen + timedelta(days=found.steps * adjustment)
    assert found.day - fallen <= timedelta(days=MOST_STEPS * adjustment + LOOK_AHEAD)
    assert found.steps == 0 or calendar.closed_by_exception(fallen)


@given(calendars)
def test_a_calendar_survives_its_json_form(calendar: BranchCalendar) -> None:
    assert BranchCalendar.from_plain(json.loads(json.dumps(calendar.to_plain()))) == calendar


PLAIN: dict[str, Any] = {"weekly_closed": [6], "closed": [], "opened": [], "tours": None}


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        {},
        {"open": "always"},
        {**PLAIN, "more": 1},
        {**PLAIN, "weekly_closed": [7]},
        {**PLAIN, "weekly_closed": [True]},
        {**PLAIN, "weekly_closed": 6},
        {**PLAIN, "tours": "2026-06-01"},
        {**PLAIN, "tours": [1]},
        {**PLAIN, "tours": ["1 June"]},
        {**PLAIN, "closed": {}},
        {**PLAIN, "closed": [["2026-06-01"]]},
        {**PLAIN, "closed": [["2026-06-02", "2026-06-01"]]},
        {**PLAIN, "opened": [[1, 2]]},
    ],
)
def test_a_calendar_that_is_not_understood_is_an_error_of_ours(wrong: object) -> None:
    with pytest.raises(ValueError):
        BranchCalendar.from_plain(wrong)


def test_the_end_of_the_calendar_is_no_crash() -> None:
    last = date.max
    assert moved(last, BranchCalendar(closed=(Span(last, last),)), 7) is None
    assert moved(last, BranchCalendar(frozenset({last.weekday()})), 0) is None
