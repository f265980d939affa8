"""Deciding one kind for one transaction: the first rule that fits (R3), else the kind's default (R6).

Responsible for finding the deciding rule. Not responsible for what follows from its value (verdict, duedate) or for
which branch is the right one (the kind says it, the caller knows it).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from rules.compiled import Candidate, CompiledRules
from rules.rule import Facts, Rule
from rules.trace import Step
from rules.values import Value


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided.

    Attributes:
        organisation: whose list was walked.
        on: the day tested.
        value: of the deciding rule, or the default; None = none (no limit, no period, no block).
        rule: the deciding rule, None if the default was used.
        number: its place in the list walked, from 1.
        ruleset: number of the published set.
        candidates, facts: what the trace is made of.
    """

    kind: str
    level: str | None
    organisation: str
    on: date
    value: Value | None
    rule: Rule | None
    number: int | None
    ruleset: int
    candidates: tuple[Candidate, ...] = field(repr=False, compare=False)
    facts: Facts = field(repr=False, compare=False)

    @property
    def default_used(self) -> bool:
        """No rule matched."""
        return self.rule is None

    def step(self) -> Step:
        """The record for staff (R76). It holds all it is made of, and is written out when somebody reads it."""
        return Step(
            self.kind,
            self.level,
            self.organisation,
            self.ruleset,
            self.on,
            self.candidates,
            self.facts,
            self.rule.id if self.rule is not None else None,
            self.value,
            self.default_used,
        )


def decide(
    compiled: CompiledRules, kind: str, branch: str, facts: Facts, on: date, level: str | None = None
) -> Decision:
    """Decide one kind.

    Args:
        compiled: the rule set.
        kind: key of the kind.
        branch: organisation whose rules decide (``Kind.organisation``).
        facts: what is known of the transaction; what is unknown fulfils no condition.
        on: day of the transaction in the branch's time zone, never an instant.
        level: for kinds with levels.

    Raises:
        RulesError: unknown kind, level or organisation.
    """
    values = facts.values()
    candidates, left = compiled.narrowed(kind, branch, level, on, values)
    for number, rule, tests in left:
        for place, wanted in tests:
            if values[place] not in wanted:
                break
        else:
            return Decision(kind, level, branch, on, rule.value, rule, number, compiled.number, candidates, facts)
    default = compiled.kind(kind, level).default
    return Decision(kind, level, branch, on, default, None, None, compiled.number, candidates, facts)
