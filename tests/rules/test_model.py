"""Values, organisations and the catalogue refuse what cannot be (R1, R2, R7)."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

import wording
from rules.kinds import KINDS, Kind, OrganisationUsed, RuleType, Unit, catalogue, kinds_of
from rules.organisation import Organisation, OrganisationTree
from rules.problems import TEXTS, RulesError
from rules.rule import Conditions, Facts, Rule
from rules.values import Amount, Days, Fee, FeeBasis, FeeStep, MinAge, value_from_plain
from tests.rules.made import TREE


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
    "make",
    [
        lambda: Days(-1),
        lambda: Days(True),
        lambda: Days(36_501),
        lambda: Amount(-1),
        lambda: Amount(1.5),  # type: ignore[arg-type]  # what must be refused
        lambda: MinAge(200),
        lambda: FeeStep(-1, Amount(1)),
        lambda: Fee(FeeBasis.FIXED, ()),
        lambda: Fee(FeeBasis.FIXED, (FeeStep(None, Amount(1)), FeeStep(7, Amount(2)))),
        lambda: Fee(FeeBasis.FIXED, (FeeStep(7, Amount(1)), FeeStep(7, Amount(2)))),
        lambda: Facts(age=-1),
        lambda: Conditions(media_type=("",)),
        lambda: Conditions(media_type=("a|b",)),
        lambda: Conditions(age_min=200),
        lambda: Conditions(age_min=18, age_max=17),
        lambda: Rule("", "periods.loan", "A", Days(1)),
        lambda: Rule("r", "periods.loan", "A", Days(1), level=" "),
        lambda: Rule("r", "periods.loan", "A", Days(1), valid_from=date(2026, 6, 2), valid_until=date(2026, 6, 1)),
        lambda: Rule("r", "periods.loan", "A", Days(1), valid_from=datetime(2026, 6, 2, tzinfo=UTC)),
        lambda: Organisation("", "x", None, "branch"),
        lambda: Organisation("x", "x", None, ""),
        lambda: value_from_plain(-1),
        lambda: value_from_plain(None),
        lambda: value_from_plain({}),
        lambda: value_from_plain({"per_day": [{"up_to_days": "7", "amount": "1.00"}]}),
    ],
)
def test_a_value_that_cannot_be_does_not_exist(make: object) -> None:
    with pytest.raises(ValueError):
        make()  # type: ignore[operator]  # parametrize hides the type


@pytest.mark.requirement("R12")
def test_the_chain_of_a_branch_runs_from_it_to_the_top() -> None:
    assert TREE.chain("N1") == ("N1", "North", "A")
    assert TREE.depth("A") == 1
    with pytest.raises(RulesError):
        TREE.chain("N9")


@pytest.mark.parametrize(
    "nodes",
    [
        {"x": Organisation("y", "y", None, "branch")},
        {"x": Organisation("x", "x", "y", "branch")},
        {"x": Organisation("x", "x", "x", "branch")},
        {"x": Organisation("x", "x", "y", "branch"), "y": Organisation("y", "y", "x", "branch")},
    ],
)
def test_a_tree_that_is_none_is_refused(nodes: dict[str, Organisation]) -> None:
    with pytest.raises(ValueError):
        OrganisationTree(nodes)


def test_a_rule_without_a_name_is_called_by_its_id() -> None:
    assert Rule("l-a", "periods.loan", "A", Days(1)).title == "l-a"
    assert Rule("l-a", "periods.loan", "A", Days(1), name="General").title == "General"


def test_rules_can_be_kept_in_a_set() -> None:
    one = Rule("r", "periods.loan", "A", Days(1), message={"en": "x"})
    assert len({one, Rule("r", "periods.loan", "A", Days(1), message={"en": "x"})}) == 1
