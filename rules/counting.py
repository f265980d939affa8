"""Which loans a limit covers (R20). Not responsible for fetching loans or for refusing (verdict)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rules.rule import FACT_FIELDS, ITEM_FIELDS, Facts, Rule


def item_conditions(rule: Rule) -> Mapping[str, frozenset[str | int | bool]]:
    """The rule's item conditions: field -> values that fulfil it. Empty = the rule covers every loan.

    Patron conditions choose the rule, they do not choose among the patron's loans.
    """
    return {field: values for field, values in rule.when.wanted().items() if field in ITEM_FIELDS}


def covers(rule: Rule, item: Facts) -> bool:
    """Whether a loan of this item counts towards the rule's limit."""
    return count_covered(rule, (item,)) == 1


def count_covered(rule: Rule, loans: Iterable[Facts]) -> int:
    """How many of the patron's current loans count towards the rule's limit."""
    tests = [(FACT_FIELDS.index(field), values) for field, values in item_conditions(rule).items()]
    return sum(all(item.values()[place] in values for place, values in tests) for item in loans)


def coverage(rule: Rule | None) -> str:
    """How the patron is told what is counted: "all" (also by a default), "media_type" (exactly one) or "some"."""
    conditions = item_conditions(rule) if rule is not None else {}
    if not conditions:
        return "all"
    return "media_type" if set(conditions) == {"media_type"} and len(conditions["media_type"]) == 1 else "some"
