"""Loans that are due soon or overdue: due warnings and overdue reminders (R15, R64, R66, R68)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from circulation.domain import noticing
from circulation.domain.charges import Person
from circulation.domain.noticing import Lent, Noticed
from circulation.domain.records import Place
from circulation.notices.addressees import Addressee
from circulation.notices.content import DUE_WARNING
from circulation.notices.due.telling import Sides, add, untold
from circulation.notices.due.today import todays, values
from circulation.notices.lines import Asked, Line
from circulation.store import circulating
from circulation.store import notices as store
from rules.values import Amount, Days


def patrons(db: Connection, place: Place, asked: Asked, after: str, most: int) -> list[str]:
    """Who may have such a loan, by id."""
    return store.borrowers(db, *_days(place, asked), after, most)


def _days(place: Place, asked: Asked) -> tuple[date, date]:
    if asked.kind == DUE_WARNING:
        return _warned_days(place, asked)
    return date.min, todays(place)[-1] - timedelta(days=1)


def _warned_days(place: Place, asked: Asked) -> tuple[date, date]:
    """Due days of loans that may be warned of, or were missed."""
    longest = max((value.days for value in values(place, noticing.WARNING_DAYS) if isinstance(value, Days)), default=0)
    days = asked.wanted.days if asked.wanted.days is not None else longest
    today = todays(place)
    return min(asked.missed_since or today[0], today[0]), today[-1] + timedelta(days=days)


def found(db: Connection, place: Place, asked: Asked, people: Mapping[str, Addressee]) -> Sides:
    """What is due for each of their loans; what was told before is left out."""
    told: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in store.about(db, asked.kind, list(people)):
        told[row.loan_id].append(row)
    sides: Sides = defaultdict(lambda: ([], []))
    for row in store.loans_due(db, list(people), *_days(place, asked)):
        line = _loan(place, asked, row, people[row.patron_id].person, told[row.loan])
        if line is not None:
            add(sides[row.patron_id], line, people[row.patron_id])
    return sides


def _loan(place: Place, asked: Asked, row: Row[Any], who: Person, told: list[Row[Any]]) -> Line | None:
    """What is due for a loan; None where it has its notice already, or gets none and nobody need know."""
    mine = of_period(place, asked.kind, row, told)
    noticed = decided(place, asked, row, who, mine)
    if asked.kind == DUE_WARNING and noticed.why == noticing.OVERDUE and mine:
        return None  # it was warned of, or is known not to have been
    period = period_of(place, asked.kind, row.lent_at, row.renewals)
    about = {"loan_id": row.loan, "loan_period": period, "due": row.due, "patron_id": who.id}
    return untold(place, Line(row.lent_at, noticed, about, row.called), mine)


def of_period(place: Place, kind: str, row: Row[Any], told: Iterable[Row[Any]]) -> list[Row[Any]]:
    """Of a kind's notices of a loan, those of the loan period it is in (R68)."""
    period = period_of(place, kind, row.lent_at, row.renewals)
    if period == 0:
        return list(told)
    return [one for one in told if one.loan_period == period or (one.loan_period == 0 and one.due == row.due)]


def decided(place: Place, asked: Asked, row: Row[Any], who: Person, mine: Iterable[Row[Any]]) -> Noticed:
    """What is due for a loan today at its branch, or why nothing is.

    Args:
        place: the moment and the rules.
        asked: what the task asks for; a kind about loans.
        row: the loan with its item, the item's columns first.
        who: the borrower.
        mine: its notices of this kind and loan period.
    """
    there = place.at(row.lent_at)
    sent = [there.day(one.ended_at) for one in mine if one.state == store.SENT and one.ended_at]
    item = circulating.item_of(row)
    lent = Lent(
        row.lent_at,
        row.due,
        there.day(row.renewed_at or row.out_at),
        row.period,
        row.reminded,
        max(sent, default=None),
        row.price,
        Amount(row.earlier),
    )
    if asked.kind == DUE_WARNING:
        return noticing.due_warning(there, item, lent, who, asked.wanted)
    return noticing.overdue_reminder(there, item, lent, who)


def period_of(place: Place, kind: str, branch: str, renewals: int) -> int:
    """Which loan period a notice belongs to (R68): 0 where a loan is warned of once and for all."""
    once = kind == DUE_WARNING and place.settings(branch).warn_once_per == "loan"
    return 0 if once else renewals + 1
