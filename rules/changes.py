"""What changes if a draft is published (R78, R79): rules that differ, and results that differ.

Responsible for comparing two sets. Results come from the engine itself, so what is shown is what would be decided. Not
responsible for which loans or cases are looked at; ``cells`` offers every branch, category and media type.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product

from rules.check import KnownCodes
from rules.compiled import CompiledRules
from rules.evaluate import Decision, decide
from rules.kinds import OrganisationUsed
from rules.organisation import OrganisationTree
from rules.rule import Facts, Rule
from rules.survey import authorities, branches


@dataclass(frozen=True, slots=True)
class Cell:
    """One case to compare: whose rules decide, what is known, on which day."""

    organisation: str
    facts: Facts
    day: date


@dataclass(frozen=True, slots=True)
class Change:
    """One result that differs.

    Attributes:
        before, after: decided by the live set and by the draft.
    """

    cell: Cell
    kind: str
    level: str | None
    before: Decision
    after: Decision


@dataclass(frozen=True, slots=True)
class RuleChanges:
    """Rules of a draft against those of the live set, by id; ``changed`` holds (before, after)."""

    added: tuple[Rule, ...]
    removed: tuple[Rule, ...]
    changed: tuple[tuple[Rule, Rule], ...]


def rule_changes(live: Iterable[Rule], draft: Iterable[Rule]) -> RuleChanges:
    """Which rules differ."""
    before = {rule.id: rule for rule in live}
    after = {rule.id: rule for rule in draft}
    return RuleChanges(
        tuple(rule for key, rule in after.items() if key not in before),
        tuple(rule for key, rule in before.items() if key not in after),
        tuple((before[key], rule) for key, rule in after.items() if key in before and before[key] != rule),
    )


def differences(
    live: CompiledRules, draft: CompiledRules, cells: Iterable[Cell], kinds: Sequence[str] | None = None
) -> Iterator[Change]:
    """Every result that differs in one of the cells.

    A kind is asked at the organisations that decide it: a debt at an authority, everything else at a branch.

    Args:
        live: the set in force.
        draft: the set to be published.
        cells: cases to compare.
        kinds: keys of kinds to compare; None = all.

    Raises:
        RulesError: a cell names an organisation that one of the sets does not have.
    """
    keys = tuple(draft.kinds) if kinds is None else tuple(kinds)
    debtors, lenders = set(authorities(draft.organisations)), set(branches(draft.organisations))
    for cell in cells:
        for key in keys:
            of_debt = draft.kinds[key].organisation is OrganisationUsed.AUTHORITY
            if cell.organisation not in (debtors if of_debt else lenders):
                continue
            for level in draft.kinds[key].lists:
                before = decide(live, key, cell.organisation, cell.facts, cell.day, level)
                after = decide(draft, key, cell.organisation, cell.facts, cell.day, level)
                if before.value != after.value:
                    yield Change(cell, key, level, before, after)


def cells(organisations: OrganisationTree, codes: KnownCodes, day: date) -> Iterator[Cell]:
    """Every authority and branch with every patron category, age group and media type, on one day."""
    places = dict.fromkeys((*authorities(organisations), *branches(organisations)))
    lists = (codes.patron_categories, codes.age_groups, codes.media_types)
    categories, groups, media = ([*sorted(found)] if found else [None] for found in lists)
    for place, category, group, media_type in product(places, categories, groups, media):
        yield Cell(place, Facts(patron_category=category, age_group=group, media_type=media_type), day)
