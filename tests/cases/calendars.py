"""The calendar of a branch in a world: weekdays, closings, exceptional openings, planned tour days (R38-R40)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, insert

from circulation.store import tables as t
from tests.cases import schedules
from tests.cases.reading import CaseError
from tests.cases.taking import Taking
from tests.cases.words import days, listed

WEEKLY = ("weekly_closed", "closed_weekly", "weekly_closing_days", "closed_weekdays")
CLOSED = ("clos", "cancel")  # parts of names
OPEN = ("open",)
HOLIDAYS = ("holidays", "public_holidays")
ONLY = ("open_only", "only_open")  # no other day is open: what tour days say
FIRST, LAST = ("from", "first", "start", "day", "date", "on"), ("until", "last", "end", "to", "through")
SAYS_NOTHING = ("note", "name", "reason", "comment", "why", "title")
TOURS_KNOWN = timedelta(days=400)  # how far ahead tours are planned that are said to go on


def fill(db: Connection, code: str, of: Taking) -> None:
    """Store what a world says of the opening days of a branch."""
    weekly = of.get(*WEEKLY, default=[])
    only = of.get(*ONLY)
    closed = of.several_like(*CLOSED)
    opened = of.several_like(*OPEN)
    holidays = of.get(*HOLIDAYS)
    if not isinstance(holidays, str) or any(days(holidays)):  # no code of a region: the days themselves
        closed += listed(holidays)
        holidays = None
    tours = of.like("tour", default=only)
    if isinstance(tours, Mapping):
        tour = Taking(f"{of.place}.tours", tours)
        closed += tour.several_like(*CLOSED)
        tours = list(_repeated(tour))
    values = {
        "weekly_closed": sorted(day - 1 for day in schedules.days(of.place, weekly)),
        "holidays": holidays,
        "tours": [_day(of.place, one).isoformat() for one in tours] if tours is not None else None,
    }
    of.done()
    db.execute(t.organisation.update().where(t.organisation.c.id == code).values(**values))
    for spans, is_open in ((closed, False), (opened, True)):
        for span in spans:
            first, last = _span(of.place, span)
            db.execute(
                insert(t.closing).values(organisation=code, first=first, last=last, open=is_open, note="of the case")
            )


def _span(place: str, raw: Any) -> tuple[date, date]:
    """The first and the last of some days: of a day, a text with one or two, or a table."""
    if isinstance(raw, Mapping):
        of = Taking(place, raw)
        of.get(*SAYS_NOTHING)
        raw = [of.get(*FIRST), of.get(*LAST)]
        of.done()
    found = list(days([one for one in raw if one is not None] if isinstance(raw, list) else raw))
    if not found:
        raise CaseError(f"{place}: {raw!r} is no day")
    return found[0], found[-1]


def _day(place: str, raw: Any) -> date:
    first, last = _span(place, raw)
    if first != last:
        raise CaseError(f"{place}: {raw!r} is more than a day")
    return first


def _repeated(of: Taking) -> Iterator[date]:
    """Tour days that come again every so many days or weeks."""
    first, last = _day(of.place, of.get(*FIRST)), of.get(*LAST)
    step = of.get("every_days", "days", "interval_days", default=7 * (of.get("every_weeks", "weeks") or 0))
    of.done()
    if type(step) is not int or step < 1:
        raise of.wrong("interval", step)
    end = _day(of.place, last) if last is not None else first + TOURS_KNOWN
    while first <= end:
        yield first
        first += timedelta(days=step)
