"""The test world of the requirements, and short ways to write rules."""

from __future__ import annotations

from datetime import date
from typing import Any

from rules.check import KnownCodes
from rules.compiled import CompiledRules, RuleSet, compile_rules
from rules.evaluate import Decision, decide
from rules.kinds import KINDS, Catalogue
from rules.organisation import Organisation, OrganisationTree
from rules.rule import Conditions, Facts, Rule
from rules.values import Value

MONDAY = date(2026, 6, 1)

TREE = OrganisationTree(
    {
        key: Organisation(key, key, parent, kind)
        for key, parent, kind in (
            ("A", None, "account"),
            ("North", "A", "authority"),
            ("South", "A", "authority"),
            ("N1", "North", "branch"),
            ("N2", "North", "branch"),
            ("BUS", "North", "branch"),
            ("S1", "South", "branch"),
        )
    }
)
CODES = KnownCodes(
    organisations=frozenset(TREE.nodes),
    media_types=frozenset({"BOOK", "CD", "DVD", "DVD18", "GAME"}),
    patron_categories=frozenset({"normal", "staff", "teacher", "home_service"}),
    age_groups=frozenset({"child", "adult"}),
)
AGE_GROUPS = {"child": (0, 17), "adult": (18, 199)}


def rule(id_: str, kind: str, org: str, value: Value, **more: Any) -> Rule:
    """A rule; condition fields are given as keywords, one code or several."""
    conditions = {name: more.pop(name) for name in tuple(more) if name in Conditions.__dataclass_fields__}
    listed: dict[str, Any] = {name: (value,) if isinstance(value, str) else value for name, value in conditions.items()}
    return Rule(id_, kind, org, value, when=Conditions(**listed), **more)


def compiled(*rules: Rule, kinds: Catalogue = KINDS, number: int = 1) -> CompiledRules:
    """These rules in the test world."""
    return compile_rules(RuleSet(number, rules, TREE), kinds)


def decided(
    rules: CompiledRules, kind: str, branch: str = "N1", on: date = MONDAY, level: str | None = None, **facts: Any
) -> Decision:
    """Decide with facts given as keywords."""
    return decide(rules, kind, branch, Facts(**facts), on, level)
