"""The publish check: what a rule lacks, partners, periods and the order of levels (R6, R7, R46, R80)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from rules.evaluate import decide
from rules.finding import stops_publishing
from rules.kinds import OVERDUE_LEVELS
from rules.publishing import check_set
from rules.rule import Facts, Rule
from rules.values import Amount, Days
from tests.rules.checked import BASE, ENABLE, ERROR, HINT, LOAN, PERIOD, RENEWAL, WARNING, codes, found, only, said
from tests.rules.made import CODES, MONDAY, TREE, compiled, rule

FEE, BLOCK = "fees.overdue_reminder", "patron.overdue_reminder_block"
PAY, PAY_PERIOD = "circulation.enable_payment_reminder", "periods.payment_reminder"


# --- partners ---------------------------------------------------------------------------------------------------------


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
