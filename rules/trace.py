"""The record of one decision for staff (R76): what was looked at, why each rule did not match, which one decided.

Responsible for the record and its plain form. It is made only when it is asked for, from what the decision holds.
Not responsible for its words (wording's staff catalogue).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from rules.compiled import Candidate
from rules.rule import FACT_FIELDS, PATRON_FIELDS, Facts
from rules.values import Value, value_to_plain

NOT_YET_VALID = "valid_from"
EXPIRED = "valid_until"


class Looked(NamedTuple):
    """One rule that was looked at. A named tuple: hundreds are made for one trace.

    Attributes:
        number: place in the list walked, from 1.
        rule, name, org: of the rule.
        matched: it decided.
        field: the first thing that did not fit: a condition field, "valid_from" or "valid_until"; None if it matched.
        wanted, was: what the rule asked for and what the transaction had, "" if unknown; None if it matched.
        asked: all it asked for, field by field; of the rule that decided.
    """

    number: int
    rule: str
    name: str
    org: str
    matched: bool
    field: str | None = None
    wanted: str | None = None
    was: str | None = None
    asked: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One kind decided.

    Attributes:
        organisation: whose list was walked.
        ruleset: number of the published set.
        on: the day tested (R5).
        candidates, facts: what the record of each rule looked at is made of, when somebody reads it.
        winner: id of the rule that decided, None if none matched.
        value: what was decided, None for "none".
        default_used: no rule matched, the kind's default holds (R6).
    """

    kind: str
    level: str | None
    organisation: str
    ruleset: int
    on: date
    candidates: tuple[Candidate, ...] = field(repr=False)
    facts: Facts = field(repr=False)
    winner: str | None
    value: Value | None
    default_used: bool

    @property
    def looked_at(self) -> tuple[Looked, ...]:
        """Rules in the order walked, up to the one that decided; written out anew at each reading."""
        return walk(self.candidates, self.facts, self.on)

    def to_plain(self, *, patron: bool = True) -> dict[str, object]:
        """As a JSON object; without what the patron was (age, category) where it is kept for longer."""
        looked_at = self.looked_at
        return {
            "kind": self.kind,
            "level": self.level,
            "organisation": self.organisation,
            "ruleset": self.ruleset,
            "on": self.on.isoformat(),
            "looked_at": [_looked_to_plain(looked, patron) for looked in looked_at],
            "not_looked_at": len(self.candidates) - len(looked_at),
            "winner": self.winner,
            "value": None if self.value is None else value_to_plain(self.value),
            "default_used": self.default_used,
        }


def _looked_to_plain(looked: Looked, patron: bool) -> dict[str, object]:
    plain: dict[str, object] = {"number": looked.number, "rule": looked.rule, "name": looked.name, "org": looked.org}
    if looked.matched:
        return {**plain, "result": "matched", "asked": [list(one) for one in looked.asked]}
    was = looked.was if patron or looked.field not in PATRON_FIELDS else None
    return {**plain, "result": "skipped", "field": looked.field, "wanted": looked.wanted, "was": was}


def _as_said(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _misfit(candidate: Candidate, values: Sequence[object], on: date) -> tuple[str, str, str] | None:
    """What did not fit first: field, wanted, was."""
    if on < candidate.first:
        return NOT_YET_VALID, candidate.first.isoformat(), on.isoformat()
    if on > candidate.last:
        return EXPIRED, candidate.last.isoformat(), on.isoformat()
    for number, (place, wanted) in enumerate(candidate.tests):
        if values[place] not in wanted:
            return FACT_FIELDS[place], candidate.asked[number], _as_said(values[place])
    return None


def walk(candidates: Sequence[Candidate], facts: Facts, on: date) -> tuple[Looked, ...]:
    """Every rule looked at, up to and including the first that fits."""
    values = facts.values()
    seen: list[Looked] = []
    for number, candidate in enumerate(candidates, start=1):
        rule = candidate.rule
        why = _misfit(candidate, values, on)
        if why is None:
            fields = (FACT_FIELDS[place] for place, _ in candidate.tests)
            asked = tuple(zip(fields, candidate.asked, strict=True))
            seen.append(Looked(number, rule.id, rule.title, rule.org, True, asked=asked))
            break
        seen.append(Looked(number, rule.id, rule.title, rule.org, False, *why))
    return tuple(seen)
