"""The installation, its organisations and codes, and published rule sets."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from circulation.calendars import Opening, branch_calendar
from circulation.domain.policy import LANGUAGES, Source, SourceKind, policy
from circulation.domain.records import House
from circulation.domain.settings import Settings
from circulation.domain.settings import settings as merged
from circulation.errors import CirculationError
from circulation.store import policies
from circulation.store import tables as t
from circulation.store.engine import hold
from rules.age import AgeGroups
from rules.check import KnownCodes
from rules.compiled import RuleSet, compile_rules
from rules.duedate import BranchCalendar, Span
from rules.organisation import Organisation, OrganisationTree
from rules.plain import rule_from_plain, rule_to_plain
from rules.rule import Rule


@dataclass(frozen=True, slots=True)
class Installation:
    """What holds for the whole installation.

    Attributes:
        live: number of the published rule set, None before the first.
        version: counts changes of organisations, codes, settings and calendars.
    """

    generation: str
    library: str
    isils: tuple[str, ...]
    currency: str
    time_zone: str
    live: int | None
    version: int


_INSTALLATION = select(t.installation)  # built once: every request asks


def installation(db: Connection) -> Installation:
    """The installation's row.

    Raises:
        CirculationError: nothing was set up yet.
    """
    row = db.execute(_INSTALLATION).one_or_none()
    if row is None:
        raise CirculationError(
            "not_set_up",
            "this database is empty: run 'circulation init', or 'circulation demo-data' for a library to try with",
        )
    here = (row.currency, row.time_zone, row.live_rules, row.house_version)
    return Installation(row.generation, row.library, tuple(row.isils), *here)


def is_set_up(db: Connection) -> bool:
    """Whether there is a library in this database."""
    return db.execute(_INSTALLATION).first() is not None


def changed(db: Connection) -> None:
    """Organisations, codes, settings or calendars have changed: every server process reads them anew."""
    db.execute(update(t.installation).values(house_version=t.installation.c.house_version + 1))


def organisations(db: Connection) -> OrganisationTree:
    """All organisations."""
    rows = db.execute(select(t.organisation))
    return OrganisationTree({row.id: Organisation(row.id, row.name, row.parent, row.kind) for row in rows})


def media_types(db: Connection) -> dict[str, dict[str, str]]:
    """Media types with their names in the plural by language."""
    return {row.code: dict(row.names) for row in db.execute(select(t.media_type).order_by(t.media_type.c.code))}


def age_groups(db: Connection) -> AgeGroups:
    """Age groups with their ranges, both ends inclusive."""
    return {row.code: (row.least, row.most) for row in db.execute(select(t.age_group))}


def known_codes(db: Connection) -> KnownCodes:
    """Codes a rule may name here."""
    categories = db.execute(select(t.patron_category.c.code)).scalars()
    return KnownCodes(
        frozenset(organisations(db).nodes),
        frozenset(media_types(db)),
        frozenset(categories),
        frozenset(age_groups(db)),
    )


def settings(db: Connection, tree: OrganisationTree) -> dict[str, Settings]:
    """Settings of every organisation, with what it inherits."""
    rows = db.execute(select(t.organisation.c.id, t.organisation.c.settings))
    own = {row.id: row.settings or {} for row in rows}
    return {org: merged([own[at] for at in tree.chain(org)]) for org in tree.nodes}


def zones(db: Connection) -> dict[str, str]:
    """The time zone of every organisation: its own, or one it inherits."""
    usual = installation(db).time_zone
    return {org: made.time_zone or usual for org, made in settings(db, organisations(db)).items()}


def openings(db: Connection) -> dict[str, Opening]:
    """What each organisation says of its opening days."""
    exceptions: dict[str, list[tuple[Span, bool]]] = defaultdict(list)
    for row in db.execute(select(t.closing).order_by(t.closing.c.first, t.closing.c.id)):
        exceptions[row.organisation].append((Span(row.first, row.last), row.open))
    return {row.id: _opening(row, tuple(exceptions[row.id])) for row in db.execute(select(t.organisation))}


def _opening(row: Any, exceptions: tuple[tuple[Span, bool], ...]) -> Opening:
    weekly = None if row.weekly_closed is None else frozenset(row.weekly_closed)
    tours = None if row.tours is None else frozenset(date.fromisoformat(day) for day in row.tours)
    return Opening(weekly, row.holidays, tours, exceptions)


def calendars(db: Connection, tree: OrganisationTree, year: int) -> dict[str, BranchCalendar]:
    """The calendar of every organisation, with what it inherits and the public holidays around a year."""
    return calendars_of(openings(db), tree, year)


def calendars_of(own: Mapping[str, Opening], tree: OrganisationTree, year: int) -> dict[str, BranchCalendar]:
    """The same, where each organisation says this of its opening days."""
    return {org: branch_calendar([own[at] for at in tree.chain(org)], year) for org in tree.nodes}


def publish(db: Connection, rules: Iterable[Rule], now: datetime, by: str | None = None, note: str = "") -> int:
    """Store a new immutable set and make it live; its number."""
    plain = [rule_to_plain(rule) for rule in rules]
    checksum = hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
    hold(db, "publish")  # two at once would take the same number
    number = int(db.execute(select(func.coalesce(func.max(t.rule_set.c.number), 0))).scalar_one()) + 1
    db.execute(
        insert(t.rule_set).values(
            number=number, rules=plain, checksum=checksum, published_at=now, published_by=by, note=note
        )
    )
    db.execute(update(t.installation).values(live_rules=number))
    return number


def rule_set(db: Connection, number: int) -> RuleSet:
    """A published set."""
    raw = db.execute(select(t.rule_set.c.rules).where(t.rule_set.c.number == number)).scalar_one()
    return RuleSet(number, tuple(rule_from_plain(rule) for rule in raw), organisations(db))


class LiveHouse:
    """The live rules compiled, with calendars and settings: made anew when their numbers or the year have changed."""

    def __init__(self) -> None:
        self._held: tuple[tuple[int, int, int], RuleSet, House] | None = None

    def of(self, db: Connection, here: Installation, year: int) -> tuple[RuleSet, House]:
        """What holds in this transaction.

        Raises:
            CirculationError: no rule set was published yet.
        """
        if here.live is None:
            raise CirculationError(
                "no_rules", "no rule set was published yet: run 'circulation rules publish FILE'", 503
            )
        key, held = (here.live, here.version, year), self._held
        if held is None or held[0] != key:
            found = rule_set(db, here.live)
            held = (key, found, house_of(db, found, here, year))
            self._held = held
        return held[1], held[2]


def house_of(db: Connection, rules: RuleSet, here: Installation, year: int) -> House:
    """The installation with any rule set: the live one, an older one, or a draft."""
    tree = rules.organisations
    return House(
        compile_rules(rules),
        calendars(db, tree, year),
        settings(db, tree),
        age_groups(db),
        here.currency,
        here.time_zone,
        here.library,
        languages(db, tree),
    )


def languages(db: Connection, tree: OrganisationTree) -> dict[str, str]:
    """The language of each organisation for whoever has not chosen one: the first its machines offer."""
    own = policies.of_organisations(db)
    levels = {org: [(Source(SourceKind.ORGANISATION, at), own[at]) for at in tree.chain(org)] for org in tree.nodes}
    return {org: str(policy(said).values[LANGUAGES].value[0]) for org, said in levels.items()}
