"""The help that goes with every kind: words in every language, and examples the engine agrees with (R9)."""

from __future__ import annotations

import pytest

import wording
from rules.check import check_rules
from rules.evaluate import decide
from rules.examples import EXAMPLES
from rules.finding import Severity
from rules.flows import FLOWS
from rules.kinds import GROUPS, KINDS
from rules.overview import State
from rules.publishing import check_set
from rules.rule import Facts
from rules.values import Amount, Days, Fee, MinAge, Value, amount_to_text
from tests.rules.made import CODES, MONDAY, TREE, compiled


def figures(value: Value, language: str) -> list[str]:
    """What the words must name."""
    match value:
        case Days(number) | MinAge(number):
            return [str(number)]
        case Amount():
            return [amount_to_text(value).replace(".", "," if language == "de" else ".")]
        case Fee(_, steps):
            return [text for step in steps for text in figures(step.amount, language)]
        case bool():
            yes, no = ("ja", "nein") if language == "de" else ("yes", "no")
            return [yes if value else no]
        case int():
            return [str(value)]


@pytest.mark.requirement("R9")
def test_every_kind_has_an_example() -> None:
    assert set(EXAMPLES) == set(KINDS)


@pytest.mark.requirement("R9")
@pytest.mark.parametrize("key", sorted(KINDS))
def test_every_kind_has_help_a_tip_and_an_example_the_engine_agrees_with(key: str) -> None:
    example = EXAMPLES[key]
    rule = example.rule(key, "A")
    assert check_rules((rule,), CODES) == ()
    assert decide(compiled(rule), key, "N1", example.facts, MONDAY, example.level).value == example.value
    for language in wording.languages():
        assert wording.say_staff(f"help.{key}", {}, language)
        assert wording.say_staff(f"tip.{key}", {}, language)
        told = wording.say_staff(f"example.{key}", {}, language)
        wanted = [*figures(example.value, language), *example.when.media_type, *example.when.patron_category]
        assert [word for word in wanted if word.lower() not in told.lower()] == []


@pytest.mark.requirement("R22")
def test_the_help_of_maximum_loans_gives_the_hint() -> None:
    assert "one general rule" in wording.say_staff("tip.counts.max_loans", {}, "en")


@pytest.mark.requirement("R7")
def test_each_group_knows_all_its_members() -> None:
    for group in GROUPS:
        for key in group:
            assert {*KINDS[key].depends_on, key} >= set(group)


@pytest.mark.requirement("R10")
@pytest.mark.parametrize("name", sorted(FLOWS))
def test_each_flow_is_told_step_by_step_and_followed_on_an_empty_set_has_no_error_of_its_own(name: str) -> None:
    steps = FLOWS[name]
    for language in wording.languages():
        assert wording.say_staff(f"flow.{name}", {}, language)
        told = [wording.say_staff(f"flow.{name}.{number}", {}, language) for number in range(1, len(steps) + 1)]
        wanted = [[word for rule in step for word in words(rule.value, language)] for step in steps]
        assert [[word for word in step if word not in text] for step, text in zip(wanted, told, strict=True)] == [
            [] for _ in steps
        ]
    rules = [rule for step in steps for rule in step]
    errors = [one.code for one in check_set(rules, TREE, CODES, MONDAY) if one.severity is Severity.ERROR]
    assert set(errors) == {"no_loan_period"}


def words(value: Value, language: str) -> list[str]:
    """The figures of a value; yes and no are told in other words."""
    return [] if isinstance(value, bool) else figures(value, language)


@pytest.mark.requirement("R10")
def test_the_first_flow_yields_what_it_promises() -> None:
    rules = compiled(*(rule for step in FLOWS["overdue_notices"] for rule in step))
    normal, staff = Facts(patron_category="normal"), Facts(patron_category="staff")
    enabled = "circulation.enable_overdue_reminder"
    assert decide(rules, "periods.due_warning", "N1", normal, MONDAY).value == Days(3)
    assert [decide(rules, enabled, "N1", who, MONDAY, "1").value for who in (normal, staff)] == [True, False]
    assert decide(rules, "periods.overdue_reminder", "N1", normal, MONDAY, "1").value == Days(7)
    assert decide(rules, "periods.overdue_reminder", "N1", normal, MONDAY, "2").value == Days(14)
    assert decide(rules, "fees.overdue_reminder", "N1", normal, MONDAY, "2").value == Amount(1000)


@pytest.mark.requirement("R8")
def test_every_state_of_the_overview_has_its_word() -> None:
    for language in wording.languages():
        assert len({wording.say_staff(f"state.{state}", {}, language) for state in State}) == len(State)
