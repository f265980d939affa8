"""The installation, its organisations and codes, and published rule sets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from circulation.errors import CirculationError
from circulation.store import tables as t
from circulation.store.engine import hold
from rules.age import AgeGroups
from rules.check import KnownCodes
from rules.compiled import CompiledRules, RuleSet, compile_rules
from rules.organisation import Organisation, OrganisationTree
from rules.plain import rule_from_plain, rule_to_plain
from rules.rule import Rule


@dataclass(frozen=True, slots=True)
class Installation:
    """What holds for the whole installation. ``live``: number of the published rule set, None before the first."""

    generation: str
    library: str
    isils: tuple[str, ...]
    currency: str
    time_zone: str
    live: int | None


def installation(db: Connection) -> Installation:
    """The installation's row.

    Raises:
        CirculationError: nothing was set up yet.
    """
    row = db.execute(select(t.installation)).one_or_none()
    if row is None:
        raise CirculationError(
            "not_set_up", "this database is empty: run 'circulation demo-data' or import your library"
        )
    return Installation(row.generation, row.library, tuple(row.isils), row.currency, row.time_zone, row.live_rules)


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


def publish(db: Connection, rules: Iterable[Rule], now: datetime) -> int:
    """Store a new immutable set and make it live; its number."""
    plain = [rule_to_plain(rule) for rule in rules]
    checksum = hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
    hold(db, "publish")  # two at once would take the same number
    number = int(db.execute(select(func.coalesce(func.max(t.rule_set.c.number), 0))).scalar_one()) + 1
    db.execute(insert(t.rule_set).values(number=number, rules=plain, checksum=checksum, published_at=now))
    db.execute(update(t.installation).values(live_rules=number))
    return number


def rule_set(db: Connection, number: int) -> RuleSet:
    """A published set."""
    raw = db.execute(select(t.rule_set.c.rules).where(t.rule_set.c.number == number)).scalar_one()
    return RuleSet(number, tuple(rule_from_plain(rule) for rule in raw), organisations(db))


class LiveRules:
    """The live set, compiled. Sets are immutable, so one that was compiled stays right; which one is live is asked."""

    def __init__(self) -> None:
        self._held: tuple[int, RuleSet, CompiledRules] | None = None

    def of(self, db: Connection, number: int) -> tuple[RuleSet, CompiledRules]:
        """The set of this number and its compiled form."""
        held = self._held
        if held is None or held[0] != number:
            found = rule_set(db, number)
            held = (number, found, compile_rules(found))
            self._held = held
        return held[1], held[2]
