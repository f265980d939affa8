"""When something is due back, and from when a renewal gains time. Not responsible for the number of days (evaluate)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from rules.values import Days

_ALWAYS_OPEN = {"open": "always"}


@dataclass(frozen=True, slots=True)
class BranchCalendar:
    """The days on which a branch is open. Made by its constructors; the one there is: open every day."""

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
        if not isinstance(raw, Mapping) or dict(raw) != _ALWAYS_OPEN:
            raise ValueError("this calendar is not understood")
        return cls.always_open()

    def to_plain(self) -> dict[str, object]:
        """As a JSON object."""
        return dict(_ALWAYS_OPEN)

    def open_day(self, day: date) -> date:
        """The day itself if the branch is open then, else the day to which a due date moves."""
        return day


def due_date(start: date, days: int, calendar: BranchCalendar) -> date:
    """The day an item is due.

    Args:
        start: day of the checkout or renewal.
        days: loan or renewal period, 0 to ``MOST_DAYS``.
        calendar: of the organisation that decided the period.

    Raises:
        ValueError: the number of days is out of range.
    """
    return calendar.open_day(start + timedelta(days=Days(days).days))


def renewable_from(due: date, days: int, calendar: BranchCalendar) -> date:
    """The first day on which a renewal for ``days`` would move the due date later (R13, "not later")."""
    day = due - timedelta(days=Days(days).days)
    while due_date(day, days, calendar) <= due:
        day += timedelta(days=1)
    return day
