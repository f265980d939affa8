"""Documents of what the editor of rules tells while a rule is written (R22, R33)."""

from __future__ import annotations

from circulation.api.finding_models import Finding, RuleProblem
from circulation.api.models import Answer


class Total(Answer):
    """What one kind of patron can have on loan at most.

    ``who`` in words, ``patron``: condition field -> value; ``smallest``, ``largest``: by the order of borrowing, null =
    no limit; ``varies``: they differ, and ``text`` says what to do about it; ``rules``: those that decide.
    """

    who: str
    patron: dict[str, str]
    smallest: int | None
    largest: int | None
    varies: bool
    rules: list[str]
    text: str | None


class RuleAdvice(Answer):
    """What the rules of a kind come to; no totals where they do not add up."""

    kind: str
    organisation: str
    ruleset: str
    totals: list[Total]


class Jump(Answer):
    """Where one day more costs more or less than a day. Amounts of the whole delay, in minor units."""

    days: int
    amount: int
    later_days: int
    later_amount: int


class RuleLooked(Answer):
    """One rule looked at. ``value``: in words, null where it cannot be read or does not fit the kind."""

    problems: list[RuleProblem]
    value: str | None
    jumps: list[Jump]
    findings: list[Finding]
