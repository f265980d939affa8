"""What the publish check reports (R80): a finding, how grave it is, and the words it is told in.

Responsible for the form of findings and for putting their sentence together. Not responsible for finding anything
(publishing and what it calls) or for the words (wording's staff catalogue, ``finding.<code>``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from rules.problems import TEXTS
from rules.rule import ITEM_FIELDS, PATRON_FIELDS
from rules.values import Amount, Days, Fee, FeeBasis, FeeStep, MinAge, Value, amount_to_text


class Severity(StrEnum):
    """Errors stop publishing, warnings and hints do not (R7)."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"


_ERROR, _WARNING, _HINT = Severity

# ``reference/rules.md`` 5.7 and section L. What is wrong in a rule itself (``problems.TEXTS``) is always an error.
SEVERITIES: Mapping[str, Severity] = MappingProxyType(
    {
        "dependency_no_period": _ERROR,
        "dependency_no_minimum": _ERROR,
        "dependency_period_gap": _WARNING,
        "dependency_not_enabled": _WARNING,
        "dependency_no_fee": _HINT,
        "dependency_no_block": _HINT,
        "queue_min_without_partner": _HINT,
        "no_loan_period": _ERROR,
        "no_loan_period_later": _WARNING,
        "no_renewal_period": _WARNING,
        "levels_not_increasing": _ERROR,
        "overlap": _WARNING,
        "never_reached": _WARNING,
        "summer_not_general": _WARNING,
        "same_as_inherited": _WARNING,
        "expired": _WARNING,
        "period_zero": _WARNING,
        "fee_jump": _WARNING,
        "total_varies": _WARNING,
        "refusing_checkout_with_age": _WARNING,
    }
)


@dataclass(frozen=True, slots=True)
class Words:
    """A part of a sentence that has words of its own in every language."""

    code: str
    params: Mapping[str, Param] = field(default_factory=dict)


Param = str | int | date | Words
Say = Callable[[str, Mapping[str, object]], str]


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    Attributes:
        code: key of ``SEVERITIES``, or of ``problems.TEXTS`` for what is wrong in a rule itself.
        rules: ids of the rules concerned, first the one to look at.
        kind, level, organisation: what it is about; None where it is about no single one.
        params: what the sentence needs.
    """

    severity: Severity
    code: str
    rules: tuple[str, ...] = ()
    kind: str | None = None
    level: str | None = None
    organisation: str | None = None
    params: Mapping[str, Param] = field(default_factory=dict, hash=False)

    @property
    def wording(self) -> str:
        """Its code in wording's staff catalogue."""
        return f"check.{self.code}" if self.code in TEXTS else f"finding.{self.code}"

    def sentence(self, say: Say) -> str:
        """The sentence staff read.

        Args:
            say: code and parameters -> sentence, in the language wanted (``wording.say_staff``).
        """
        return _said(Words(self.wording, self.params), say)


def _said(words: Words, say: Say) -> str:
    filled = {name: _said(value, say) if isinstance(value, Words) else value for name, value in words.params.items()}
    return say(words.code, filled)


def finding(
    code: str,
    rules: tuple[str, ...] = (),
    kind: str | None = None,
    level: str | None = None,
    organisation: str | None = None,
    **params: Param,
) -> Finding:
    """A finding of the severity its code has."""
    return Finding(SEVERITIES[code], code, rules, kind, level, organisation, params)


def stops_publishing(findings: tuple[Finding, ...]) -> bool:
    """Whether there is an error among them."""
    return any(found.severity is Severity.ERROR for found in findings)


def value_words(value: Value) -> Words:
    """A value in words: "7 days", "yes", "from 18"."""
    match value:
        case bool():
            return Words("value.yes" if value else "value.no")
        case Days(number):
            return Words("value.days", {"n": number})
        case MinAge(age):
            return Words("value.min_age", {"age": age})
        case Amount():
            return Words("value.amount", {"amount": amount_to_text(value)})
        case Fee(basis, steps):
            told = ", ".join(_step_text(step) for step in steps)
            return Words("value.per_day" if basis is FeeBasis.PER_DAY else "value.fixed", {"amounts": told})
        case int():
            return Words("value.number", {"n": value})


_QUEUE_MINIMUMS = ("counts.queue_min_renewals", "counts.queue_min_checkouts")


def rule_value_words(kind: str, value: Value) -> Words:
    """A value as a rule of this kind means it: a queue minimum of 0 or 1 is "from the 1st reservation" (R25)."""
    if kind in _QUEUE_MINIMUMS and isinstance(value, int) and not isinstance(value, bool):
        return Words("value.queue", {"n": max(value, 1)})
    return value_words(value)


def _step_text(step: FeeStep) -> str:
    amount = amount_to_text(step.amount)
    return amount if step.up_to_days is None else f"{step.up_to_days}: {amount}"


def level_words(level: str | None) -> Words:
    """What a level is called: "level 2", "the invoice"; for a kind without levels "it"."""
    if level is None:
        return Words("level.none")
    return Words("level.invoice") if level == "invoice" else Words("level.number", {"number": level})


def case_words(asked: Mapping[str, str]) -> Words:
    """Whom and what something is about: "a child borrowing a DVD". ``asked``: condition field -> what it asks for."""
    patron = ", ".join(asked[name] for name in PATRON_FIELDS if name in asked)
    item = ", ".join(asked[name] for name in ITEM_FIELDS if name in asked)
    if patron and item:
        return Words("case.both", {"patron": patron, "item": item})
    if patron:
        return Words("case.patron", {"patron": patron})
    return Words("case.item", {"item": item}) if item else Words("case.any")
