"""Loans that are due on days an organisation closes later: what would become of them, and moving them (R41).

Responsible for that nothing moves unless staff have seen it: what is moved is compared with what was shown. Not
responsible for entering closings (organising) or for how a date moves off a closing day (rules.duedate).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row

from circulation import audit
from circulation.clock import local_day
from circulation.domain.records import House, Item, item_facts, person_facts
from circulation.errors import CirculationError
from circulation.organising import Closing
from circulation.service import Service
from circulation.store import house
from circulation.store import moving as store
from circulation.store.circulating import ITEM_COLUMNS
from circulation.store.organising import hold_house
from rules import verdict
from rules.compiled import RuleSet
from rules.duedate import BranchCalendar, Span, moved
from rules.evaluate import decide
from rules.organisation import OrganisationTree

ADJUSTMENT = "periods.closing_adjustment"
MOST_LOANS = 5000  # shown, and moved, at a time; the others come with the next question
# Why a loan is not moved: its branch is open all the same; its calendar has no open day to move it to (R39).
Stays = Literal["open", "calendar"]
OPEN: Final = "open"
NO_DAY: Final = "calendar"
# Why one that was shown is left as it is: no longer due then; meant for another day by now.
Left = Stays | Literal["gone", "changed"]
GONE: Final = "gone"
CHANGED: Final = "changed"


@dataclass(frozen=True, slots=True)
class Affected:
    """An open loan that is due on one of the days.

    Attributes:
        branch: of the original checkout, whose rules and calendar move it.
        new_due: the day it would be due, None if it would stay.
        why: why it would stay, ``OPEN`` or ``NO_DAY``.
        rule: id of the rule that gives the days, None if there is none: to the next open day (R38).
    """

    loan: int
    item: str
    title: str
    branch: str
    due: date
    new_due: date | None
    why: Stays | None
    rule: str | None


@dataclass(frozen=True, slots=True)
class Away:
    """An open loan that was moved off one of the days before. ``was``: that day; ``by``: who of the staff moved it."""

    loan: int
    item: str
    title: str
    branch: str
    was: date
    due: date
    by: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What a closing means for loans.

    Attributes:
        rule_set: number of the rules that were asked.
        loans: those that are due then, first those that would move.
        more: how many were left out.
        away: those that were moved off these days before. They do not move back when the closing is taken back.
    """

    rule_set: int
    loans: tuple[Affected, ...]
    more: int
    away: tuple[Away, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A loan as it was shown to whoever moves it."""

    loan: int
    due: date
    new_due: date


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the loans.

    Attributes:
        moved: those that were moved.
        left: number of a loan that was shown -> why it was left: ``OPEN``, ``NO_DAY``, ``GONE`` or ``CHANGED``.
        not_shown: how many more are due on those days and were not among those shown; nothing was done to them.
    """

    moved: tuple[Affected, ...]
    left: Mapping[int, Left]
    not_shown: int


# --- preview ----------------------------------------------------------------------------------------------------------


def preview(service: Service, organisation: str, first: date, last: date) -> Preview:
    """What becomes of the loans if an organisation is closed on these days, both inclusive.

    The closing may be entered already, or not yet, or have been taken back: it is always taken as if it held.

    Raises:
        CirculationError: there is no such organisation, the days are reversed or too many, or there are no rules yet.
    """
    closing = Closing(first, last, open=False)
    with service.database.reading() as db:
        now = _now(service, db)
        branches = _below(now.rules.organisations, organisation)
        calendars = _closed(db, now, organisation, closing)
        found = _affected(db, now, calendars, branches, closing)
        away = _away(db, branches, closing)
    ordered = sorted(found, key=lambda one: one.new_due is None)
    return Preview(now.house.rules.number, tuple(ordered[:MOST_LOANS]), max(len(ordered) - MOST_LOANS, 0), away)


@dataclass(frozen=True, slots=True)
class _Now:
    """What holds at this moment."""

    today: date
    rules: RuleSet
    house: House


def _now(service: Service, db: Connection) -> _Now:
    here = house.installation(db)
    today = local_day(service.clock(), here.time_zone)
    return _Now(today, *service.live.of(db, here, today.year))


def _below(tree: OrganisationTree, organisation: str) -> frozenset[str]:
    """The organisation and all below it."""
    if organisation not in tree.nodes:
        raise CirculationError("not_found", "there is no such organisation", 404)
    return frozenset(id_ for id_ in tree.nodes if organisation in tree.chain(id_))


def _closed(db: Connection, now: _Now, organisation: str, closing: Closing) -> Mapping[str, BranchCalendar]:
    """The calendars, as if the organisation were closed on those days."""
    own = house.openings(db)
    known = own[organisation]
    span = Span(closing.first, closing.last)
    own[organisation] = replace(known, exceptions=(*known.exceptions, (span, False)))
    return house.calendars_of(own, now.rules.organisations, now.today.year)


def _affected(
    db: Connection,
    now: _Now,
    calendars: Mapping[str, BranchCalendar],
    branches: Collection[str],
    closing: Closing,
) -> list[Affected]:
    rows = store.due(db, branches, closing.first, closing.last)
    return [_would_move(now, calendars[row.lent_at], row) for row in rows]


def _would_move(now: _Now, calendar: BranchCalendar, row: Row[Any]) -> Affected:
    """One loan, by the rules of the branch of its original checkout that hold today (R13)."""
    item = Item(*(row._mapping[column] for column in ITEM_COLUMNS))  # noqa: SLF001  # the public name of a row's keys
    facts = item_facts(item, person_facts(row.category, row.born, now.today, now.house.age_groups))
    about = (row.loan, item.id, row.called, row.lent_at, row.due)
    if calendar.is_open(row.due):
        return Affected(*about, None, OPEN, None)
    decision = decide(now.house.rules, ADJUSTMENT, row.lent_at, facts, now.today)
    rule = decision.rule.id if decision.rule is not None else None
    due = moved(row.due, calendar, verdict.adjustment(decision))
    return Affected(*about, None, NO_DAY, rule) if due is None else Affected(*about, due.day, None, rule)


def _away(db: Connection, branches: Collection[str], closing: Closing) -> tuple[Away, ...]:
    span = Span(closing.first, closing.last)
    found = []
    for row in store.moved(db, branches):
        steps = [step for step in row.moved if date.fromisoformat(step["was"]) in span]
        found += [
            Away(row.id, row.item_id, row.title, row.branch, date.fromisoformat(step["was"]), row.due, step["by"])
            for step in steps[-1:]
        ]
    return tuple(found)


# --- moving -----------------------------------------------------------------------------------------------------------


def move(service: Service, by: str, organisation: str, first: date, last: date, expected: Sequence[Shown]) -> Outcome:
    """Move loans that are due on these days off them, in one transaction, with the calendar that now holds.

    A loan that was returned, renewed or moved meanwhile, or that would go to another day than the one shown, is left
    as it is and reported. One that was not shown is not touched.

    Args:
        service: the service.
        by: who of the staff.
        organisation: whose loans, and those of all below it.
        first: first day.
        last: last day, inclusive.
        expected: the loans as they were shown.

    Raises:
        CirculationError: as ``preview``.
    """
    closing = Closing(first, last, open=False)

    def work(db: Connection) -> Outcome:
        return _move(service, db, by, organisation, closing, expected)

    return service.database.again_if_overtaken(work)


def _move(
    service: Service, db: Connection, by: str, organisation: str, closing: Closing, expected: Sequence[Shown]
) -> Outcome:
    hold_house(db)
    now = _now(service, db)
    branches = _below(now.rules.organisations, organisation)
    held = store.hold_items(db, branches, closing.first, closing.last)
    rows = {row.loan: row for row in store.due(db, branches, closing.first, closing.last) if row.id in held}
    left: dict[int, Left] = {}
    going: list[Affected] = []
    for shown in {one.loan: one for one in expected}.values():
        row = rows.get(shown.loan)
        found = _would_move(now, now.house.calendars[row.lent_at], row) if row is not None else None
        why = _why_left(shown, found)
        if why is not None or found is None:
            left[shown.loan] = why or GONE
        else:
            going.append(found)
    at = service.clock()
    store.move(db, [_change(one, rows[one.loan], now, by, at, organisation) for one in going])
    outcome = Outcome(tuple(going), left, len(rows.keys() - {shown.loan for shown in expected}))
    audit.note(db, at, by, "closing.move", organisation, _told(closing, outcome))
    return outcome


def _why_left(shown: Shown, found: Affected | None) -> Left | None:
    if found is None:
        return GONE
    if found.new_due is None:
        return found.why
    return None if (found.due, found.new_due) == (shown.due, shown.new_due) else CHANGED


def _change(one: Affected, row: Row[Any], now: _Now, by: str, at: datetime, organisation: str) -> dict[str, Any]:
    """Columns of a loan that moves; what decided the loan itself stays as it was (R78)."""
    if one.new_due is None:
        raise ValueError("a loan moves to a day")
    step = {
        "by": by,
        "at": at.isoformat(),
        "organisation": organisation,
        "was": one.due.isoformat(),
        "due": one.new_due.isoformat(),
        "rule_set": now.house.rules.number,
        "rule": one.rule,
    }
    return {"loan": one.loan, "to_day": one.new_due, "history": [*(row.moved or ()), step]}


def _told(closing: Closing, outcome: Outcome) -> dict[str, Any]:
    """For the audit log: how many loans went from which day to which, never whose."""
    counted = Counter((one.due, one.new_due) for one in outcome.moved)
    days = [
        {"from": was.isoformat(), "to": to.isoformat(), "loans": number}
        for (was, to), number in sorted(counted.items())
        if to is not None
    ]
    whole = {"first": closing.first.isoformat(), "last": closing.last.isoformat(), "loans": len(outcome.moved)}
    return {**whole, "days": days, "left": dict(Counter(outcome.left.values())), "not_shown": outcome.not_shown}
