"""The time, as a value that is passed in. Tests pass their own; the command line always passes the real one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]


def real_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def local_day(instant: datetime, time_zone: str) -> date:
    """The calendar day of an instant at a branch."""
    return instant.astimezone(ZoneInfo(time_zone)).date()


def day_begins(day: date, time_zone: str) -> datetime:
    """The first instant of a calendar day at a branch, in UTC.

    Raises:
        OverflowError: it lies outside of the calendar.
    """
    return datetime.combine(day, time(), ZoneInfo(time_zone)).astimezone(UTC)
