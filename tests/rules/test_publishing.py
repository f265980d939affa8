"""The publish check: R4, R7, R11, R22, R33, R42, R46, R80."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import partial

import pytest
from hypothesis import given, settings

import wording
from rules.evaluate import decide
from rules.finding import SEVERITIES, Finding, Severity, stops_publishing
from rules.kinds import OVERDUE_LEVELS
from rules.problems import TEXTS
from rules.publishing import check_set
from rules.rule import Facts, Rule
from rules.values import MOST_MINOR, Amount, Days, Fee, FeeBasis, FeeStep, MinAge
from tests.rules import generated
from tests.rules.made import CODES, MONDAY, TREE, compiled, rule

ENABLE, PERIOD = "circulation.enable_overdue_reminder", "periods.overdue_reminder"
FEE, BLOCK = "fees.overdue_reminder", "patron.overdue_reminder_block"
PAY, PAY_PERIOD = "circulation.enable_payment_reminder", "periods.payment_reminder"
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


def test_a_set_with_periods_for_everything_has_no_finding() -> None:
    assert found() == []


# --- R7 ---------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R7")
@pytest.mark.requirement("R80")
def test_a_level_enabled_without_a_period_is_an_error() -> None:
    rules = (
        *(rule(f"on-{level}", ENABLE, "A", True, level=level) for level in "12"),
        rule("period-1", PERIOD, "A", Days(7), level="1"),
    )
    one = only("dependency_no_period", *rules)
    assert (one.severity, one.rules, one.kind, one.level, one.organisation) == (ERROR, ("on-2",), ENABLE, "2", "A")
    assert said(one) == "level 2 is enabled but has no period; nothing would be sent"
    assert said(one, "de") == "Stufe 2 ist eingeschaltet, hat aber keine Frist; es würde nichts verschickt"
    assert stops_publishing((one,))


@pytest.mark.requirement("R7")
def test_a_fee_of_a_level_that_is_not_enabled_can_never_be_charged() -> None:
    rules = (
        rule("on-1", ENABLE, "A", True, level="1"),
        rule("period-1", PERIOD, "A", Days(7), level="1"),
        rule("fee-2", FEE, "A", Amount(300), level="2"),
    )
    one = only("dependency_not_enabled", *rules)
    assert (one.severity, one.rules, one.kind, one.level, one.organisation) == (WARNING, ("fee-2",), FEE, "2", "A")
    assert "this fee can never be charged" in said(one)


@pytest.mark.requirement("R7")
def test_organisations_are_compared() -> None:
    on, period = rule("on", ENABLE, "N1", True, level="1"), rule("period", PERIOD, "N2", Days(7), level="1")
    one = only("dependency_no_period", on, period)
    assert (one.severity, one.organisation) == (ERROR, "N1")
    assert only("dependency_not_enabled", on, period).rules == ("period",)
    above = rule("period", PERIOD, "North", Days(7), level="1")
    assert not any(code.startswith("dependency_no_period") for code, _, _ in codes(on, above))


@pytest.mark.requirement("R7")
def test_enabled_for_all_but_a_period_at_one_authority_only_is_an_error_at_the_other() -> None:
    rules = (rule("on", ENABLE, "A", True, level="1"), rule("period", PERIOD, "North", Days(7), level="1"))
    assert only("dependency_no_period", *rules).organisation == "South"


@pytest.mark.requirement("R7")
def test_a_period_that_covers_only_part_of_what_is_enabled_is_a_warning() -> None:
    rules = (
        rule("on", ENABLE, "A", True, level="1"),
        rule("not-staff", ENABLE, "A", False, level="1", patron_category="staff"),
        rule("period", PERIOD, "A", Days(7), level="1", media_type="BOOK"),
    )
    one = only("dependency_period_gap", *rules)
    assert (one.severity, one.organisation, one.rules) == (WARNING, "A", ("on",))
    rest = rule("rest", PERIOD, "A", Days(14), level="1", media_type=("CD", "DVD", "DVD18", "GAME"))
    assert "dependency_period_gap" not in [code for code, _, _ in codes(*rules, rest)]


@pytest.mark.requirement("R7")
def test_a_missing_fee_or_block_is_a_hint() -> None:
    on = (rule("on", ENABLE, "A", True, level="1"), rule("period", PERIOD, "A", Days(7), level="1"))
    assert [(one.severity, one.code, one.level) for one in found(*on)] == [
        (HINT, "dependency_no_fee", "1"),
        (HINT, "dependency_no_block", None),
    ]
    whole = (*on, rule("fee", FEE, "A", Amount(100), level="1"), rule("block", BLOCK, "A", 1))
    assert found(*whole) == []


@pytest.mark.requirement("R7")
@pytest.mark.parametrize(("number", "dead"), [(1, False), (2, True)])
def test_a_block_needs_a_level_from_its_number_on(number: int, dead: bool) -> None:
    rules = (
        *(rule("on", ENABLE, "A", True, level="1"), rule("period", PERIOD, "A", Days(7), level="1")),
        rule("block", BLOCK, "A", number),
    )
    assert ("dependency_not_enabled" in [code for code, _, _ in codes(*rules)]) == dead


@pytest.mark.requirement("R7")
@pytest.mark.requirement("R37")
def test_a_block_is_for_reminders_of_any_branch() -> None:
    rules = (
        *(rule("on", ENABLE, "N1", True, level="1"), rule("period", PERIOD, "N1", Days(7), level="1")),
        rule("block", BLOCK, "S1", 1),
    )
    assert "dependency_not_enabled" not in [code for code, _, _ in codes(*rules)]


@pytest.mark.requirement("R7")
def test_a_finding_names_the_rules_of_its_own_organisation_those_above_and_those_below() -> None:
    apart = [rule("on-n1", ENABLE, "N1", True, level="1"), rule("on-s1", ENABLE, "S1", True, level="1")]
    found_ = [one for one in found(*apart) if one.code == "dependency_no_period"]
    assert [(one.organisation, one.rules) for one in found_] == [("N1", ("on-n1",)), ("South", ("on-s1",))]
    below = [rule(f"on-{org}", ENABLE, org, True, level="1") for org in ("North", "South")]
    assert only("dependency_no_period", *below).rules == ("on-North", "on-South")


@pytest.mark.requirement("R7")
def test_payment_reminders_need_a_minimum_total_too() -> None:
    on = (rule("on", PAY, "A", True, level="1"), rule("period", PAY_PERIOD, "A", Days(7), level="1"))
    one = only("dependency_no_minimum", *on)
    assert (one.severity, one.organisation) == (ERROR, "A")
    assert said(one) == "payment reminders are enabled but there is no minimum total; nothing would be sent"
    minimum = rule("minimum", "counts.payment_reminder_minimum", "A", Amount(10000))
    assert not stops_publishing(tuple(found(*on, minimum)))
    assert [one.rules for one in found(minimum)] == [("minimum",)]


@pytest.mark.requirement("R7")
def test_a_due_warning_fee_alone_is_a_hint_and_its_period_alone_a_warning() -> None:
    fee = rule("fee", "fees.due_warning", "A", Amount(50))
    period = rule("period", "periods.due_warning", "A", Days(3))
    assert [(one.severity, one.rules) for one in found(fee, period)] == [(WARNING, ("period",)), (HINT, ("fee",))]
    on = rule("on", "circulation.enable_due_warning", "A", True)
    assert found(fee, period, on) == []
    assert (
        said(only("dependency_no_period", on)) == "the due warning is enabled but has no period; nothing would be sent"
    )


@pytest.mark.requirement("R7")
def test_a_queue_minimum_without_its_partner_rules_is_a_hint() -> None:
    minimum = rule("queue", "counts.queue_min_renewals", "N1", 2)
    hints = found(minimum)
    assert [(one.severity, one.code, one.organisation, one.rules) for one in hints] == 2 * [
        (HINT, "queue_min_without_partner", "N1", ("queue",))
    ]
    assert said(hints[1]).endswith("renewal period for reserved items")
    partners = (
        rule("allowed", "circulation.renewal_reserved", "A", True),
        rule("shorter", "periods.renewal_reserved", "North", Days(7)),
    )
    assert found(minimum, *partners) == []
    assert len(found(rule("queue", "counts.queue_min_checkouts", "A", 2))) == 1
    (south,) = found(rule("last", "counts.queue_min_checkouts", "S1", 2))
    assert (south.rules, south.kind, south.organisation) == (("last",), "counts.queue_min_checkouts", "South")


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


# --- periods ----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R6")
@pytest.mark.requirement("R80")
def test_a_missing_loan_period_is_an_error_for_each_branch_and_media_type() -> None:
    media = tuple(sorted(CODES.media_types - {"GAME"}))
    base = (rule("loan", LOAN, "A", Days(28), media_type=media), BASE[1], rule("south", LOAN, "South", Days(28)))
    gaps = found(base=base)
    assert [(one.severity, one.code, one.kind, one.organisation) for one in gaps] == [
        (ERROR, "no_loan_period", LOAN, org) for org in ("N1", "N2", "BUS")
    ]
    assert {one.params["media_type"] for one in gaps} == {"GAME"}
    assert said(gaps[0]) == "no loan period for a GAME; the checkout would be refused"
    forbidden = rule("no-games", "circulation.checkout", "North", False, media_type="GAME")
    assert found(forbidden, base=base) == []


@pytest.mark.requirement("R80")
def test_a_loan_period_only_for_some_patrons_leaves_a_gap() -> None:
    base = (rule("loan", LOAN, "A", Days(28), patron_category=("normal", "staff", "teacher")), BASE[1])
    gaps = found(base=base)
    assert len(gaps) == 4 * 5
    assert said(gaps[0]) == "no loan period for a home_service borrowing a BOOK; the checkout would be refused"


@pytest.mark.requirement("R80")
def test_a_gap_names_the_media_type_also_where_there_is_only_one() -> None:
    books = replace(CODES, media_types=frozenset({"BOOK"}))
    base = (rule("loan", LOAN, "A", Days(28), patron_category="staff"), BASE[1])
    gaps = [one for one in check_set(base, TREE, books, MONDAY) if one.code == "no_loan_period"]
    assert said(gaps[0]).startswith("no loan period for a home_service | normal | teacher borrowing a BOOK")


@pytest.mark.requirement("R80")
def test_a_loan_period_that_ends_is_a_warning_from_that_day_on() -> None:
    base = (rule("loan", LOAN, "A", Days(28), valid_until=date(2026, 8, 31)), BASE[1])
    ends = found(base=base)
    assert {(one.severity, one.code, one.kind, one.params["date"]) for one in ends} == {
        (WARNING, "no_loan_period_later", LOAN, date(2026, 9, 1))
    }
    assert {one.params["media_type"] for one in ends} == CODES.media_types
    assert "no loan period for a BOOK" in said(ends[0])


@pytest.mark.requirement("R80")
def test_a_missing_renewal_period_is_a_warning() -> None:
    gaps = found(base=(BASE[0],))
    assert [(one.severity, one.code, one.kind, one.organisation) for one in gaps] == 5 * [
        (WARNING, "no_renewal_period", RENEWAL, "A")
    ]
    assert said(gaps[0]) == "no renewal period for BOOK; renewals are refused"


def levels(days: list[int]) -> list[Rule]:
    """All levels and the invoice, enabled and with a period."""
    return [
        made
        for level, number in zip(OVERDUE_LEVELS, days, strict=True)
        for made in (
            rule(f"on-{level}", ENABLE, "A", True, level=level),
            rule(f"days-{level}", PERIOD, "A", Days(number), level=level),
        )
    ]


@pytest.mark.requirement("R46")
@pytest.mark.requirement("R80")
def test_levels_must_increase_and_the_invoice_come_last() -> None:
    good = [7, 14, 21, 28, 35, 42, 60]
    assert "levels_not_increasing" not in {code for code, _, _ in codes(*levels(good))}
    invoice_early = only("levels_not_increasing", *levels([*good[:6], 42]))
    assert (invoice_early.severity, invoice_early.rules, invoice_early.organisation) == (
        ERROR,
        ("days-6", "days-invoice"),
        "A",
    )
    assert said(invoice_early).startswith("the invoice comes after 42 days, level 6 after 42;")
    assert only("levels_not_increasing", *levels([7, 14, 13, *good[3:]])).level == "3"


@pytest.mark.requirement("R46")
def test_every_level_counts_from_the_due_date() -> None:
    rules = compiled(*levels([7, 14, 21, 28, 35, 42, 60]))
    due = date(2026, 6, 1)
    days = [decide(rules, PERIOD, "N1", Facts(), due, level).value for level in OVERDUE_LEVELS]
    assert [(due + timedelta(days=found.days)).isoformat()[5:] for found in days if isinstance(found, Days)] == [
        *("06-08", "06-15", "06-22", "06-29", "07-06", "07-13", "07-31")
    ]


@pytest.mark.requirement("R46")
def test_levels_are_compared_after_inheritance() -> None:
    own = rule("n1", PERIOD, "N1", Days(30), level="2")
    clash = [one for one in found(*levels([7, 14, 21, 28, 35, 42, 60]), own) if one.severity is ERROR]
    assert [(one.rules, one.organisation) for one in clash] == [(("n1", "days-3"), "N1"), (("n1", "days-4"), "N1")]


@pytest.mark.requirement("R46")
def test_levels_of_different_media_types_are_not_compared() -> None:
    rules = (
        rule("dvd", PERIOD, "A", Days(30), level="1", media_type="DVD"),
        rule("book", PERIOD, "A", Days(14), level="2", media_type="BOOK"),
    )
    assert "levels_not_increasing" not in {code for code, _, _ in codes(*rules)}


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


@settings(max_examples=60)
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
