"""A look at one rule before it is kept: what it would do in its draft (R4, R9, R22, R25, R33, R46, R56, R80).

Responsible for findings about this rule, its place in the list that is walked, and the totals of counting rules. It
writes nothing. Not responsible for the whole draft (publishing.check), which may take seconds where this takes a
moment, or for a rule that is in no draft (advising).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from circulation.clock import local_day
from circulation.rulebook import drafts
from circulation.service import Service
from circulation.store import house
from rules import totals
from rules.check import KnownCodes
from rules.compiled import CompiledRules, RuleSet, compile_rules
from rules.finding import Finding, Words, case_words
from rules.kinds import KINDS
from rules.publishing import check_set
from rules.rule import Rule
from rules.totals import Totals

MOST_TOTALS = 12  # kinds of patrons whose totals are told


@dataclass(frozen=True, slots=True)
class Total:
    """How many loans a kind of patron can have at most (R22). ``who``: in words, as findings are."""

    who: Words
    most: Totals


@dataclass(frozen=True, slots=True)
class Looked:
    """What a rule would do.

    Attributes:
        rule: as it would be kept.
        findings: of the publish check, those that name it.
        listed: the list of its own organisation, with what is inherited, in the order walked.
        number: its place there from 1; None = it is switched off and stands in no list.
        totals: of its organisation, for a counting rule.
        names: id -> title of rules, for findings that name others.
    """

    rule: Rule
    findings: tuple[Finding, ...]
    listed: tuple[Rule, ...]
    number: int | None
    totals: tuple[Total, ...]
    names: dict[str, str]

    @property
    def before(self) -> tuple[Rule, ...]:
        """Rules that are asked before it."""
        return self.listed[: self.number - 1] if self.number is not None else ()


def look(service: Service, db: Connection, draft: str, rule: drafts.Plain, replaces: str | None = None) -> Looked:
    """Look at a rule as if it were kept.

    Args:
        service: the service.
        db: a transaction that reads.
        draft: id of the draft.
        rule: its document.
        replaces: id of the rule it takes the place of; None = it is a new one.

    Raises:
        CirculationError: there is no such draft; ``RulesWrongError`` if the rule is wrong in itself.
    """
    codes, tree = house.known_codes(db), house.organisations(db)
    others = [one for one in drafts.rule_set(db, draft).rules if one.id != replaces]
    made = _read(rule, codes, {one.id for one in others})
    today = local_day(service.clock(), house.installation(db).time_zone)
    # What rules of other groups say makes no difference to what is found about this one.
    near = [one for one in others if one.kind in (made.kind, *KINDS[made.kind].depends_on)]
    compiled = compile_rules(RuleSet(0, (*(one for one in near if one.org in tree.nodes), made), tree))
    listed = compiled.listed(made.kind, made.org, made.level)
    found = check_set((*near, made), tree, codes, today)
    return Looked(
        made,
        tuple(one for one in found if made.id in one.rules),
        listed,
        listed.index(made) + 1 if made.active else None,
        tuple(_totals(compiled, made, codes, today)),
        {one.id: one.title for one in (*near, made)},
    )


def _read(rule: drafts.Plain, codes: KnownCodes, taken: set[str]) -> Rule:
    problems = [drafts.id_taken(rule["id"])] if rule.get("id") in taken else []
    try:
        made = drafts.read_rule(rule, codes)
    except drafts.RulesWrongError as error:
        raise drafts.RulesWrongError([*error.problems, *problems]) from None
    if problems:
        raise drafts.RulesWrongError(problems)
    return made


def _totals(compiled: CompiledRules, rule: Rule, codes: KnownCodes, today: date) -> Iterator[Total]:
    """One line for patrons who come to the same: whom it is told of first stands for all of them."""
    if rule.kind != totals.KIND:
        return
    told: set[tuple[object, ...]] = set()
    for patron, most in totals.advice(compiled, rule.org, codes, today):
        key = most.smallest, most.largest, *(one.id for one in most.rules)
        if key not in told and len(told) < MOST_TOTALS:
            told.add(key)
            yield Total(case_words(totals.told(patron)), most)
