"""The compiled evaluation agrees with a plain scan of the whole list, written from R3-R5 alone."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cmp_to_key

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.compiled import RuleSet, compile_rules
from rules.evaluate import decide
from rules.rule import Conditions, Facts, Rule
from rules.values import Days
from tests.generated import examples
from tests.rules.made import MONDAY, TREE

PARENT = {"A": None, "North": "A", "South": "A", "N1": "North", "N2": "North", "BUS": "North", "S1": "South"}
KINDS_TRIED = (("periods.loan", None), ("periods.overdue_reminder", "1"), ("periods.overdue_reminder", "2"))
# Rules and questions meet more often than all of these would.
slots = st.sampled_from([*KINDS_TRIED, KINDS_TRIED[0], KINDS_TRIED[0]])
places = st.sampled_from([*sorted(PARENT), "A", "A", "North", "North", "N1", "N1", "N1"])

days = st.integers(-3, 3).map(lambda n: MONDAY + timedelta(days=n))
# Often nothing is asked for: a rule with five conditions decides hardly ever.
nothing: st.SearchStrategy[tuple[str, ...]] = st.just(())
codes = st.lists(st.sampled_from(["x", "y", "z"]), unique=True, min_size=1, max_size=2).map(tuple)
some_codes = st.one_of(nothing, nothing, codes)
small_ages = st.sampled_from([None] * 10 + [0, 1, 2, 3, 4])


def ordered(pair: tuple[int | None, int | None]) -> tuple[int | None, int | None]:
    low, high = pair
    return (high, low) if low is not None and high is not None and high < low else pair


conditions = st.builds(
    lambda ages, **rest: Conditions(age_min=ages[0], age_max=ages[1], **rest),
    ages=st.tuples(small_ages, small_ages).map(ordered),
    patron_category=some_codes,
    media_type=some_codes,
    department=some_codes,
    fiction=st.sampled_from([None, None, None, None, True, False]),
)
facts = st.builds(
    Facts,
    age=st.one_of(st.none(), st.integers(0, 5)),
    patron_category=st.sampled_from([None, "x", "y"]),
    media_type=st.sampled_from([None, "x", "y", "z"]),
    department=st.sampled_from([None, "x"]),
    fiction=st.sampled_from([None, True, False]),
)


@st.composite
def rule_lists(draw: st.DrawFn) -> tuple[Rule, ...]:
    rules = []
    for number in range(draw(st.integers(0, 12))):
        kind, level = draw(slots)
        first, last = sorted((draw(days), draw(days)))
        rules.append(
            Rule(
                id=draw(st.sampled_from("abc")) + str(number),
                kind=kind,
                level=level,
                org=draw(places),
                value=Days(number),
                when=draw(st.one_of(st.just(Conditions()), conditions)),
                valid_from=first if draw(st.booleans()) else None,
                valid_until=last if draw(st.booleans()) else None,
                position=draw(st.sampled_from([None, None, 0, 1, 2])),
                active=draw(st.sampled_from([True, True, True, False])),
            )
        )
    return tuple(draw(st.permutations(rules)))


def levels_up(org: str) -> list[str]:
    found = [org]
    while (above := PARENT[found[-1]]) is not None:
        found.append(above)
    return found


def fields_set(when: Conditions) -> int:
    lists = [when.patron_category, when.age_group, when.media_type, when.material_type, when.department, when.audience]
    ages = when.age_min is not None or when.age_max is not None
    return sum(len(codes) > 0 for codes in lists) + int(ages) + int(when.fiction is not None)


def earlier(one: Rule, other: Rule) -> int:
    """R4, point by point: negative if ``one`` is walked first."""
    if one.org != other.org and len(levels_up(one.org)) != len(levels_up(other.org)):
        return len(levels_up(other.org)) - len(levels_up(one.org))
    if fields_set(one.when) != fields_set(other.when):
        return fields_set(other.when) - fields_set(one.when)
    one_dated = one.valid_from is not None or one.valid_until is not None
    other_dated = other.valid_from is not None or other.valid_until is not None
    if one_dated != other_dated:
        return -1 if one_dated else 1
    if one.position != other.position:
        if one.position is None or other.position is None:
            return 1 if one.position is None else -1
        return one.position - other.position
    return -1 if one.id < other.id else 1


def fits(when: Conditions, known: Facts) -> bool:
    pairs = [
        (when.patron_category, known.patron_category),
        (when.media_type, known.media_type),
        (when.department, known.department),
    ]
    if any(codes and code not in codes for codes, code in pairs):
        return False
    if when.fiction is not None and known.fiction is not when.fiction:
        return False
    if when.age_min is not None and (known.age is None or known.age < when.age_min):
        return False
    return when.age_max is None or (known.age is not None and known.age <= when.age_max)


def naive(rules: tuple[Rule, ...], kind: str, level: str | None, branch: str, known: Facts, on: date) -> Rule | None:
    for rule in sorted(rules, key=cmp_to_key(earlier)):
        if not rule.active or rule.kind != kind or rule.level != level or rule.org not in levels_up(branch):
            continue
        if rule.valid_from is not None and on < rule.valid_from:
            continue
        if rule.valid_until is not None and on > rule.valid_until:
            continue
        if fits(rule.when, known):
            return rule
    return None


@pytest.mark.requirement("R3")
@pytest.mark.requirement("R4")
@pytest.mark.requirement("R5")
@settings(max_examples=examples(500))
@given(rules=rule_lists(), known=facts, on=days, branch=places, slot=slots)
def test_compiled_and_naive_evaluation_agree(
    rules: tuple[Rule, ...], known: Facts, on: date, branch: str, slot: tuple[str, str | None]
) -> None:
    kind, level = slot
    expected = naive(rules, kind, level, branch, known, on)
    decision = decide(compile_rules(RuleSet(1, rules, TREE)), kind, branch, known, on, level)
    assert decision.rule == expected
    assert decision.value == (expected.value if expected else None)
    step = decision.step()
    assert step.winner == (expected.id if expected else None)
    assert [looked.matched for looked in step.looked_at] == [False] * (len(step.looked_at) - bool(expected)) + [
        True
    ] * bool(expected)
    assert decision.number == (len(step.looked_at) if expected else None)
    assert step.to_plain()["not_looked_at"] == len(decision.candidates) - len(step.looked_at)
