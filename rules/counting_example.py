"""The example of R20 and R21 that the help of maximum loans shows: what three counting rules come to, order by order.

The numbers come from the engine. Not responsible for the totals of a library's own rules (totals).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from rules.compiled import CompiledRules, RuleSet, compile_rules
from rules.counting import covers
from rules.evaluate import decide
from rules.organisation import Organisation, OrganisationTree
from rules.rule import Conditions, Facts, Rule

KIND = "counts.max_loans"
_HERE = "A"
_DAY = date(2026, 6, 1)  # the rules of the example have no dates
Order = tuple[tuple[str, int | None], ...]  # media type, and how many at most; None = as many as allowed

ORDERS: tuple[Order, ...] = (
    (("CD", None), ("DVD", None), ("BOOK", None)),
    (("CD", None), ("BOOK", None), ("DVD", None)),
    (("CD", 5), ("BOOK", None), ("CD", None), ("DVD", None)),
    (("BOOK", None), ("CD", None), ("DVD", None)),
)


@dataclass(frozen=True, slots=True)
class Borrowed:
    """What can be on loan if it is borrowed in this order. ``counts``: media type -> number."""

    order: Order
    counts: Counter[str]


def counting_rules() -> tuple[Rule, ...]:
    """10 CDs, 10 DVDs, 15 in general."""

    def rule(media_type: str | None, most: int) -> Rule:
        when = Conditions(media_type=(media_type,)) if media_type is not None else Conditions()
        return Rule(f"most-{media_type or 'general'}", KIND, _HERE, most, when=when)

    return rule("CD", 10), rule("DVD", 10), rule(None, 15)


def borrowed() -> tuple[Borrowed, ...]:
    """Every order of the example with what it comes to."""
    tree = OrganisationTree({_HERE: Organisation(_HERE, _HERE, None, "account")})
    compiled = compile_rules(RuleSet(0, counting_rules(), tree))
    return tuple(Borrowed(order, Counter(_lent(compiled, order))) for order in ORDERS)


def _lent(compiled: CompiledRules, order: Order) -> list[str]:
    lent: list[str] = []
    for media_type, most in order:
        before = lent.count(media_type)
        while (most is None or lent.count(media_type) - before < most) and _allowed(compiled, media_type, lent):
            lent.append(media_type)
    return lent


def _allowed(compiled: CompiledRules, media_type: str, lent: Sequence[str]) -> bool:
    decision = decide(compiled, KIND, _HERE, Facts(media_type=media_type), _DAY)
    rule = decision.rule
    if rule is None or not isinstance(decision.value, int):
        return False
    return sum(covers(rule, Facts(media_type=one)) for one in lent) < decision.value
