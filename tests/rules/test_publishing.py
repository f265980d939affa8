"""The publish check: rules against one another, one alone, and the whole set (R4, R5, R11, R22, R33, R42, R56, R80)."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings

import wording
from rules.evaluate import decide
from rules.finding import SEVERITIES, Severity, stops_publishing
from rules.problems import TEXTS
from rules.publishing import check_set
from rules.rule import Facts, Rule
from rules.values import MOST_MINOR, Amount, Days, Fee, FeeBasis, FeeStep, MinAge
from tests.generated import examples
from tests.rules import generated
from tests.rules.checked import BASE, ENABLE, ERROR, LOAN, PERIOD, RENEWAL, WARNING, codes, found, only, said
from tests.rules.made import CODES, MONDAY, TREE, compiled, rule


def test_a_set_with_periods_for_everything_has_no_finding() -> None:
    assert found() == []


# --- lists ------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R4")
@pytest.mark.requirement("R80")
def test_two_rules_of_equal_rank_that_match_the_same_are_spelled_out() -> None:
    rules = (rule("dvd", LOAN, "A", Days(7), media_type="DVD"), rule("kids", LOAN, "A", Days(14), age_group="child"))
    one = only("overlap", *rules)
    assert (one.severity, one.rules, one.organisation) == (WARNING, ("dvd", "kids"), "A")
    assert said(one) == "a child borrowing a DVD matches both; rule 1 (7 days) wins"
    assert said(one, "de") == "child mit DVD: beide Regeln passen; Regel 1 (7 Tage) gilt"
    at = decide(compiled(*BASE, *rules), LOAN, "N1", Facts(media_type="DVD", age_group="child"), MONDAY)
    assert (at.number, at.value) == (1, Days(7))


@pytest.mark.requirement("R4")
@pytest.mark.requirement("R80")
@pytest.mark.parametrize(
    ("more", "conflict"),
    [
        ({"valid_from": date(2026, 7, 1)}, True),
        ({"valid_from": date(2026, 9, 1)}, False),
        ({}, False),
        ({"valid_from": date(2026, 7, 1), "patron_category": "staff"}, False),
    ],
)
def test_two_rules_conflict_only_if_their_dates_overlap_too(more: dict[str, object], conflict: bool) -> None:
    summer = rule("dvd", LOAN, "A", Days(7), media_type="DVD", valid_until=date(2026, 8, 31))
    assert (
        "overlap"
        in {code for code, _, _ in codes(summer, rule("kids", LOAN, "A", Days(14), **{"age_group": "child", **more}))}
    ) == conflict


@pytest.mark.requirement("R80")
@pytest.mark.parametrize(
    "other",
    [
        rule("kids", LOAN, "A", Days(7), age_group="child"),
        rule("kids", LOAN, "North", Days(14), age_group="child"),
        rule("cd", LOAN, "A", Days(14), media_type="CD"),
        rule("kids", LOAN, "A", Days(14), age_group="child", fiction=True),
        rule("kids", LOAN, "A", Days(14), age_group="child", active=False),
    ],
)
def test_other_pairs_do_not_conflict(other: Rule) -> None:
    assert "overlap" not in {code for code, _, _ in codes(rule("dvd", LOAN, "A", Days(7), media_type="DVD"), other)}


@pytest.mark.requirement("R80")
def test_rules_that_say_the_same_hide_no_conflict_with_a_third() -> None:
    rules = (
        rule("dvd", LOAN, "A", Days(7), media_type="DVD"),
        rule("kids", LOAN, "A", Days(7), age_group="child"),
        rule("staff", LOAN, "A", Days(14), patron_category="staff"),
    )
    conflicts = [one.rules for one in found(*rules) if one.code == "overlap"]
    assert conflicts == [("dvd", "staff"), ("kids", "staff")]


@pytest.mark.requirement("R80")
def test_a_rule_another_one_covers_is_never_reached() -> None:
    one = only("never_reached", rule("z-loan", LOAN, "A", Days(14)))
    assert (one.severity, one.rules, one.organisation) == (WARNING, ("z-loan", "loan"), "A")
    assert said(one) == "rule 2, z-loan, is never reached; loan comes first and covers it"


@pytest.mark.requirement("R80")
def test_several_rules_may_cover_one_together() -> None:
    ages = (
        rule("n-true", LOAN, "N1", Days(1), fiction=True),
        rule("n-false", LOAN, "N1", Days(1), fiction=False),
    )
    assert "never_reached" not in {code for code, _, _ in codes(*ages, rule("n", LOAN, "N1", Days(2)))}
    covered = rule("z", LOAN, "N1", Days(2), media_type=("DVD", "CD"))
    by = (rule("x", LOAN, "N1", Days(1), media_type="DVD"), rule("y", LOAN, "N1", Days(1), media_type="CD"))
    assert only("never_reached", *by, covered).rules == ("z", "x", "y")


@pytest.mark.requirement("R80")
def test_a_rule_overruled_at_every_branch_below_is_never_reached() -> None:
    below = [rule(f"l-{org}", LOAN, org, Days(14)) for org in ("N1", "N2", "BUS")]
    north = rule("north", LOAN, "North", Days(21))
    assert only("never_reached", *below, north).rules[0] == "north"
    assert "never_reached" not in {code for code, _, _ in codes(*below[:2], north)}


@pytest.mark.requirement("R42")
@pytest.mark.requirement("R80")
def test_a_summer_rule_that_leaves_a_specific_one_as_it_is_is_reported() -> None:
    summer = rule("summer", LOAN, "A", Days(42), name="the summer rule", valid_until=date(2026, 8, 31))
    dvd = rule("dvd", LOAN, "A", Days(7), media_type="DVD")
    one = only("summer_not_general", summer, dvd)
    assert (one.severity, one.rules, one.kind, one.organisation) == (WARNING, ("summer", "dvd"), LOAN, "A")
    assert said(one) == "the summer rule does not affect: DVD"
    kids = rule("kids", LOAN, "A", Days(3), media_type="DVD", age_group="child")
    assert said(only("summer_not_general", summer, kids)) == "the summer rule does not affect: child + DVD"
    at = decide(compiled(*BASE, summer, dvd), LOAN, "N1", Facts(media_type="DVD"), MONDAY)
    assert at.value == Days(7)


@pytest.mark.requirement("R42")
def test_everything_a_summer_rule_leaves_as_it_is_is_named() -> None:
    summer = rule("summer", PERIOD, "A", Days(42), level="2", valid_until=date(2026, 8, 31))
    standing = [rule(f"for-{code}", PERIOD, "A", Days(7), level="2", media_type=code) for code in ("CD", "DVD")]
    elsewhere = rule("n1", PERIOD, "N1", Days(7), level="2", media_type="BOOK")
    one = only("summer_not_general", summer, *standing, elsewhere)
    assert (one.rules, one.kind, one.level) == (("summer", "for-CD", "for-DVD"), PERIOD, "2")
    assert said(one).endswith("does not affect: CD, DVD")
    last_year = rule("a-old", PERIOD, "A", Days(9), level="2", media_type="GAME", valid_until=date(2026, 5, 31))
    assert only("summer_not_general", summer, *standing, last_year).rules == one.rules


@pytest.mark.requirement("R42")
def test_a_summer_rule_of_its_own_for_what_is_specific_is_enough() -> None:
    summer = rule("summer", LOAN, "A", Days(42), valid_until=date(2026, 8, 31))
    dvd = rule("dvd", LOAN, "A", Days(7), media_type="DVD")
    own = rule("dvd-summer", LOAN, "A", Days(14), media_type="DVD", valid_until=date(2026, 8, 31))
    assert "summer_not_general" not in {code for code, _, _ in codes(summer, dvd, own)}
    branch = rule("summer", LOAN, "N1", Days(42), valid_until=date(2026, 8, 31))
    assert "summer_not_general" not in {code for code, _, _ in codes(branch, dvd)}


@pytest.mark.requirement("R80")
def test_a_branch_rule_that_copies_what_it_would_inherit_is_reported() -> None:
    one = only("same_as_inherited", rule("n1", LOAN, "N1", Days(28)))
    assert (one.severity, one.rules) == (WARNING, ("n1", "loan"))
    assert said(one) == "n1 says the same as the rule inherited from A"
    between = rule("north", LOAN, "North", Days(14))
    assert "same_as_inherited" not in {code for code, _, _ in codes(rule("n1", LOAN, "N1", Days(28)), between)}


# --- one rule alone ---------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R5")
@pytest.mark.requirement("R80")
@pytest.mark.parametrize(("until", "over"), [(date(2026, 5, 31), True), (date(2026, 6, 1), False)])
def test_an_expired_rule_is_reported(until: date, over: bool) -> None:
    old = rule("old", "circulation.renewal", "A", False, name="Old rule", valid_until=until)
    assert [one.code for one in found(old)] == (["expired"] if over else [])


@pytest.mark.requirement("R80")
@pytest.mark.parametrize("kind", [LOAN, RENEWAL, "periods.loan_reserved", "periods.renewal_reserved"])
def test_a_period_of_0_is_not_the_way_to_forbid(kind: str) -> None:
    one = only("period_zero", rule("zero", kind, "A", Days(0), media_type="GAME"))
    assert (one.severity, one.rules) == (WARNING, ("zero",))
    assert "circulation control" in said(one)
    assert found(rule("grace", "periods.grace", "A", Days(0))) == []


@pytest.mark.requirement("R11")
@pytest.mark.requirement("R80")
@pytest.mark.parametrize(
    ("value", "when", "warned"),
    [
        (False, {"age_max": 17}, True),
        (False, {"age_group": "child"}, True),
        (False, {"age_min": 18}, False),
        (False, {}, False),
        (True, {"age_group": "child"}, False),
        (MinAge(18), {}, False),
    ],
)
def test_a_refusal_by_age_lets_unknown_birth_dates_pass(
    value: bool | MinAge, when: dict[str, object], warned: bool
) -> None:
    one = rule("dvd18", "circulation.checkout", "A", value, media_type="DVD18", **when)
    assert [found_.code for found_ in found(one)] == (["refusing_checkout_with_age"] if warned else [])


@pytest.mark.requirement("R33")
@pytest.mark.requirement("R80")
def test_the_jumps_of_a_fee_per_day_are_shown() -> None:
    steps = tuple(FeeStep(days, Amount(minor)) for days, minor in ((7, 100), (14, 200), (9999, 300)))
    jumps = found(rule("fee", "fees.overdue", "A", Fee(FeeBasis.PER_DAY, steps)))
    assert [said(one) for one in jumps] == [
        "the fee jumps: 7 days 7.00, 8 days 16.00",
        "the fee jumps: 14 days 28.00, 15 days 45.00",
    ]
    assert found(rule("fee", "fees.overdue", "A", Fee(FeeBasis.FIXED, steps))) == []
    high = (FeeStep(100, Amount(0)), FeeStep(200, Amount(MOST_MINOR)))
    assert said(found(rule("fee", "fees.overdue", "A", Fee(FeeBasis.PER_DAY, high)))[0]).endswith("100999999998.99")


@pytest.mark.requirement("R22")
@pytest.mark.requirement("R80")
def test_counting_rules_whose_total_varies_are_shown_with_both_totals() -> None:
    rules = (
        rule("cd", "counts.max_loans", "A", 10, media_type="CD"),
        rule("dvd", "counts.max_loans", "A", 10, media_type="DVD"),
        rule("all", "counts.max_loans", "A", 15),
    )
    one = only("total_varies", *rules)
    assert (one.severity, one.rules, one.organisation) == (WARNING, ("cd", "dvd", "all"), "A")
    assert said(one).endswith("between 20 and 35 loans at most; use one general rule for a fixed total")
    assert found(rules[2]) == []


# --- the whole --------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R56")
@pytest.mark.requirement("R80")
def test_what_is_wrong_in_itself_is_listed_together_with_the_rest() -> None:
    rules = (
        rule("vhs", LOAN, "A", Days(7), media_type="VHS"),
        rule("self", "self_service.checkout", "A", False, patron_category="normal"),
        rule("nowhere", LOAN, "N9", Days(7)),
        rule("on", ENABLE, "A", True, level="1"),
    )
    errors = [one for one in found(*rules) if one.severity is ERROR]
    assert [one.code for one in errors] == ["code_unknown", "patron_field", "code_unknown", "dependency_no_period"]
    assert said(errors[0]) == '"VHS" is not known here.'
    assert errors[0].params["key"] == "when.media_type"


@settings(max_examples=examples(60))
@given(generated.rule_sets)
def test_any_set_can_be_checked_and_every_finding_can_be_told(rules: tuple[Rule, ...]) -> None:
    ids = {rule.id for rule in rules}
    for one in check_set(rules, TREE, CODES, MONDAY):
        assert one.code in SEVERITIES or one.code in TEXTS
        assert set(one.rules) <= ids
        for language in wording.languages():
            assert said(one, language)


def test_the_gravest_findings_come_first() -> None:
    order = [one.severity for one in check_set((rule("on", ENABLE, "A", True, level="1"),), TREE, CODES, MONDAY)]
    assert order == sorted(order, key=list(Severity).index)
    assert stops_publishing(check_set((), TREE, CODES, MONDAY))


def test_every_code_has_its_words() -> None:
    known = wording.codes(wording.STAFF)
    assert {f"finding.{code}" for code in SEVERITIES} <= known
