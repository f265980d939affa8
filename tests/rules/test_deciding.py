"""R2-R6, R12, R13 and R76 with the numbers of the requirements."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from rules.evaluate import decide
from rules.problems import RulesError
from rules.rule import Facts
from rules.values import Amount, Days, MinAge
from tests.rules.made import MONDAY, compiled, decided, rule


@pytest.mark.requirement("R2")
def test_a_condition_left_empty_matches_everything_and_fields_are_and() -> None:
    rules = compiled(
        rule("no", "reservation.item_reservable", "N1", False, patron_category="normal", media_type="DVD"),
    )
    kind = "reservation.item_reservable"
    assert decided(rules, kind, patron_category="normal", media_type="DVD").value is False
    assert decided(rules, kind, patron_category="staff", media_type="DVD").value is True
    assert decided(rules, kind, patron_category="normal", media_type="BOOK").value is True
    assert decided(rules, kind, branch="N2", patron_category="normal", media_type="DVD").value is True


@pytest.mark.requirement("R2")
def test_several_values_in_a_field_are_or() -> None:
    rules = compiled(rule("discs", "periods.loan", "A", Days(7), media_type=("DVD", "CD")))
    assert [decided(rules, "periods.loan", media_type=code).value for code in ("DVD", "CD", "BOOK")] == [
        Days(7),
        Days(7),
        None,
    ]


@pytest.mark.requirement("R2")
@pytest.mark.parametrize(
    ("condition", "fits", "fits_not"),
    [
        ({"material_type": "reference"}, {"material_type": "reference"}, {"material_type": "loan"}),
        ({"department": "bestseller"}, {"department": "bestseller"}, {"department": "novels"}),
        ({"audience": "youth"}, {"audience": "youth"}, {"audience": "adult"}),
        ({"fiction": False}, {"fiction": False}, {"fiction": True}),
        ({"age_group": "child"}, {"age_group": "child"}, {"age_group": "adult"}),
        ({"age_min": 6}, {"age": 6}, {"age": 5}),
        ({"age_max": 17}, {"age": 17}, {"age": 18}),
        ({"age_min": 6, "age_max": 17}, {"age": 6}, {"age": 18}),
    ],
)
def test_every_field_matches_its_values_and_nothing_unknown(
    condition: dict[str, Any], fits: dict[str, Any], fits_not: dict[str, Any]
) -> None:
    rules = compiled(rule("r", "periods.loan", "A", Days(3), **condition))
    assert decided(rules, "periods.loan", **fits).value == Days(3)
    assert decided(rules, "periods.loan", **fits_not).value is None
    assert decided(rules, "periods.loan").value is None


@pytest.mark.requirement("R3")
def test_the_first_rule_that_fits_decides_alone() -> None:
    dvd = rule("dvd", "periods.loan", "A", Days(7), media_type="DVD")
    everything = rule("all", "periods.loan", "A", Days(28))
    rules = compiled(everything, dvd)
    assert decided(rules, "periods.loan", media_type="DVD").value == Days(7)
    assert decided(rules, "periods.loan", media_type="BOOK").value == Days(28)
    assert decided(compiled(everything), "periods.loan", media_type="DVD").value == Days(28)


@pytest.mark.requirement("R4")
def test_the_deeper_organisation_comes_before_the_more_specific_rule() -> None:
    rules = compiled(
        rule("a-all", "periods.loan", "A", Days(28)),
        rule("a-dvd", "periods.loan", "A", Days(7), media_type="DVD"),
        rule("n1-all", "periods.loan", "N1", Days(14)),
    )
    assert decided(rules, "periods.loan", "N1", media_type="DVD").value == Days(14)
    assert decided(rules, "periods.loan", "N2", media_type="DVD").value == Days(7)
    assert decided(rules, "periods.loan", "N2", media_type="BOOK").value == Days(28)


@pytest.mark.requirement("R4")
@pytest.mark.requirement("R12")
def test_the_listed_order_is_the_walked_order_numbered_from_one() -> None:
    rules = compiled(
        rule("l-a", "periods.loan", "A", Days(28)),
        rule("l-a-dvd-child", "periods.loan", "A", Days(3), media_type="DVD", age_group="child"),
        rule("l-north", "periods.loan", "North", Days(21)),
        rule("l-n1-dvd", "periods.loan", "N1", Days(10), media_type="DVD"),
    )
    assert [r.id for r in rules.listed("periods.loan", "N1")] == ["l-n1-dvd", "l-north", "l-a-dvd-child", "l-a"]
    assert [r.id for r in rules.listed("periods.loan", "S1")] == ["l-a-dvd-child", "l-a"]
    winners = [
        decided(rules, "periods.loan", "N1", media_type="DVD", age_group="child"),
        decided(rules, "periods.loan", "N2", media_type="DVD", age_group="child"),
        decided(rules, "periods.loan", "N1", media_type="BOOK", age_group="adult"),
        decided(rules, "periods.loan", "S1", media_type="DVD", age_group="child"),
        decided(rules, "periods.loan", "S1", media_type="DVD", age_group="adult"),
    ]
    assert [(d.rule.id if d.rule else None, d.number) for d in winners] == [
        ("l-n1-dvd", 1),
        ("l-north", 1),
        ("l-north", 2),
        ("l-a-dvd-child", 1),
        ("l-a", 2),
    ]


@pytest.mark.requirement("R4")
def test_among_equals_dated_rules_then_position_then_id_decide() -> None:
    kind = "periods.loan"
    rules = compiled(
        rule("c", kind, "A", Days(1)),
        rule("b", kind, "A", Days(2)),
        rule("x-third", kind, "A", Days(3), position=2),
        rule("y-second", kind, "A", Days(4), position=1),
        rule("z-first", kind, "A", Days(9), position=0),
        rule("dated", kind, "A", Days(5), valid_until=date(2026, 12, 31)),
        rule("one-field", kind, "A", Days(6), media_type="DVD"),
        rule("ages-are-one-field", kind, "A", Days(7), age_min=6, age_max=17),
        rule("two-fields", kind, "A", Days(8), media_type="DVD", age_min=6),
    )
    assert [r.id for r in rules.listed(kind, "N1")] == [
        "two-fields",
        "ages-are-one-field",
        "one-field",
        "dated",
        "z-first",
        "y-second",
        "x-third",
        "b",
        "c",
    ]


@pytest.mark.requirement("R4")
def test_an_inactive_rule_is_neither_listed_nor_walked() -> None:
    rules = compiled(rule("off", "periods.loan", "N1", Days(1), active=False), rule("on", "periods.loan", "A", Days(2)))
    assert [r.id for r in rules.listed("periods.loan", "N1")] == ["on"]
    assert decided(rules, "periods.loan").value == Days(2)


@pytest.mark.requirement("R5")
@pytest.mark.parametrize(
    ("day", "days"),
    [(date(2026, 5, 30), 28), (date(2026, 6, 1), 42), (date(2026, 8, 31), 42), (date(2026, 9, 1), 28)],
)
def test_both_days_of_validity_are_inclusive(day: date, days: int) -> None:
    rules = compiled(
        rule("summer", "periods.loan", "A", Days(42), valid_from=date(2026, 6, 1), valid_until=date(2026, 8, 31)),
        rule("always", "periods.loan", "A", Days(28)),
    )
    assert decided(rules, "periods.loan", on=day).value == Days(days)


@pytest.mark.requirement("R5")
def test_either_day_may_be_left_open() -> None:
    rules = compiled(
        rule("from", "periods.loan", "N1", Days(1), valid_from=date(2026, 6, 1)),
        rule("until", "periods.loan", "N1", Days(2), valid_until=date(2026, 5, 31)),
    )
    assert decided(rules, "periods.loan", on=date(2026, 5, 31)).value == Days(2)
    assert decided(rules, "periods.loan", on=date(2026, 6, 1)).value == Days(1)


@pytest.mark.requirement("R6")
@pytest.mark.parametrize(
    ("kind", "default"),
    [
        ("self_service.checkout", True),
        ("self_service.return", True),
        ("self_service.renewal", True),
        ("circulation.checkout", True),
        ("circulation.renewal", True),
        ("counts.max_loans", None),
        ("patron.debt_block", None),
        ("periods.loan", None),
        ("periods.renewal", None),
    ],
)
def test_without_a_rule_the_fixed_default_holds_and_is_named(kind: str, default: object) -> None:
    decision = decided(compiled(), kind, media_type="GAME")
    assert decision.value is default
    assert decision.default_used
    assert decision.number is None
    assert decision.step().default_used


@pytest.mark.requirement("R6")
def test_a_rule_that_says_zero_or_no_is_not_taken_for_none() -> None:
    rules = compiled(
        rule("zero", "counts.max_loans", "A", 0),
        rule("no", "self_service.checkout", "A", False),
        rule("free", "patron.debt_block", "A", Amount(0)),
    )
    for kind, value in (("counts.max_loans", 0), ("self_service.checkout", False), ("patron.debt_block", Amount(0))):
        decision = decided(rules, kind)
        assert decision.value == value
        assert not decision.default_used


@pytest.mark.requirement("R12")
@pytest.mark.requirement("R13")
def test_the_branch_that_is_asked_for_decides() -> None:
    rules = compiled(
        rule("n1", "periods.loan", "N1", Days(28)),
        rule("n2", "periods.loan", "N2", Days(14)),
        rule("r1", "periods.renewal", "N1", Days(28)),
        rule("r2", "periods.renewal", "N2", Days(14)),
    )
    assert decided(rules, "periods.loan", "N2").value == Days(14)
    assert decided(rules, "periods.renewal", "N1").value == Days(28)
    assert decided(rules, "periods.loan", "N2").organisation == "N2"


@pytest.mark.requirement("R12")
@pytest.mark.requirement("R13")
def test_each_kind_says_whose_rules_decide() -> None:
    used: dict[str, set[str]] = {}
    for key, kind in compiled().kinds.items():
        used.setdefault(kind.organisation.value, set()).add(key)
    assert used["item"] == {"reservation.item_on_shelf", "reservation.item_reservable"}
    assert used["pickup"] == {
        "circulation.enable_reservation_notice",
        "fees.uncollected_reservation",
        "periods.shelf_time",
    }
    assert used["authority"] == {
        "circulation.enable_payment_reminder",
        "counts.payment_reminder_minimum",
        "fees.payment_reminder",
        "periods.payment_reminder",
    }
    assert used["session"] == {
        *("self_service.checkout", "self_service.return", "self_service.renewal", "circulation.checkout"),
        *("counts.max_loans", "counts.max_reservations_per_title", "counts.queue_min_checkouts"),
        *("patron.debt_block", "patron.overdue_reminder_block", "patron.payment_reminder_block"),
        *("periods.loan", "periods.loan_reserved", "reservation.already_on_loan"),
    }
    assert {"circulation.renewal", "periods.renewal", "fees.overdue"} <= used["first_checkout"]


def test_levels_are_decided_apart() -> None:
    kind = "periods.overdue_reminder"
    rules = compiled(
        rule("one", kind, "A", Days(7), level="1"),
        rule("invoice", kind, "A", Days(60), level="invoice"),
    )
    assert decided(rules, kind, level="1").value == Days(7)
    assert decided(rules, kind, level="invoice").value == Days(60)
    assert decided(rules, kind, level="2").value is None


@pytest.mark.parametrize(
    ("kind", "branch", "level", "why"),
    [
        ("periods.nothing", "N1", None, "there is no rule kind 'periods.nothing'"),
        ("periods.loan", "N9", None, "there is no organisation 'N9'"),
        ("periods.loan", "N1", "1", "rule kind periods.loan has no level '1'"),
    ],
)
def test_what_does_not_exist_is_an_error_and_not_a_default(kind: str, branch: str, level: str | None, why: str) -> None:
    with pytest.raises(RulesError, match=why):
        decide(compiled(), kind, branch, Facts(), MONDAY, level)


def test_a_leveled_kind_is_never_asked_without_its_level() -> None:
    with pytest.raises(RulesError, match="no level None"):
        decided(compiled(), "periods.overdue_reminder")


@pytest.mark.parametrize(
    "wrong",
    [
        rule("r", "periods.nothing", "A", Days(1)),
        rule("r", "periods.loan", "Elsewhere", Days(1)),
        rule("r", "periods.loan", "A", True),
        rule("r", "periods.loan", "A", Days(1), level="1"),
    ],
)
def test_a_rule_that_fits_no_kind_or_organisation_is_not_compiled(wrong: object) -> None:
    with pytest.raises(RulesError, match=r"rule r: its kind, level or value|there is no organisation 'Elsewhere'"):
        compiled(wrong)  # type: ignore[arg-type]  # parametrize hides the type


@pytest.mark.requirement("R76")
def test_the_trace_says_what_was_looked_at_and_why_it_did_not_match() -> None:
    rules = compiled(
        rule(
            "kids", "periods.loan", "N1", Days(3), media_type=("DVD", "CD"), age_min=6, age_max=17, name="Kids' discs"
        ),
        rule("dvd18", "periods.loan", "N1", Days(7), media_type="DVD18", position=1),
        rule("old", "periods.loan", "North", Days(9), valid_until=date(2026, 5, 31)),
        rule("soon", "periods.loan", "North", Days(9), valid_from=date(2026, 7, 1)),
        rule("novels", "periods.loan", "A", Days(5), fiction=True),
        rule("all", "periods.loan", "A", Days(28)),
        rule("never", "periods.loan", "A", Days(1), position=9, active=False),
        number=12,
    )
    plain = decided(rules, "periods.loan", media_type="DVD", age=34).step().to_plain()
    looked_at = plain.pop("looked_at")
    assert plain == {
        "kind": "periods.loan",
        "level": None,
        "organisation": "N1",
        "ruleset": 12,
        "on": "2026-06-01",
        "not_looked_at": 0,
        "winner": "all",
        "value": {"days": 28},
        "default_used": False,
    }
    assert isinstance(looked_at, list)
    assert looked_at[0] == {
        "number": 1,
        "rule": "kids",
        "name": "Kids' discs",
        "org": "N1",
        "result": "skipped",
        "field": "age",
        "wanted": "6-17",
        "was": "34",
    }
    assert [(x["rule"], x.get("field"), x.get("wanted"), x.get("was")) for x in looked_at[1:]] == [
        ("dvd18", "media_type", "DVD18", "DVD"),
        ("old", "valid_until", "2026-05-31", "2026-06-01"),
        ("soon", "valid_from", "2026-07-01", "2026-06-01"),
        ("novels", "fiction", "true", ""),
        ("all", None, None, None),
    ]


@pytest.mark.requirement("R5")
@pytest.mark.requirement("R76")
@pytest.mark.parametrize(
    ("day", "matched"),
    [(date(2026, 5, 31), False), (date(2026, 6, 1), True), (date(2026, 8, 31), True), (date(2026, 9, 1), False)],
)
def test_the_trace_takes_both_days_of_validity_as_inclusive_too(day: date, matched: bool) -> None:
    summer = rule("s", "periods.loan", "A", Days(42), valid_from=date(2026, 6, 1), valid_until=date(2026, 8, 31))
    assert [x.matched for x in decided(compiled(summer), "periods.loan", on=day).step().looked_at] == [matched]


@pytest.mark.requirement("R76")
def test_the_trace_names_the_rule_that_decided_its_level_and_what_was_known() -> None:
    rules = compiled(
        rule("fiction", "periods.overdue_reminder", "N1", Days(7), level="2", fiction=False),
        rule("all", "periods.overdue_reminder", "North", Days(14), level="2", name="Everybody"),
    )
    plain = decided(rules, "periods.overdue_reminder", level="2", fiction=True).step().to_plain()
    assert plain["level"] == "2"
    assert plain["looked_at"] == [
        {
            **{"number": 1, "rule": "fiction", "name": "fiction", "org": "N1"},
            **{"result": "skipped", "field": "fiction", "wanted": "false", "was": "true"},
        },
        {"number": 2, "rule": "all", "name": "Everybody", "org": "North", "result": "matched", "asked": []},
    ]


@pytest.mark.requirement("R76")
def test_the_trace_of_an_early_winner_leaves_the_rest_unlooked_at() -> None:
    rules = compiled(
        rule("no", "self_service.checkout", "N1", False, media_type="DVD18"),
        rule("yes", "self_service.checkout", "A", True),
    )
    step = decided(rules, "self_service.checkout", media_type="DVD18").step()
    assert [(x.number, x.rule, x.matched, x.asked) for x in step.looked_at] == [
        (1, "no", True, (("media_type", "DVD18"),))
    ]
    assert step.to_plain()["not_looked_at"] == 1
    assert step.value is False


@pytest.mark.requirement("R78")
def test_a_decision_names_the_set_and_the_rule_that_decided() -> None:
    dvd = rule("dvd", "circulation.checkout", "A", MinAge(12), media_type="DVD")
    decision = decided(compiled(dvd, number=13), "circulation.checkout", media_type="DVD")
    assert (decision.ruleset, decision.rule, decision.number) == (13, dvd, 1)


@pytest.mark.requirement("R6")
@pytest.mark.requirement("R78")
@pytest.mark.parametrize("level", ["1", "2"])
def test_a_decision_says_what_was_asked_with_a_rule_and_without(level: str) -> None:
    kind = "periods.overdue_reminder"
    decision = decided(compiled(rule("two", kind, "A", Days(14), level="2"), number=13), kind, level=level)
    assert (decision.kind, decision.level, decision.organisation, decision.on) == (kind, level, "N1", MONDAY)
    assert (decision.ruleset, decision.default_used) == (13, level == "1")
