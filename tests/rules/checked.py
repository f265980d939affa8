"""Checking rules before publishing in the test world, beside periods for everything: findings, and their words."""

from __future__ import annotations

from functools import partial

import wording
from rules.finding import Finding, Severity
from rules.publishing import check_set
from rules.rule import Rule
from rules.values import Days
from tests.rules.made import CODES, MONDAY, TREE, rule

ENABLE, PERIOD = "circulation.enable_overdue_reminder", "periods.overdue_reminder"
LOAN, RENEWAL = "periods.loan", "periods.renewal"
BASE = (rule("loan", LOAN, "A", Days(28)), rule("renewal", RENEWAL, "A", Days(28)))
ERROR, WARNING, HINT = Severity


def found(*rules: Rule, base: tuple[Rule, ...] = BASE) -> list[Finding]:
    """Findings about these rules, beside periods for everything."""
    return list(check_set((*base, *rules), TREE, CODES, MONDAY))


def codes(*rules: Rule, base: tuple[Rule, ...] = BASE) -> list[tuple[str, str | None, str | None]]:
    return [(one.code, one.level, one.organisation) for one in found(*rules, base=base)]


def only(code: str, *rules: Rule, base: tuple[Rule, ...] = BASE) -> Finding:
    (one,) = (one for one in found(*rules, base=base) if one.code == code)
    return one


def said(one: Finding, language: str = "en") -> str:
    return one.sentence(partial(wording.say_staff, locale=language))
