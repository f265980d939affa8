"""How a year is laid out on a page: months as rows of weeks, with the names of months and weekdays (Babel).

Not responsible for what a day is (calendars).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from babel import dates

from circulation.calendars import Day
from rules.duedate import WEEKDAYS

MOST_WEEKS = 6  # a month can touch


@dataclass(frozen=True, slots=True)
class Month:
    """One month.

    Attributes:
        name: "June", "Juni".
        weeks: always as many, of seven days each, Monday first; None = a day of another month.
    """

    number: int
    name: str
    weeks: tuple[tuple[Day | None, ...], ...]


def months(days: Sequence[Day], language: str) -> tuple[Month, ...]:
    """The months of a year, from all its days in order."""
    names = dates.get_month_names("wide", "stand-alone", language)
    return tuple(
        Month(number, str(names[number]), _weeks([day for day in days if day.day.month == number]))
        for number in range(1, len(names) + 1)
    )


def _weeks(days: Sequence[Day]) -> tuple[tuple[Day | None, ...], ...]:
    places: list[Day | None] = [*[None] * days[0].day.weekday(), *days]
    places += [None] * (MOST_WEEKS * WEEKDAYS - len(places))
    return tuple(tuple(places[at : at + WEEKDAYS]) for at in range(0, len(places), WEEKDAYS))


def weekdays(language: str, width: Literal["wide", "short"] = "wide") -> Mapping[int, str]:
    """Names of the weekdays, 0 = Monday."""
    return {number: str(name) for number, name in dates.get_day_names(width, "stand-alone", language).items()}


def month_of_year(first: date, language: str) -> str:
    """A month with its year: "June 2026"."""
    return str(dates.format_skeleton("yMMMM", first, locale=language))


def months_back(until: date, months: int) -> date:
    """The first day of so many months, the last of which is that of ``until``."""
    month = until.year * 12 + until.month - months
    return date(max(month // 12, 1), month % 12 + 1, 1)
