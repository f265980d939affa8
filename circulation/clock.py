"""The time, as a value that is passed in. Tests pass their own; the command line always passes the real one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]


def real_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def local_day(instant: datetime, time_zone: str) -> date:
    """The calendar day of an instant at a branch."""
    return instant.astimezone(ZoneInfo(time_zone)).date()
