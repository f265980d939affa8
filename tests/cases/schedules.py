"""The schedule of a task, as cases write it: "daily 07:00", "weekly on Mondays 07:00", "every 6 hours"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from circulation.jobs import schedule as times
from circulation.jobs.schedule import Schedule
from tests.cases.reading import CaseError
from tests.cases.words import WEEKDAYS

SEVEN = "07:00"
MIDNIGHT = "00:00"
_HOURS = re.compile(r"(?:(?:every|each)\s*)?(\d+)\s*(?:h|hours?)\b|\bhourly\b")
_SPAN = re.compile(r"\b([a-z]+)\s*(?:-|to|until|through)\s*([a-z]+)\b")
_WORD = re.compile(r"[^\s,;|&()/]+")
_ZONE = re.compile(r"\beurope/berlin\b")  # of the file: what all times are in anyhow
_NUMBER = re.compile("[1-7]")
_WEEKLY = frozenset({"weekly", "week"})
_AFTER_A_WORD = re.compile(r"(?<=[a-z]):")
_SEVERAL = {"weekdays": (1, 2, 3, 4, 5), "weekday": (1, 2, 3, 4, 5), "workdays": (1, 2, 3, 4, 5), "weekends": (6, 7)}
_SAYS_NOTHING = re.compile("daily|weekly|every|each|day|week|on|at|and|only|from|starting|time|o'clock|none")


def read(place: str, said: Any) -> Schedule:
    """A schedule; without a time of day it is at seven.

    Raises:
        CaseError: a word of it is not known, or there cannot be such a schedule.
    """
    text = _ZONE.sub(" ", _text(said))
    hours = _HOURS.search(text)
    words = _words(_HOURS.sub(" ", text))
    strange = [word for word in words if ":" not in word and not _named(word) and not _SAYS_NOTHING.fullmatch(word)]
    if strange:
        raise CaseError(f"{place}: the schedule {said!r} is not known at {strange[0]!r}")
    weekdays = sorted({day for word in words for day in _named(word)})
    if not weekdays and _WEEKLY.intersection(words):
        raise CaseError(f"{place}: the schedule {said!r} names no weekday")
    plain = {
        "times": [word.zfill(len(SEVEN)) for word in words if ":" in word] or [MIDNIGHT if hours else SEVEN],
        "weekdays": weekdays or list(times.WEEK),
        "every_hours": int(hours[1] or 1) if hours else None,
    }
    found = times.read(plain)
    if not isinstance(found, Schedule):
        raise CaseError(f"{place}: the schedule {said!r} cannot be so: {found[0].place}")
    return found


def days(place: str, said: Any) -> set[int]:
    """ISO numbers of weekdays, by name or by that number.

    Raises:
        CaseError: a word names none.
    """
    words = _words(_text(said))
    numbers = {word: {int(word)} if _NUMBER.fullmatch(word) else {*_named(word)} for word in words}
    strange = [word for word, found in numbers.items() if not found and not _SAYS_NOTHING.fullmatch(word)]
    if strange:
        raise CaseError(f"{place}: {strange[0]!r} is no weekday")
    return {day for found in numbers.values() for day in found}


def name(day: int) -> str:
    """The name of a weekday by its ISO number."""
    return WEEKDAYS[day - 1].capitalize()


def _text(said: Any) -> str:
    return _AFTER_A_WORD.sub(" ", " ".join(_values(said)).lower())


def _values(said: Any) -> Iterator[str]:
    """Words of a text, a list or a table; a number of hours keeps its name."""
    if isinstance(said, Mapping):
        for key, value in said.items():
            yield from (f"{value} hours",) if "hour" in key else _values(value)
    elif isinstance(said, list):
        for one in said:
            yield from _values(one)
    else:
        yield said.isoformat("minutes") if hasattr(said, "hour") else str(said)


def _words(text: str) -> list[str]:
    return _WORD.findall(_SPAN.sub(_spelled_out, text))


def _spelled_out(span: re.Match[str]) -> str:
    """Every day from one to another."""
    first, last = _day(span[1]), _day(span[2])
    return " ".join(WEEKDAYS[first - 1 : last]) if first and last else span[0]


def _named(word: str) -> tuple[int, ...]:
    """Weekdays a word names."""
    day = _day(word)
    return (day,) if day else _SEVERAL.get(word, ())


def _day(word: str) -> int:
    """ISO number of a weekday by its name, in short or in the plural; 0 = it is none."""
    said = word.rstrip(".s") if len(word) > 4 else word.rstrip(".")
    return next((number for number, day in enumerate(WEEKDAYS, 1) if len(said) >= 2 and day.startswith(said)), 0)
