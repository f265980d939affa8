"""What machines and desks did: counted once a day before operations are forgotten, and looked at by month (R89).

The numbers name nobody. Not responsible for single decisions (searching) or for notices (notices.looking).
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row

from circulation.clock import day_begins, local_day
from circulation.errors import CirculationError
from circulation.jobs.running import Counts, Run
from circulation.operations import KIOSK
from circulation.service import Service
from circulation.store import house
from circulation.store import usage as store
from circulation.store.searching import Span
from circulation.transactions import ACTIONS, CHECKOUT

MOST_DAYS = 5 * 366  # looked at together


def count(service: Service, run: Run) -> Counts:
    """Count every day that is over and was not counted yet, each in a transaction of its own.

    Raises:
        RunStoppedError: the run was told to end; a later one goes on with it.
    """
    with service.database.reading() as db:
        zone = house.installation(db).time_zone
        last, oldest = store.last_day(db), store.first_operation(db)
    if oldest is None:
        return {"days": 0}
    day = max(last + timedelta(days=1) if last is not None else date.min, local_day(oldest, zone))
    counts = {"days": 0}
    today = local_day(service.clock(), zone)
    while day < today:
        run.go_on()
        following = day + timedelta(days=1)
        with service.database.writing() as db:
            store.count(db, day, Span(day_begins(day, zone), day_begins(following, zone)))
        counts["days"] += 1
        run.tell(**counts)
        day = following
    return counts


# --- looking ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Month:
    """One month. ``done``: by action; ``at_machines``: of the checkouts, those at a machine; ``refused``: anywhere."""

    first: date
    done: Mapping[str, int]
    at_machines: int
    refused: int

    @property
    def share(self) -> int | None:
        """Checkouts at machines, per cent of all; None where nothing was lent."""
        lent = self.done.get(CHECKOUT, 0)
        return round(100 * self.at_machines / lent) if lent else None


@dataclass(frozen=True, slots=True)
class Usage:
    """What there was.

    Attributes:
        months: those in which something was counted, in their order.
        refused_at_machines: reason code -> how often, most often first.
        media_types: (code, done at machines, done elsewhere, refused at machines), most used first.
    """

    months: tuple[Month, ...]
    refused_at_machines: tuple[tuple[str, int], ...]
    media_types: tuple[tuple[str, int, int, int], ...]


def looked_at(service: Service, first: date, last: date, branch: str | None = None) -> Usage:
    """Numbers from one day to another, both inclusive, of one branch or of all.

    Raises:
        CirculationError: too many days, or none.
    """
    _must_fit(first, last)
    with service.database.reading() as db:
        rows = store.by_month(db, first, last, branch)
    refused = _sums(rows, lambda row: row.reason, lambda row: row.channel == KIOSK and row.reason != "")
    return Usage(tuple(_months(rows)), tuple(refused.most_common()), tuple(_media_types(rows)))


def _must_fit(first: date, last: date) -> None:
    if not 0 <= (last - first).days <= MOST_DAYS:
        raise CirculationError("span", f"from 1 to {MOST_DAYS} days can be looked at", place="until")


_Rows = Sequence[Row[Any]]


def _sums(rows: _Rows, key: Callable[[Row[Any]], Any], which: Callable[[Row[Any]], bool]) -> Counter[Any]:
    found: Counter[Any] = Counter()
    for row in rows:
        if which(row):
            found[key(row)] += row.number
    return found


def _months(rows: _Rows) -> Iterator[Month]:
    for first in sorted({date(row.year, row.month, 1) for row in rows}):
        mine = [row for row in rows if (row.year, row.month) == (first.year, first.month)]
        done = _sums(mine, lambda row: row.action, lambda row: row.reason == "")
        machines = _sums(mine, lambda row: row.action, lambda row: row.reason == "" and row.channel == KIOSK)
        refused = sum(row.number for row in mine if row.reason)
        yield Month(first, {action: done[action] for action in ACTIONS}, machines[CHECKOUT], refused)


def _media_types(rows: _Rows) -> Iterator[tuple[str, int, int, int]]:
    machines = _sums(rows, lambda row: row.media_type, lambda row: row.reason == "" and row.channel == KIOSK)
    elsewhere = _sums(rows, lambda row: row.media_type, lambda row: row.reason == "" and row.channel != KIOSK)
    refused = _sums(rows, lambda row: row.media_type, lambda row: row.reason != "" and row.channel == KIOSK)
    for code, _ in (machines + elsewhere + refused).most_common():
        yield code, machines[code], elsewhere[code], refused[code]


def exported(service: Service, first: date, last: date, branch: str | None = None) -> str:
    """Every line as CSV, one for each day, branch, way, action, media type and reason.

    Raises:
        CirculationError: too many days, or none.
    """
    _must_fit(first, last)
    text = io.StringIO()
    out = csv.writer(text)
    with service.database.reading() as db:
        out.writerow(store.COLUMNS)
        out.writerows(store.days(db, first, last, branch))
    return text.getvalue()
