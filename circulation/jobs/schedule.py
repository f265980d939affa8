"""When a task is due: local times of day on weekdays, and the instants they are (R65). Pure.

A slot is a local date and time of day, without a zone. Each has one instant, so that there is one run for each local
date and time, daylight saving included: a slot that does not exist is due at the first instant after the gap, a slot
that happens twice is due the first time. Not responsible for what has run already (claiming).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

from circulation.domain.policy import Mistake

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
WEEK = (1, 2, 3, 4, 5, 6, 7)  # ISO: Monday is 1
MOST_HOURS = 12
MOST_TIMES = 24
FIELDS = ("times", "weekdays", "every_hours")
AROUND = 2 * DAY  # no zone has left out or repeated more than a day
RUNS_LOOKED_AT = 5  # runs of one time of day that are looked at for ``usually_off``


@dataclass(frozen=True)
class Schedule:
    """Times of day on weekdays.

    Attributes:
        times: local times of day, to the minute.
        weekdays: ISO numbers, Monday is 1.
        every_hours: with one time: that one and every so many hours after it on the same day; None = the times alone.
    """

    times: tuple[time, ...]
    weekdays: tuple[int, ...] = WEEK
    every_hours: int | None = None

    @cached_property
    def of_day(self) -> tuple[time, ...]:
        """Every time of day, in order."""
        if self.every_hours is None:
            return tuple(sorted(self.times))
        (first,) = self.times
        return tuple(first.replace(hour=hour) for hour in range(first.hour, 24, self.every_hours))

    def plain(self) -> dict[str, Any]:
        """As JSON; ``read`` takes it back."""
        times = [text(one) for one in self.times]
        return {"times": times, "weekdays": list(self.weekdays), "every_hours": self.every_hours}


def text(moment: time) -> str:
    """A time of day as "07:00"."""
    return moment.isoformat("minutes")


def slot_text(slot: datetime) -> str:
    """A slot as "2027-03-28T02:30"."""
    return slot.isoformat(timespec="minutes")


# --- reading ----------------------------------------------------------------------------------------------------------


def read(plain: object) -> Schedule | tuple[Mistake, ...]:
    """A schedule from JSON, or everything that is wrong with it; places begin with "schedule"."""
    if not isinstance(plain, Mapping):
        return (Mistake("schedule", "schedule"),)
    found = tuple(chain(_unknown(plain), _times(plain), _weekdays(plain), _hours(plain)))
    if found:
        return found
    times = tuple(sorted(map(time.fromisoformat, plain["times"])))
    weekdays = tuple(sorted(plain.get("weekdays", WEEK)))
    return Schedule(times, weekdays, plain.get("every_hours"))


def _unknown(plain: Mapping[Any, Any]) -> Iterator[Mistake]:
    if set(plain) - set(FIELDS):
        yield Mistake("schedule", "unknown", {"names": ", ".join(FIELDS)})


def _times(plain: Mapping[Any, Any]) -> Iterator[Mistake]:
    given = plain.get("times")
    if not isinstance(given, Sequence) or isinstance(given, str) or not 1 <= len(given) <= MOST_TIMES:
        yield Mistake("schedule.times", "times", {"most": MOST_TIMES})
        return
    for number, one in enumerate(given):
        if not _is_time(one):
            yield Mistake(f"schedule.times.{number}", "time")
        elif one in given[:number]:
            yield Mistake(f"schedule.times.{number}", "twice")


def _is_time(given: object) -> bool:
    try:
        return isinstance(given, str) and text(time.fromisoformat(given)) == given
    except ValueError:
        return False


def _weekdays(plain: Mapping[Any, Any]) -> Iterator[Mistake]:
    given = plain.get("weekdays", WEEK)
    if not isinstance(given, Sequence) or not given or any(type(one) is not int or one not in WEEK for one in given):
        yield Mistake("schedule.weekdays", "weekdays")
    elif len(set(given)) < len(given):
        yield Mistake("schedule.weekdays", "twice")


def _hours(plain: Mapping[Any, Any]) -> Iterator[Mistake]:
    given = plain.get("every_hours")
    if given is None:
        return
    if type(given) is not int or not 1 <= given <= MOST_HOURS:
        yield Mistake("schedule.every_hours", "number", {"least": 1, "most": MOST_HOURS})
    times = plain.get("times")
    if isinstance(times, Sequence) and len(times) > 1:
        yield Mistake("schedule.times", "one_time")


# --- slots and instants -----------------------------------------------------------------------------------------------


def due(slot: datetime, zone: ZoneInfo) -> datetime:
    """The one instant of a slot, in UTC."""
    first = slot.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == slot:
        return first
    return _end_of_gap(slot, zone)


def _end_of_gap(slot: datetime, zone: ZoneInfo) -> datetime:
    """The first instant after the gap a slot lies in: where the zone's offset changes."""
    late, early = (slot.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    after = late.astimezone(zone).utcoffset()
    while late - early > SECOND:
        middle = early + SECOND * ((late - early) // SECOND // 2)
        if middle.astimezone(zone).utcoffset() == after:
            late = middle
        else:
            early = middle
    return late


def slot_after(schedule: Schedule, slot: datetime) -> datetime:
    """The slot that follows another, or any local time."""
    return next(one for one in _onwards(schedule, slot.date()) if one > slot)


def next_slot(schedule: Schedule, zone: ZoneInfo, instant: datetime) -> datetime:
    """The first slot that is due after an instant."""
    begin = instant.astimezone(zone).date() - AROUND
    return next(slot for slot in _onwards(schedule, begin) if due(slot, zone) > instant)


def latest_slot(schedule: Schedule, zone: ZoneInfo, instant: datetime) -> datetime:
    """The last slot that was due at or before an instant."""
    begin = instant.astimezone(zone).date() + AROUND
    return next(slot for slot in _backwards(schedule, begin) if due(slot, zone) <= instant)


def _onwards(schedule: Schedule, day: date) -> Iterator[datetime]:
    while True:
        if day.isoweekday() in schedule.weekdays:
            yield from (datetime.combine(day, moment) for moment in schedule.of_day)
        day += DAY


def _backwards(schedule: Schedule, day: date) -> Iterator[datetime]:
    while True:
        if day.isoweekday() in schedule.weekdays:
            yield from (datetime.combine(day, moment) for moment in reversed(schedule.of_day))
        day -= DAY


# --- advice -----------------------------------------------------------------------------------------------------------


def missed_weekdays(schedule: Schedule, days: int) -> tuple[int, ...]:
    """Weekdays on which a loan may be due without any run in time, which looks ``days`` ahead (R66)."""
    reached = {(run + ahead - 1) % 7 + 1 for run in schedule.weekdays for ahead in range(min(days, 6) + 1)}
    return tuple(day for day in WEEK if day not in reached)


def usually_off(runs: Sequence[tuple[datetime, bool]]) -> tuple[time, ...]:
    """Times of day at which this computer is usually off (R71).

    Args:
        runs: slots that had a run, newest first, and whether it had to be made up.
    """
    found: dict[time, list[bool]] = {}
    for slot, made_up in runs:
        found.setdefault(slot.time(), []).append(made_up)
    looked_at = {moment: made_up[:RUNS_LOOKED_AT] for moment, made_up in found.items()}
    return tuple(sorted(moment for moment, made in looked_at.items() if sum(made) * 2 > RUNS_LOOKED_AT))
