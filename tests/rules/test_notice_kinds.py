"""The kinds of notices before anything is sent: unit, levels, default, whose rules decide, and what a rule may ask."""

from __future__ import annotations

from typing import Any

import pytest

from rules.compiled import RuleSet, compile_rules
from rules.evaluate import decide
from rules.kinds import KINDS, OVERDUE_LEVELS, PAYMENT_LEVELS, OrganisationUsed, Unit
from rules.problems import RulesError
from rules.rule import FACT_FIELDS, PATRON_FIELDS, Facts
from rules.values import Amount, Days, Value
from tests.rules.made import MONDAY, TREE, rule

AUTHORITY, FIRST = OrganisationUsed.AUTHORITY, OrganisationUsed.FIRST_CHECKOUT
requirement = pytest.mark.requirement

# kind, unit, levels, default, whose rules decide, a value of the unit, one of another
DECLARED = [
    pytest.param(*row, id=str(row[0]), marks=[requirement(number) for number in numbers])
    for numbers, *row in (
        (["R14"], "circulation.enable_payment_reminder", Unit.YES_NO, PAYMENT_LEVELS, False, AUTHORITY, True, 1),
        (["R15", "R48"], "circulation.enable_overdue_reminder", Unit.YES_NO, OVERDUE_LEVELS, False, FIRST, True, 1),
        (["R16"], "circulation.enable_due_warning", Unit.YES_NO, (), False, FIRST, True, Days(3)),
        (
            *(["R17"], "circulation.enable_reservation_notice", Unit.YES_NO, (), True),
            *(OrganisationUsed.PICKUP, False, 1),
        ),
        (["R27"], "counts.payment_reminder_minimum", Unit.AMOUNT, (), None, AUTHORITY, Amount(10000), 100),
        (["R29"], "fees.payment_reminder", Unit.AMOUNT, PAYMENT_LEVELS, None, AUTHORITY, Amount(200), 2),
        (["R30"], "fees.due_warning", Unit.AMOUNT, (), None, FIRST, Amount(50), Days(1)),
        (["R31"], "fees.overdue_reminder", Unit.AMOUNT, OVERDUE_LEVELS, None, FIRST, Amount(100), True),
        (["R44"], "periods.payment_reminder", Unit.DAYS, PAYMENT_LEVELS, None, AUTHORITY, Days(7), 7),
        (["R46", "R48"], "periods.overdue_reminder", Unit.DAYS, OVERDUE_LEVELS, None, FIRST, Days(7), 7),
        (["R49"], "periods.due_warning", Unit.DAYS, (), None, FIRST, Days(3), Amount(3)),
    )
]


@pytest.mark.parametrize(("kind", "unit", "levels", "default", "organisation", "value", "other"), DECLARED)
def test_a_kind_of_notices_takes_its_unit_on_its_levels_and_nothing_else(
    kind: str,
    unit: Unit,
    levels: tuple[str, ...],
    default: Value | None,
    organisation: OrganisationUsed,
    value: Value,
    other: Any,
) -> None:
    declared = KINDS[kind]
    assert (declared.unit, declared.levels, declared.default) == (unit, levels, default)
    assert declared.organisation is organisation
    for level in declared.lists:
        compiled = compile_rules(RuleSet(1, (rule("r", kind, "A", value, level=level),), TREE))
        assert decide(compiled, kind, "N1", Facts(), MONDAY, level).value == value
        for elsewhere in declared.lists:
            if elsewhere != level:
                assert decide(compiled, kind, "N1", Facts(), MONDAY, elsewhere).value == default
    with pytest.raises(RulesError):
        compile_rules(RuleSet(1, (rule("r", kind, "A", other, level=declared.lists[0]),), TREE))
    with pytest.raises(RulesError):
        compile_rules(RuleSet(1, (rule("r", kind, "A", value, level="7"),), TREE))


@requirement("R15")
@requirement("R48")
def test_there_are_six_reminder_levels_and_the_invoice_is_the_last_step() -> None:
    assert OVERDUE_LEVELS == ("1", "2", "3", "4", "5", "6", "invoice")


@requirement("R31")
def test_no_fee_can_depend_on_the_channel_of_a_message() -> None:
    assert all("channel" not in kind.fields for kind in KINDS.values())
    assert "channel" not in FACT_FIELDS


@requirement("R27")
@requirement("R44")
def test_rules_about_a_debt_ask_about_the_patron_only() -> None:
    debts = [
        kind for key, kind in KINDS.items() if "payment_reminder" in key and key != "patron.payment_reminder_block"
    ]
    assert len(debts) == 4
    assert all(kind.fields == frozenset(PATRON_FIELDS) for kind in debts)
