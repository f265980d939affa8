"""When something is due back: the calendar of a branch, and how a date that falls on a closing day moves (R38-R40).

Shared by machine and central service. Not responsible for the number of days (evaluate) or for holidays (circulation).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from rules.values import Days

MOST_STEPS = 10  # R39: after so many steps without an open day nobody guesses
LOOK_AHEAD = 366  # days within which the next open day must lie
WEEKDAYS = 7
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """Days from ``first`` to ``last``, both inclusive."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if isinstance(self.first, datetime) or isinstance(self.last, datetime):
            raise ValueError("a span is in days, not instants")
        if self.last < self.first:
            raise ValueError("a span ends before it begins")

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class BranchCalendar:
    """The days on which a branch is open.

    An exceptional closing beats the weekly pattern, an exceptional opening beats both (section L, R39).

    Attributes:
        weekly_closed: weekdays without opening, 0 = Monday.
        closed: exceptional closings: holidays, works, a cancelled tour.
        opened: exceptional openings.
        tours: planned days of a mobile unit; every other day then counts as closed only weekly (R40). None = it has no
            list, and the weekly pattern holds.
    """

    weekly_closed: frozenset[int] = frozenset()
    closed: tuple[Span, ...] = ()
    opened: tuple[Span, ...] = ()
    tours: frozenset[date] | None = None

    def __post_init__(self) -> None:
        if not self.weekly_closed <= set(range(WEEKDAYS)):
            raise ValueError("weekdays are 0 (Monday) to 6 (Sunday)")

    @classmethod
    def always_open(cls) -> BranchCalendar:
        """A branch that is open every day."""
        return cls()

    @classmethod
    def from_plain(cls, raw: object) -> BranchCalendar:
        """Read the JSON form.

        Raises:
            ValueError: it is not understood.
        """
        if not isinstance(raw, Mapping) or set(raw) != {"weekly_closed", "closed", "opened", "tours"}:
            raise ValueError("this calendar is not understood")
        weekly, tours = raw["weekly_closed"], raw["tours"]
        if not isinstance(weekly, list) or not all(type(day) is int for day in weekly):
            raise ValueError("weekly_closed is a list of weekdays, 0 to 6")
        if tours is not None and not isinstance(tours, list):
            raise ValueError("tours is a list of days or null")
        days = None if tours is None else frozenset(_day(text) for text in tours)
        return cls(frozenset(weekly), _spans(raw["closed"]), _spans(raw["opened"]), days)

    def to_plain(self) -> dict[str, object]:
        """As a JSON object."""
        return {
            "weekly_closed": sorted(self.weekly_closed),
            "closed": [[span.first.isoformat(), span.last.isoformat()] for span in self.closed],
            "opened": [[span.first.isoformat(), span.last.isoformat()] for span in self.opened],
            "tours": None if self.tours is None else [day.isoformat() for day in sorted(self.tours)],
        }

    def closed_by_exception(self, day: date) -> bool:
        """Closed on this one day, whatever the weekly pattern says."""
        return any(day in span for span in self.closed) and not any(day in span for span in self.opened)

    def is_open(self, day: date) -> bool:
        """Whether an item can be brought back on this day."""
        if any(day in span for span in self.opened):
            return True
        if any(day in span for span in self.closed):
            return False
        return day.weekday() not in self.weekly_closed if self.tours is None else day in self.tours

    def next_open(self, day: date) -> date | None:
        """The day itself or the first open one after it; None if there is none within ``LOOK_AHEAD`` days."""
        ahead = min(LOOK_AHEAD, (date.max - day).days)
        return next((found for n in range(ahead + 1) if self.is_open(found := day + timedelta(days=n))), None)


def _day(raw: object) -> date:
    if not isinstance(raw, str):
        raise ValueError("a day is written as 2026-06-01")
    return date.fromisoformat(raw)


def _spans(raw: object) -> tuple[Span, ...]:
    if not isinstance(raw, list) or not all(isinstance(pair, Sequence) and len(pair) == 2 for pair in raw):
        raise ValueError("closings and openings are pairs of days")
    return tuple(Span(_day(first), _day(last)) for first, last in raw)


@dataclass(frozen=True, slots=True)
class Due:
    """A due date and how it came about.

    Attributes:
        day: on which the item is due; the branch is open then.
        unadjusted: start plus period.
        steps: how often the closing-day adjustment was added (R38, R39).
    """

    day: date
    unadjusted: date
    steps: int = 0


def due_date(start: date, days: int, calendar: BranchCalendar, adjustment: int = 0) -> Due | None:
    """The day an item is due, or None if the calendar has no open day for it (refused with "calendar").

    Args:
        start: day of the checkout or renewal.
        days: loan or renewal period, 0 to ``MOST_DAYS``.
        calendar: of the organisation that decided the period.
        adjustment: days of ``periods.closing_adjustment``; 0 = to the next open day.

    Raises:
        ValueError: a number of days is out of range.
    """
    return moved(start + timedelta(days=Days(days).days), calendar, adjustment)


def moved(day: date, calendar: BranchCalendar, adjustment: int) -> Due | None:
    """Move a due date off a closing day (R38-R40); None if nobody can say to which day.

    The adjustment is added as long as the day lies in an exceptional closing, at most ``MOST_STEPS`` times. A day that
    is closed only weekly moves to the next open day, without a step.
    """
    step = timedelta(days=Days(adjustment).days)
    at, steps = day, 0
    while step and calendar.closed_by_exception(at):
        if steps == MOST_STEPS or date.max - at < step:
            return None
        at += step
        steps += 1
    found = calendar.next_open(at)
    return Due(found, day, steps) if found is not None else None


def renewable_from(on: date, due: date, days: int, calendar: BranchCalendar, adjustment: int = 0) -> date | None:
    """The first day after ``on`` on which a renewal for ``days`` from that day would move the due date later (R13).

    None if there is none until the day after the due date.
    """
    tries = (on + timedelta(days=n) for n in range(1, max((due - on).days, 0) + 2))
    return next((day for day in tries if _later(due_date(day, days, calendar, adjustment), due)), None)


def _later(new: Due | None, due: date) -> bool:
    return new is not None and new.day > due
