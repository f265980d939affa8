"""The order in which rules are walked (R4): one visible list, numbered from 1. Not responsible for walking it."""

from __future__ import annotations

from collections.abc import Iterable

from rules.kinds import KINDS, Catalogue
from rules.organisation import OrganisationTree
from rules.rule import Rule

Rank = tuple[int, int, bool, bool, int, str]


def rank(rule: Rule, organisations: OrganisationTree) -> Rank:
    """Sort key within one kind and level.

    Deepest organisation first; more condition fields first; dated before undated; by position, those without one last;
    by id.
    """
    return (
        -organisations.depth(rule.org),
        -rule.when.count(),
        not rule.dated,
        rule.position is None,
        rule.position or 0,
        rule.id,
    )


def walked(rules: Iterable[Rule], organisations: OrganisationTree) -> tuple[Rule, ...]:
    """Rules of one kind and level in the order in which they are walked."""
    return tuple(sorted(rules, key=lambda rule: rank(rule, organisations)))


def document_order(
    rules: Iterable[Rule], organisations: OrganisationTree, kinds: Catalogue = KINDS
) -> tuple[Rule, ...]:
    """The order of an exported document: by kind, level and order of walking, so that a diff shows a changed rank."""
    place = {key: number for number, key in enumerate(kinds)}

    def key(rule: Rule) -> tuple[int, int, Rank]:
        levels = kinds[rule.kind].levels
        return place[rule.kind], levels.index(rule.level) if rule.level is not None else 0, rank(rule, organisations)

    return tuple(sorted(rules, key=key))
