"""The calendar of a branch, from what its organisations say and from public holidays (R38-R40).

Not responsible for how a due date moves (rules.duedate).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

import holidays

from rules.duedate import BranchCalendar, Span

YEARS_BACK, YEARS_AHEAD = 1, 4  # for which public holidays are known; loans last longer nowhere


@dataclass(frozen=True, slots=True)
class Opening:
    """What one organisation says of its opening days; None = what the one above it says.

    Attributes:
        weekly_closed: weekdays, 0 = Monday.
        region: of the public holidays on which it is closed, e.g. "DE-NW"; "" = open on them.
        tours: planned days of a mobile unit.
        exceptions: days, and whether it is open on them.
    """

    weekly_closed: frozenset[int] | None = None
    region: str | None = None
    tours: frozenset[date] | None = None
    exceptions: tuple[tuple[Span, bool], ...] = ()


def known_region(region: str) -> bool:
    """Whether the public holidays of a region are known: a country, or country-subdivision."""
    country, _, part = region.partition("-")
    supported = holidays.list_supported_countries()
    return country in supported and (not part or part in supported[country])


def public_holidays(region: str, year: int) -> tuple[Span, ...]:
    """The public holidays of a region around a year."""
    country, _, part = region.partition("-")
    years = range(year - YEARS_BACK, year + YEARS_AHEAD + 1)
    found = holidays.country_holidays(country, subdiv=part or None, years=years)
    return tuple(Span(day, day) for day in sorted(found))


def branch_calendar(chain: Sequence[Opening], year: int) -> BranchCalendar:
    """The calendar where these openings hold, deepest first: the deepest that says something decides.

    Closings and openings add up along the chain: a library closes all its branches at once. What a deeper organisation
    says of a day beats what a higher one says.
    """
    weekly = next((one.weekly_closed for one in chain if one.weekly_closed is not None), frozenset())
    region = next((one.region for one in chain if one.region is not None), "")
    tours = next((one.tours for one in chain if one.tours is not None), None)
    closed: list[Span] = []
    opened: list[Span] = []
    for one in chain:
        own_closed = [span for span, is_open in one.exceptions if not is_open]
        opened += _without([span for span, is_open in one.exceptions if is_open], closed)
        closed += own_closed
    closed += public_holidays(region, year) if region else ()
    return BranchCalendar(weekly, _sorted(closed), _sorted(opened), tours)


def _without(opened: Iterable[Span], closed: Sequence[Span]) -> list[Span]:
    """Openings of a higher organisation, but for the days on which a deeper one is closed."""
    left: list[Span] = []
    for span in opened:
        days = [date.fromordinal(n) for n in range(span.first.toordinal(), span.last.toordinal() + 1)]
        left += [Span(day, day) for day in days if not any(day in other for other in closed)] if closed else [span]
    return left


def _sorted(spans: Iterable[Span]) -> tuple[Span, ...]:
    return tuple(sorted(set(spans), key=lambda span: (span.first, span.last)))


# --- a year to look at ------------------------------------------------------------------------------------------------


class DayKind(StrEnum):
    """What a day is at an organisation."""

    OPEN = "open"
    TOUR = "tour"
    OPENED = "opened"
    WEEKLY = "weekly"
    HOLIDAY = "holiday"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Day:
    """A day and what it is."""

    day: date
    kind: DayKind


def days_of(chain: Sequence[Opening], year: int) -> tuple[Day, ...]:
    """Every day of a year where these openings hold, deepest first."""
    calendar = branch_calendar(chain, year)
    exceptions = [span for one in chain for span, is_open in one.exceptions if not is_open]
    first = date(year, 1, 1)
    days = (first + timedelta(days=n) for n in range((date(year, 12, 31) - first).days + 1))
    return tuple(Day(day, _kind(day, calendar, exceptions)) for day in days)


def _kind(day: date, calendar: BranchCalendar, exceptions: Sequence[Span]) -> DayKind:
    if any(day in span for span in calendar.opened):
        return DayKind.OPENED
    if calendar.closed_by_exception(day):
        return DayKind.CLOSED if any(day in span for span in exceptions) else DayKind.HOLIDAY
    if not calendar.is_open(day):
        return DayKind.WEEKLY
    return DayKind.OPEN if calendar.tours is None else DayKind.TOUR


def holiday_names(region: str, year: int, language: str) -> Mapping[date, str]:
    """What the public holidays of a region are called in a language, or else in one that is known."""
    if not region:
        return {}
    country, _, part = region.partition("-")
    return dict(holidays.country_holidays(country, subdiv=part or None, years=year, language=language).items())
