"""Answers about the rules themselves: who changed one and when, which set was live, which rules decide and which soon.

Not responsible for drafts and publishing (drafts) or for why one transaction came out as it did (explaining).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from circulation.clock import day_begins, local_day
from circulation.errors import CirculationError
from circulation.rulebook import drafts, publishing
from circulation.service import Service
from circulation.store import house
from circulation.store import rule_history as store
from rules.changes import RuleChanges, rule_changes
from rules.plain import rule_from_plain
from rules.rule import Rule

ADDED, CHANGED, REMOVED = "added", "changed", "removed"
BEGINS, ENDS = "begins", "ends"
MOST_DAYS = 3660

Plain = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PublishedSet:
    """A published set.

    Attributes:
        by: who published it, None if it was the command line of an older version.
        count: of its rules.
    """

    number: int
    published_at: datetime
    by: str | None
    note: str
    count: int


@dataclass(frozen=True, slots=True)
class SetSummary:
    """A published set against the one before; how many rules were added, removed and changed."""

    published: PublishedSet
    added: int
    removed: int
    changed: int


@dataclass(frozen=True, slots=True)
class RuleEvent:
    """What a set did to a rule.

    Attributes:
        what: "added", "changed" or "removed".
        before, after: the rule in the set before and in this one; None where it was not in it.
    """

    what: str
    published: PublishedSet
    before: Rule | None
    after: Rule | None


@dataclass(frozen=True, slots=True)
class RuleUse:
    """A rule of the live set, and how often it decided.

    Attributes:
        times: in recorded operations.
        last: the last time, None = never.
        state: "decided"; or why it did not: "inactive", "not_valid" (on no day of the time looked at), "never_reached"
            (earlier rules leave nothing of it), "not_recorded" (nothing of its kind was decided, so nothing can be
            said), "unused" (it could have).
    """

    rule: Rule
    times: int
    last: datetime | None
    state: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Which rules decided.

    Counted is how often a rule's id stands as the winner of a step in the trace of a checkout, renewal or return at
    any machine or desk, whether it was allowed or refused, by whichever set was live then: a rule that was changed and
    kept its id counts with what it was before. Not counted: reservations, reminders, what-if questions, what a machine
    refused by itself, and operations whose trace has had its time (setting ``traces_days``).

    Attributes:
        ruleset: number of the live set.
        since: from when on operations were looked at.
        oldest: when the first of them that was counted happened, None if none was.
        operations: how many were recorded, with a trace or without.
        rules: every rule of the live set, in its order.
    """

    ruleset: int
    since: datetime
    oldest: datetime | None
    operations: int
    rules: tuple[RuleUse, ...]

    @property
    def unused(self) -> tuple[Rule, ...]:
        """Rules that never decided although they can."""
        return tuple(use.rule for use in self.rules if use.state == "unused")


@dataclass(frozen=True, slots=True)
class Upcoming:
    """A rule that soon begins or ends. ``day``: its first day or its last one."""

    day: date
    what: str
    rule: Rule


# --- sets -------------------------------------------------------------------------------------------------------------


def _published(row: Any) -> PublishedSet:
    return PublishedSet(row.number, row.published_at, row.published_by, row.note or "", row.count)


def history(service: Service, rule: str) -> tuple[RuleEvent, ...]:
    """What the published sets did to the rule of this id, the newest first; nothing if there never was one.

    Args:
        service: the service.
        rule: its id; one of this id that came back after it was removed is the same rule.
    """
    events: list[RuleEvent] = []
    before: Plain | None = None
    with service.database.reading() as db:
        for row in store.sets_with_rules(db):
            after = next((raw for raw in row.rules if raw["id"] == rule), None)
            if before != after:
                events.append(_event(_published(row), before, after))
            before = after
    return tuple(reversed(events))


def _event(published: PublishedSet, before: Plain | None, after: Plain | None) -> RuleEvent:
    what = ADDED if before is None else REMOVED if after is None else CHANGED
    return RuleEvent(what, published, _rule(before), _rule(after))


def _rule(raw: Plain | None) -> Rule | None:
    return rule_from_plain(raw) if raw is not None else None


def sets(service: Service) -> tuple[SetSummary, ...]:
    """Every published set, the newest first, with what it changed."""
    found: list[SetSummary] = []
    before: dict[str, Plain] = {}
    with service.database.reading() as db:
        for row in store.sets_with_rules(db):
            after = {raw["id"]: raw for raw in row.rules}
            made = rule_changes(_differing(before, after), _differing(after, before))
            found.append(SetSummary(_published(row), len(made.added), len(made.removed), len(made.changed)))
            before = after
    return tuple(reversed(found))


def _differing(one: Mapping[str, Plain], other: Mapping[str, Plain]) -> Iterable[Rule]:
    """Rules of one set that are not as they are in another: most are, and need not be made."""
    return [rule_from_plain(raw) for key, raw in one.items() if other.get(key) != raw]


def sets_on(service: Service, day: date) -> tuple[PublishedSet, ...]:
    """Sets that were live on a day, in their order: more than one if another was published on it.

    Raises:
        CirculationError: the day lies outside of the calendar.
    """
    with service.database.reading() as db:
        zone = house.installation(db).time_zone
        try:
            first, before = day_begins(day, zone), day_begins(day + timedelta(days=1), zone)
            return tuple(_published(row) for row in store.sets_between(db, first, before))
        except OverflowError:
            raise CirculationError("bad_request", "the day lies outside of the calendar") from None


def between(service: Service, before: str, after: str) -> RuleChanges:
    """Which rules differ between two sets.

    Args:
        service: the service.
        before: "live", the number of a published set, or the id of a draft.
        after: likewise.

    Raises:
        CirculationError: there is no such set or draft.
    """
    with service.database.reading() as db:
        return rule_changes(*(drafts.rule_set(db, which).rules for which in (before, after)))


# --- rules that decide, and rules that soon will or no longer will ----------------------------------------------------


def usage(service: Service, days: int = 90) -> Usage:
    """How often each rule of the live set decided within the last days.

    Raises:
        CirculationError: no rule set was published yet, or the days are none or too many.
    """
    now = service.clock()
    since = now - timedelta(days=_some(days))
    with service.database.reading() as db:
        live = drafts.rule_set(db, drafts.LIVE)
        zone = house.installation(db).time_zone
        rows = store.decided_since(db, since)
        recorded = store.operations_since(db, since)
        reached = _never_reached(service, db, live.rules)
    won = {row.winner: row for row in rows if row.winner is not None}
    kinds = {row.kind for row in rows}
    first, today = local_day(since, zone), local_day(now, zone)

    def use(rule: Rule) -> RuleUse:
        row = won.get(rule.id)
        if row is not None:
            return RuleUse(rule, row.times, row.last, "decided")
        return RuleUse(rule, 0, None, _why_not(rule, first, today, reached, kinds))

    oldest = min((row.first for row in rows), default=None)
    return Usage(live.number, since, oldest, recorded, tuple(use(rule) for rule in live.rules))


def _never_reached(service: Service, db: Connection, rules: Sequence[Rule]) -> set[str]:
    found = publishing.findings(service, db, rules)
    return {one.rules[0] for one in found if one.code == "never_reached"}


def _why_not(rule: Rule, first: date, today: date, unreached: set[str], kinds: set[str]) -> str:
    """Why a rule did not decide between two days."""
    if not rule.active:
        return "inactive"
    if (rule.valid_from or date.min) > today or (rule.valid_until or date.max) < first:
        return "not_valid"
    if rule.id in unreached:
        return "never_reached"
    return "unused" if rule.kind in kinds else "not_recorded"


def upcoming(service: Service, days: int = 30) -> tuple[Upcoming, ...]:
    """Active rules of the live set whose first day comes, or whose last day is today or comes, within so many days.

    Raises:
        CirculationError: no rule set was published yet, or the days are none or too many.
    """
    with service.database.reading() as db:
        rules = drafts.rule_set(db, drafts.LIVE).rules
        today = local_day(service.clock(), house.installation(db).time_zone)
    until = today + timedelta(days=_some(days))
    found = [
        Upcoming(day, what, rule)
        for rule in rules
        for day, what, least in (
            (rule.valid_from, BEGINS, today + timedelta(days=1)),
            (rule.valid_until, ENDS, today),
        )
        if rule.active and day is not None and least <= day <= until
    ]
    return tuple(sorted(found, key=lambda one: (one.day, one.what, one.rule.id)))


def _some(days: int) -> int:
    if not 1 <= days <= MOST_DAYS:
        raise CirculationError("bad_request", f"days: 1 to {MOST_DAYS}")
    return days
