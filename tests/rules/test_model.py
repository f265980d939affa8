"""Values, organisations and the catalogue refuse what cannot be (R1, R2, R7)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

import wording
from rules.age import age_group, age_on
from rules.kinds import KINDS, Kind, OrganisationUsed, RuleType, Unit, catalogue, kinds_of
from rules.organisation import Organisation, OrganisationTree
from rules.problems import TEXTS, RulesError
from rules.rule import MOST_CODE, MOST_TEXT, Conditions, Facts, Rule, is_code, is_text
from rules.values import (
    MOST_DAYS,
    Amount,
    Days,
    Fee,
    FeeBasis,
    FeeStep,
    MinAge,
    amount_from_text,
    value_from_plain,
)
from tests.rules.made import TREE


def steps(number: int) -> tuple[FeeStep, ...]:
    """So many periods of a fee."""
    return tuple(FeeStep(day, Amount(day)) for day in range(number))


@pytest.mark.requirement("R1")
def test_there_are_exactly_seven_rule_types() -> None:
    assert len(RuleType) == 7


@pytest.mark.requirement("R1")
def test_self_service_control_holds_checkout_return_and_renewal_and_nothing_else() -> None:
    assert kinds_of(RuleType.SELF_SERVICE, KINDS) == (
        "self_service.checkout",
        "self_service.return",
        "self_service.renewal",
    )


@pytest.mark.requirement("R1")
def test_every_kind_and_type_has_a_name_for_staff() -> None:
    for language in wording.languages():
        names = [wording.say_staff(f"kind.{key}", {}, language) for key in KINDS]
        names += [wording.say_staff(f"type.{rule_type}", {}, language) for rule_type in RuleType]
        assert len(set(names)) == len(names)


def test_every_finding_has_its_words_for_staff() -> None:
    for code in TEXTS:
        params = dict.fromkeys(
            [
                "why",
                "wanted",
                "most",
                "least",
                "language",
                "name",
                "value",
                "kind",
                "levels",
                "level",
                "until",
                "first",
                "id",
                "line",
            ],
            "7",
        )
        assert wording.say_staff(f"check.{code}", params, "en") == TEXTS[code].format_map(params)
        assert wording.say_staff(f"check.{code}", params, "de")


@pytest.mark.requirement("R7")
def test_a_catalogue_knows_what_its_kinds_depend_on() -> None:
    group = (
        Kind(
            "circulation.enable_due_warning",
            Unit.YES_NO,
            None,
            OrganisationUsed.FIRST_CHECKOUT,
            depends_on=("periods.due_warning",),
        ),
        Kind("periods.due_warning", Unit.DAYS, None, OrganisationUsed.FIRST_CHECKOUT),
    )
    assert catalogue(group)["circulation.enable_due_warning"].depends_on == ("periods.due_warning",)
    with pytest.raises(ValueError, match="depends on unknown"):
        catalogue(group[:1])
    with pytest.raises(ValueError, match="twice"):
        catalogue((group[1], group[1]))


@pytest.mark.parametrize(
    ("key", "unit", "default", "fields"),
    [
        ("loan", Unit.DAYS, None, frozenset()),
        ("durations.loan", Unit.DAYS, None, frozenset()),
        ("periods.loan", Unit.DAYS, 28, frozenset()),
        ("counts.max_loans", Unit.NUMBER, True, frozenset()),
        ("periods.loan", Unit.DAYS, None, frozenset({"channel"})),
    ],
)
def test_a_kind_that_cannot_be_is_not_declared(
    key: str, unit: Unit, default: int | None, fields: frozenset[str]
) -> None:
    with pytest.raises(ValueError, match=key):
        Kind(key, unit, default, OrganisationUsed.SESSION, fields)


def test_units_tell_true_from_one() -> None:
    assert Unit.NUMBER.accepts(1)
    assert not Unit.NUMBER.accepts(True)
    assert not Unit.YES_NO.accepts(1)
    assert Unit.YES_NO_OR_MIN_AGE.accepts(MinAge(6))
    assert {kind.unit for kind in KINDS.values()} == set(Unit)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: Days(-1), "days must be a whole number from 0 to 36500"),
        (lambda: Days(True), "days must be a whole number from 0 to 36500"),
        (lambda: Days(36_501), "days must be a whole number from 0 to 36500"),
        (lambda: Amount(-1), "an amount in minor units must be a whole number from 0 to 99999999999"),
        (
            lambda: Amount(1.5),  # type: ignore[arg-type]  # what must be refused
            "an amount in minor units must be a whole number from 0 to 99999999999",
        ),
        (lambda: MinAge(200), "an age must be a whole number from 0 to 199"),
        (lambda: FeeStep(-1, Amount(1)), "up_to_days must be a whole number from 0 to 36500"),
        (lambda: Fee(FeeBasis.FIXED, ()), "a fee has one amount, or 1 to 100 periods that each say up_to_days"),
        (lambda: Fee(FeeBasis.FIXED, steps(101)), "a fee has one amount, or 1 to 100 periods that each say up_to_days"),
        (
            lambda: Fee(FeeBasis.FIXED, (FeeStep(None, Amount(1)), FeeStep(7, Amount(2)))),
            "a fee has one amount, or 1 to 100 periods that each say up_to_days",
        ),
        (
            lambda: Fee(FeeBasis.FIXED, (FeeStep(7, Amount(1)), FeeStep(7, Amount(2)))),
            "up_to_days must increase from period to period",
        ),
        (lambda: Facts(age=-1), "an age is 0 to 199"),
        (lambda: Conditions(media_type=("",)), "media_type holds something that cannot be a code"),
        (lambda: Conditions(media_type=("a|b",)), "media_type holds something that cannot be a code"),
        (lambda: Conditions(age_min=200), "an age is 0 to 199"),
        (lambda: Conditions(age_min=18, age_max=17), "age_max is lower than age_min"),
        (lambda: Rule("", "periods.loan", "A", Days(1)), "a rule needs an id, a kind and an organisation"),
        (lambda: Rule("r", "periods.loan", "A", Days(1), level=" "), "rule r: the level cannot be a code"),
        (
            lambda: Rule("r", "periods.loan", "A", Days(1), valid_from=date(2026, 6, 2), valid_until=date(2026, 6, 1)),
            "rule r: valid_until lies before valid_from",
        ),
        (
            lambda: Rule("r", "periods.loan", "A", Days(1), valid_from=datetime(2026, 6, 2, tzinfo=UTC)),
            "rule r: validity is in days, not instants",
        ),
        (lambda: Organisation("", "x", None, "branch"), "'' cannot be an organisation's code"),
        (lambda: Organisation("x", "x", None, ""), "organisation x does not say what it is"),
        (lambda: value_from_plain({}), "true, false, a whole number or a table with one key is expected"),
    ],
)
def test_a_value_that_cannot_be_does_not_exist_and_says_why(make: Callable[[], object], why: str) -> None:
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value) == why


def test_a_fee_may_have_a_hundred_periods() -> None:
    assert len(Fee(FeeBasis.FIXED, steps(100)).steps) == 100


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (-1, "a number must be a whole number from 0 to 1000000"),
        (None, "true, false, a whole number or a table with one key is expected"),
        (
            {"per_day": [{"up_to_days": "7", "amount": "1.00"}]},
            "up_to_days must be a whole number from 0 to 36500",
        ),
        ("7", "true, false, a whole number or a table with one key is expected"),
        ({"days": 1, "amount": "1.00"}, "true, false, a whole number or a table with one key is expected"),
        ({"weeks": 1}, "the key must be one of days, amount, min_age, per_day, fixed"),
        ({"amount": 10}, 'an amount is written as text such as "10.00"'),
        ({"fixed": [7]}, 'a fee period is written as { up_to_days = 7, amount = "1.00" }'),
        (
            {"fixed": [{"up_to_days": MOST_DAYS + 1, "amount": "1.00"}]},
            "up_to_days must be a whole number from 0 to 36500",
        ),
    ],
)
def test_a_value_that_cannot_be_read_says_how_it_is_written(raw: object, why: str) -> None:
    with pytest.raises(ValueError) as caught:
        value_from_plain(raw)
    assert str(caught.value) == why


@pytest.mark.parametrize("age", [-1, 200])
def test_ages_end_at_199(age: int) -> None:
    assert Facts(age=199).age == 199
    with pytest.raises(ValueError, match="an age is 0 to 199"):
        Facts(age=age)


@pytest.mark.requirement("R2")
def test_what_a_field_asks_for_is_told_as_staff_write_it() -> None:
    assert Conditions(media_type=("DVD", "CD")).asked("media_type") == "DVD | CD"
    assert [Conditions(age_min=6).asked("age"), Conditions(age_max=17).asked("age")] == ["6-", "-17"]
    assert [Conditions(fiction=value).asked("fiction") for value in (True, False)] == ["true", "false"]


def test_an_amount_may_be_written_without_its_cents() -> None:
    assert amount_from_text("10") == amount_from_text("10.00") == Amount(1000)


def test_a_code_may_be_as_long_as_the_longest() -> None:
    assert is_code("x" * MOST_CODE)
    assert not is_code("x" * (MOST_CODE + 1))


def test_a_text_may_be_as_long_as_the_longest_and_hold_line_breaks() -> None:
    assert is_text("x" * MOST_TEXT)
    assert not is_text("x" * (MOST_TEXT + 1))
    assert is_text("one\n\ttwo")
    assert not is_text("a bell: \a")


@pytest.mark.requirement("R12")
def test_the_chain_of_a_branch_runs_from_it_to_the_top() -> None:
    assert TREE.chain("N1") == ("N1", "North", "A")
    assert TREE.depth("A") == 1
    with pytest.raises(RulesError):
        TREE.chain("N9")


@pytest.mark.parametrize(
    ("nodes", "why"),
    [
        ({"x": Organisation("y", "y", None, "branch")}, "organisation y is filed under x"),
        ({"x": Organisation("x", "x", "y", "branch")}, "organisation x: there is no y"),
        ({"x": Organisation("x", "x", "x", "branch")}, "organisation x: its parents run in a circle"),
        (
            {"x": Organisation("x", "x", "y", "branch"), "y": Organisation("y", "y", "x", "branch")},
            "organisation x: its parents run in a circle",
        ),
    ],
)
def test_a_tree_that_is_none_is_refused_and_says_why(nodes: dict[str, Organisation], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        OrganisationTree(nodes)


@pytest.mark.requirement("R11")
def test_the_oldest_age_there_is_is_199_and_who_is_in_no_group_has_none() -> None:
    assert age_on(date(1827, 6, 1), date(2026, 6, 1)) == 199
    assert age_on(date(1826, 6, 1), date(2026, 6, 1)) is None
    assert age_group(50, {"child": (0, 17), "senior": (65, 199)}) is None


def test_a_rule_without_a_name_is_called_by_its_id() -> None:
    assert Rule("l-a", "periods.loan", "A", Days(1)).title == "l-a"
    assert Rule("l-a", "periods.loan", "A", Days(1), name="General").title == "General"


def test_rules_can_be_kept_in_a_set() -> None:
    one = Rule("r", "periods.loan", "A", Days(1), message={"en": "x"})
    assert len({one, Rule("r", "periods.loan", "A", Days(1), message={"en": "x"})}) == 1
