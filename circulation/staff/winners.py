"""The rules that decided something on record: each kind with its winner and value, of the set it was made under (R78).

Not responsible for decisions with their whole trace (telling).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from circulation.staff import rule_words
from circulation.staff.telling import Winner
from circulation.staff.words import Words
from circulation.store import house, rulesets
from rules.kinds import KINDS
from rules.rule import Rule

Rules = Mapping[str, Rule]
Names = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Decided:
    """One kind that was decided. ``value``: in words, "" where it is not known any more."""

    code: str
    kind: str
    winner: Winner | None
    value: str


def rules_of(db: Connection, number: int | None) -> Rules:
    """The rules of a published set by their ids; none where there is no such set."""
    if number is None or rulesets.set_of(db, number) is None:
        return {}
    return {rule.id: rule for rule in house.rule_set(db, number).rules}


def decided(words: Words, winners: Mapping[str, str | None], rules: Rules, names: Names) -> list[Decided]:
    """Kinds with their winners.

    Args:
        words: the reader's.
        winners: kind -> id of the deciding rule; None = the default.
        rules: of the set that decided.
        names: of organisations, by id.
    """
    return [_one(words, kind, winner, rules, names) for kind, winner in winners.items()]


def winner_of(rule: str, rules: Rules, names: Names) -> Winner:
    """A rule by its id; one that is not known is shown by it."""
    found = rules.get(rule)
    if found is None:
        return Winner(rule, rule, "")
    return Winner(found.id, found.title, names.get(found.org, found.org))


def _one(words: Words, kind: str, winner: str | None, rules: Rules, names: Names) -> Decided:
    called = words.name("kind", kind)
    if winner is None:
        default = KINDS[kind].default if kind in KINDS else None
        return Decided(kind, called, None, rule_words.value(words, default, kind))
    by = winner_of(winner, rules, names)
    return Decided(kind, called, by, rule_words.value(words, rules[winner].value, kind) if winner in rules else "")
