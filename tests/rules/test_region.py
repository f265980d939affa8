"""Sets of transactions agree with the engine: what is never reached never decides, an overlap is one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.check import KnownCodes
from rules.compiled import RuleSet, compile_rules
from rules.evaluate import decide
from rules.organisation import Organisation, OrganisationTree
from rules.publishing import check_set
from rules.region import Region, Values, left_over, universe
from rules.rule import FACT_FIELDS, Facts, Rule
from rules.survey import Survey
from tests.generated import examples
from tests.rules.made import MONDAY
from tests.rules.test_agreement import KINDS_TRIED, PARENT, days, facts, rule_lists

TREE = OrganisationTree({key: Organisation(key, key, parent, "x") for key, parent in PARENT.items()})
known_facts = st.builds(
    Facts,
    age=st.integers(0, 5),
    patron_category=st.sampled_from(["x", "y"]),
    media_type=st.sampled_from(["x", "y", "z"]),
    department=st.sampled_from([None, "x"]),
    fiction=st.booleans(),
)
CODES = KnownCodes(frozenset(PARENT), frozenset("xyz"), frozenset("xyz"), frozenset())


@pytest.mark.requirement("R80")
@settings(max_examples=examples(300))
@given(rule_lists(), st.lists(facts, min_size=5, max_size=20), days, st.sampled_from(["N1", "N2", "BUS", "S1"]))
def test_a_rule_reported_as_never_reached_decides_nothing(
    rules: tuple[Rule, ...], known: list[Facts], on: date, branch: str
) -> None:
    on = max(on, MONDAY)
    compiled = compile_rules(RuleSet(1, rules, TREE))
    dead = {one.rules[0] for one in check_set(rules, TREE, CODES, MONDAY) if one.code == "never_reached"}
    for kind, level in KINDS_TRIED:
        for fact in known:
            decision = decide(compiled, kind, branch, fact, on, level)
            assert decision.rule is None or decision.rule.id not in dead


@pytest.mark.requirement("R80")
@settings(max_examples=examples(200))
@given(rule_lists(), known_facts, days, st.sampled_from(["N1", "S1"]))
def test_what_a_rule_wins_is_what_the_engine_decides_by_it(
    rules: tuple[Rule, ...], known: Facts, on: date, branch: str
) -> None:
    on = max(on, MONDAY)
    compiled = compile_rules(RuleSet(1, rules, TREE))
    survey = Survey.of(compiled, rules, CODES, MONDAY)
    named = {code for rule in survey.rules for code in rule.when.department}
    values = replace(known, department=known.department if known.department in named else None).values()
    for kind, level in KINDS_TRIED:
        winners = survey.winners(kind, branch, level)
        won = [rule.id for rule, left in winners if any(holds(one, values, on) for one in left)]
        decided = decide(compiled, kind, branch, known, on, level).rule
        assert won == ([decided.id] if decided is not None else [])


def holds(region: Region, values: tuple[str | int | bool | None, ...], on: date) -> bool:
    return region.first <= on.toordinal() <= region.last and all(
        value in its for value, its in zip(values, region.sets, strict=True)
    )


small = st.frozensets(st.sampled_from([1, 2, 3]), min_size=1)
regions = st.builds(
    lambda sets, first, length: Region(tuple(sets), first, first + length),
    st.tuples(small, small),
    st.integers(0, 4),
    st.integers(0, 3),
)
POINTS = [(one, two, day) for one in (1, 2, 3) for two in (1, 2, 3) for day in range(9)]


def inside(region: Region, point: tuple[int, int, int]) -> bool:
    one, two, day = point
    return region.first <= day <= region.last and one in region.sets[0] and two in region.sets[1]


@given(regions, st.lists(regions, max_size=4))
def test_what_is_left_over_is_what_lies_in_none_of_the_others(region: Region, others: list[Region]) -> None:
    left = left_over([region], others)
    for point in POINTS:
        wanted = inside(region, point) and not any(inside(other, point) for other in others)
        assert sum(inside(piece, point) for piece in left) == int(wanted)


def test_beyond_so_many_pieces_the_rest_counts_as_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rules.region.MOST_REGIONS", 2)
    one: Values = frozenset({1})
    left = left_over([Region((one,), 0, 10)], [Region((one,), day, day) for day in (5, 2, 8)])
    assert [(piece.first, piece.last) for piece in left] == [(0, 1), (3, 4), (6, 10)]


def test_every_age_there_is_can_happen() -> None:
    ages = universe((), CODES, MONDAY, unknown=False).sets[FACT_FIELDS.index("age")]
    assert ages == frozenset(range(200))
