"""The overview of all rules (R8): the numbered list that is walked, with what is inherited, expired or yet to come.

Responsible for the list and for each rule's state on a day. Not responsible for the page it is shown on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from rules.compiled import CompiledRules
from rules.kinds import RuleType
from rules.rule import Rule


class State(StrEnum):
    """Whether a rule holds on a day."""

    ACTIVE = "active"
    FUTURE = "future"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the overview.

    Attributes:
        organisation: whose list it is.
        number: place in that list for its kind and level, from 1.
        inherited: made for an organisation above.
    """

    organisation: str
    number: int
    rule: Rule
    state: State
    inherited: bool


def state_of(rule: Rule, day: date) -> State:
    """Whether a rule holds on a day; both its days are inclusive (R5)."""
    if rule.valid_until is not None and rule.valid_until < day:
        return State.EXPIRED
    if rule.valid_from is not None and day < rule.valid_from:
        return State.FUTURE
    return State.ACTIVE


def overview(
    compiled: CompiledRules,
    organisation: str,
    day: date,
    rule_type: RuleType | None = None,
    kind: str | None = None,
    level: str | None = None,
) -> tuple[Listed, ...]:
    """The lists walked for one organisation, kind by kind and level by level.

    Args:
        compiled: the rule set.
        organisation: whose lists.
        day: for which the state is shown.
        rule_type: only kinds of this type.
        kind: only this kind.
        level: only this level.

    Raises:
        RulesError: there is no such organisation.
    """
    slots = _slots(compiled, rule_type, kind, level)
    return tuple(
        Listed(organisation, number, rule, state_of(rule, day), rule.org != organisation)
        for key, its_level in slots
        for number, rule in enumerate(compiled.listed(key, organisation, its_level), start=1)
    )


def _slots(
    compiled: CompiledRules, rule_type: RuleType | None, kind: str | None, level: str | None
) -> Iterator[tuple[str, str | None]]:
    for declared in compiled.kinds.values():
        if rule_type not in (None, declared.rule_type) or kind not in (None, declared.key):
            continue
        for its_level in declared.lists:
            if level in (None, its_level):
                yield declared.key, its_level
