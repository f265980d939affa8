"""The overview of all rules (R8) and what a draft would change (R77, R78, R79)."""

from __future__ import annotations

from datetime import date

import pytest

from rules.changes import Cell, cells, differences, rule_changes
from rules.check import KnownCodes
from rules.kinds import KINDS, OVERDUE_LEVELS, RuleType
from rules.organisation import Organisation, OrganisationTree
from rules.overview import State, overview, state_of
from rules.problems import RulesError
from rules.rule import Facts
from rules.values import Days
from tests.rules.made import CODES, MONDAY, TREE, compiled, rule

PERIOD = "periods.overdue_reminder"


@pytest.mark.requirement("R8")
def test_the_filter_shows_all_levels_in_effective_order_with_inherited_rules() -> None:
    rules = [
        rule(f"a-{level}", PERIOD, "A", Days(number), level=level)
        for level, number in zip(OVERDUE_LEVELS, (7, 14, 21, 28, 35, 42, 60), strict=True)
    ]
    own = rule("n1-2", PERIOD, "N1", Days(10), level="2")
    other = rule("loan", "periods.loan", "A", Days(28))
    lines = overview(compiled(*reversed(rules), own, other), "N1", MONDAY, RuleType.PERIODS, PERIOD)
    assert [(line.rule.level, line.number, line.rule.id, line.inherited) for line in lines] == [
        ("1", 1, "a-1", True),
        ("2", 1, "n1-2", False),
        ("2", 2, "a-2", True),
        *((level, 1, f"a-{level}", True) for level in OVERDUE_LEVELS[2:]),
    ]
    assert {line.organisation for line in lines} == {"N1"}


@pytest.mark.requirement("R8")
def test_all_types_are_there_unless_filtered() -> None:
    rules = compiled(
        rule("loan", "periods.loan", "A", Days(28)),
        rule("self", "self_service.return", "N1", False, media_type="GAME"),
        rule("day", PERIOD, "A", Days(7), level="1"),
    )
    assert [line.rule.id for line in overview(rules, "N1", MONDAY)] == ["self", "loan", "day"]
    assert [line.rule.id for line in overview(rules, "N2", MONDAY)] == ["loan", "day"]
    assert [line.rule.id for line in overview(rules, "N1", MONDAY, RuleType.SELF_SERVICE)] == ["self"]
    assert [line.rule.id for line in overview(rules, "N1", MONDAY, level="1")] == ["day"]
    assert overview(rules, "N1", MONDAY, RuleType.FEES, "periods.loan") == ()
    with pytest.raises(RulesError):
        overview(rules, "N9", MONDAY)


@pytest.mark.requirement("R8")
@pytest.mark.parametrize(
    ("day", "state"),
    [
        (date(2026, 5, 31), State.FUTURE),
        (date(2026, 6, 1), State.ACTIVE),
        (date(2026, 8, 31), State.ACTIVE),
        (date(2026, 9, 1), State.EXPIRED),
    ],
)
def test_expired_and_future_rules_are_marked(day: date, state: State) -> None:
    summer = rule("summer", "periods.loan", "A", Days(42), valid_from=date(2026, 6, 1), valid_until=date(2026, 8, 31))
    assert state_of(summer, day) is state
    assert [line.state for line in overview(compiled(summer), "N1", day)] == [state]


LIVE = (rule("loan", "periods.loan", "A", Days(28)), rule("gone", "periods.renewal", "A", Days(28)))
DRAFT = (rule("loan", "periods.loan", "A", Days(21)), rule("dvd", "periods.loan", "N1", Days(28), media_type="DVD"))


@pytest.mark.requirement("R79")
def test_rules_that_differ_are_listed() -> None:
    found = rule_changes(LIVE, DRAFT)
    assert ([r.id for r in found.added], [r.id for r in found.removed]) == (["dvd"], ["gone"])
    assert found.changed == ((LIVE[0], DRAFT[0]),)
    assert rule_changes(LIVE, reversed(LIVE)).changed == ()


@pytest.mark.requirement("R77")
@pytest.mark.requirement("R79")
def test_results_that_differ_are_shown_with_both_rules() -> None:
    looked = [Cell(org, Facts(media_type=media), MONDAY) for org in ("N1", "N2") for media in ("DVD", "BOOK")]
    found = list(differences(compiled(*LIVE), compiled(*DRAFT), looked, ["periods.loan"]))
    assert [
        (change.cell.organisation, change.cell.facts.media_type, change.before.value, change.after.value)
        for change in found
    ] == [
        ("N1", "BOOK", Days(28), Days(21)),
        ("N2", "DVD", Days(28), Days(21)),
        ("N2", "BOOK", Days(28), Days(21)),
    ]
    assert (found[0].before.rule, found[0].after.rule) == (LIVE[0], DRAFT[0])
    renewals = list(differences(compiled(*LIVE), compiled(*DRAFT), looked[:1]))
    assert [(change.kind, change.before.value, change.after.value) for change in renewals] == [
        ("periods.renewal", Days(28), None)
    ]


@pytest.mark.requirement("R77")
def test_a_kind_of_debts_is_asked_at_the_authority() -> None:
    period = rule("pay", "periods.payment_reminder", "North", Days(7), level="2")
    everywhere = list(cells(TREE, CODES, MONDAY))
    assert len(everywhere) == (2 + 4) * len(CODES.patron_categories) * len(CODES.age_groups) * len(CODES.media_types)
    found = list(differences(compiled(), compiled(period), everywhere))
    assert {(change.cell.organisation, change.kind, change.level) for change in found} == {
        ("North", "periods.payment_reminder", "2")
    }


def test_the_cells_are_every_case_the_codes_tell_apart() -> None:
    tree = OrganisationTree({"A": Organisation("A", "A", None, "account"), "B": Organisation("B", "B", "A", "branch")})
    codes = KnownCodes(frozenset(tree.nodes), frozenset({"m", "n"}), frozenset({"p"}), frozenset({"g", "h"}))
    assert list(cells(tree, codes, MONDAY)) == [
        Cell(place, Facts(patron_category="p", age_group=group, media_type=media), MONDAY)
        for place in ("A", "B")
        for group in ("g", "h")
        for media in ("m", "n")
    ]
    none = KnownCodes(frozenset(tree.nodes), frozenset(), frozenset(), frozenset())
    assert list(cells(tree, none, MONDAY)) == [Cell(place, Facts(), MONDAY) for place in ("A", "B")]


def test_the_same_set_changes_nothing() -> None:
    assert list(differences(compiled(*LIVE), compiled(*LIVE), cells(TREE, CODES, MONDAY), list(KINDS)[:12])) == []
