"""The smallest and largest total of counting rules (R21, R22), against every order of borrowing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.check import KnownCodes
from rules.compiled import CompiledRules
from rules.counting import count_covered
from rules.evaluate import decide
from rules.rule import Facts, Rule
from rules.totals import KIND, patrons, told, totals
from rules.verdict import limit
from tests.rules.made import CODES, MONDAY, TREE, compiled, rule

SEED = (
    rule("cd", KIND, "A", 10, media_type="CD"),
    rule("dvd", KIND, "A", 10, media_type="DVD"),
    rule("all", KIND, "A", 15),
)
NOBODY = Facts()


def both(*rules: Rule, patron: Facts = NOBODY, organisation: str = "N1") -> tuple[int | None, int | None]:
    result = totals(compiled(*rules), organisation, CODES, patron, MONDAY)
    return result.smallest, result.largest


@pytest.mark.requirement("R22")
def test_cd_10_dvd_10_general_15_come_to_20_and_35() -> None:
    assert both(*SEED) == (20, 35)
    assert totals(compiled(*SEED), "N1", CODES, NOBODY, MONDAY).varies


@pytest.mark.requirement("R22")
def test_one_general_rule_gives_a_fixed_total() -> None:
    result = totals(compiled(SEED[2]), "N1", CODES, NOBODY, MONDAY)
    assert (result.smallest, result.largest, result.varies) == (15, 15, False)


@pytest.mark.requirement("R22")
@pytest.mark.parametrize(
    ("rules", "wanted"),
    [
        ((), (None, None)),
        (SEED[:2], (None, None)),
        ((SEED[0], rule("all", KIND, "A", 5)), (10, 15)),
        ((SEED[0], rule("n1", KIND, "N1", 5)), (5, 5)),
        ((*SEED, rule("over", KIND, "A", 1, valid_until=MONDAY.replace(month=5))), (20, 35)),
        ((*SEED, rule("south", KIND, "South", 1)), (20, 35)),
        (tuple(rule(f"m-{code}", KIND, "A", 2, media_type=code) for code in sorted(CODES.media_types)), (10, 10)),
    ],
)
def test_totals_of_other_sets(rules: tuple[Rule, ...], wanted: tuple[int | None, int | None]) -> None:
    assert both(*rules) == wanted


@pytest.mark.requirement("R22")
def test_totals_are_those_of_one_patron() -> None:
    teacher = rule("teacher", KIND, "A", 100, patron_category="teacher")
    assert both(*SEED, teacher, patron=Facts(patron_category="teacher")) == (100, 120)
    assert both(*SEED, teacher, patron=Facts(patron_category="normal")) == (20, 35)
    assert {patron.patron_category for patron in patrons(compiled(*SEED, teacher), "N1", CODES)} == set(
        CODES.patron_categories
    )


def test_patrons_are_told_apart_by_the_ages_rules_ask_for() -> None:
    rules = (rule("kids", KIND, "A", 5, age_min=6, age_max=17), rule("all", KIND, "A", 9))
    assert [patron.age for patron in patrons(compiled(*rules), "N1", CODES)] == [0, 6, 18]


@pytest.mark.requirement("R22")
def test_codes_that_are_free_are_told_from_any_other() -> None:
    rules = (rule("new", KIND, "A", 2, department="new"), rule("all", KIND, "A", 9))
    assert both(*rules) == (9, 11)


@pytest.mark.requirement("R22")
def test_what_is_fiction_and_what_is_not_is_told_apart() -> None:
    assert both(rule("novels", KIND, "A", 2, fiction=True), rule("all", KIND, "A", 9)) == (9, 11)


@pytest.mark.requirement("R22")
def test_the_smallest_total_uses_items_that_the_next_rule_counts_too() -> None:
    overlapping = (
        rule("s0", KIND, "A", 1, media_type=("BOOK", "CD")),
        rule("s1", KIND, "A", 2, media_type=("CD", "DVD")),
        rule("z", KIND, "A", 0),
    )
    assert both(*overlapping) == (2, 3)


@pytest.mark.requirement("R5")
@pytest.mark.requirement("R22")
@pytest.mark.parametrize("dates", [{"valid_from": MONDAY}, {"valid_until": MONDAY}])
def test_a_rule_counts_on_its_first_and_on_its_last_day(dates: dict[str, date]) -> None:
    assert both(rule("today", KIND, "A", 3, **dates), SEED[2]) == (3, 3)


@pytest.mark.requirement("R22")
def test_what_has_no_limit_still_names_the_rules_that_decide() -> None:
    assert [found.id for found in totals(compiled(*SEED[:2]), "N1", CODES, NOBODY, MONDAY).rules] == ["cd", "dvd"]


def test_only_so_many_kinds_of_items_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rules.totals._MOST_ITEMS", 1)  # a BOOK
    assert both(*SEED) == (15, 15)


def test_patrons_are_told_as_staff_write_them() -> None:
    assert told(Facts(patron_category="normal", age=6)) == {"patron_category": "normal", "age": "6-"}
    assert told(NOBODY) == {}


@pytest.mark.parametrize(("most", "ages"), [(198, [0, 199]), (199, [0])])
def test_nobody_is_older_than_the_oldest_age(most: int, ages: list[int]) -> None:
    rules = compiled(rule("nearly-all", KIND, "A", 5, age_max=most))
    assert [patron.age for patron in patrons(rules, "N1", CODES)] == ages


# --- against every order ----------------------------------------------------------------------------------------------

SMALL = KnownCodes(frozenset(TREE.nodes), frozenset({"a", "b", "c"}), frozenset(), frozenset())
limits = st.integers(0, 3)
nested = st.tuples(
    st.lists(st.tuples(st.sampled_from([("a",), ("b",), ("a", "b")]), limits), max_size=2, unique_by=lambda x: x[0]),
    limits,
)


def stuck(rules: CompiledRules) -> Iterator[int]:
    """Totals of every state in which nothing more is lent."""
    items = [Facts(media_type=code) for code in sorted(SMALL.media_types)]
    seen: set[tuple[int, ...]] = set()
    todo: list[tuple[int, ...]] = [(0, 0, 0)]
    while todo:
        state = todo.pop()
        if state in seen:
            continue
        seen.add(state)
        loans = [item for item, number in zip(items, state, strict=True) for _ in range(number)]
        after = [
            (*state[:place], state[place] + 1, *state[place + 1 :])
            for place, item in enumerate(items)
            if allowed(rules, item, loans)
        ]
        todo.extend(after)
        if not after:
            yield sum(state)


def allowed(rules: CompiledRules, item: Facts, loans: list[Facts]) -> bool:
    decision = decide(rules, KIND, "N1", item, MONDAY)
    return limit(decision, count_covered(decision.rule, loans) if decision.rule else 0) is None


@pytest.mark.requirement("R21")
@pytest.mark.requirement("R22")
@given(nested)
def test_both_totals_are_those_of_every_order(made: tuple[list[tuple[tuple[str, ...], int]], int]) -> None:
    special, general = made
    rules = compiled(
        *(rule(f"s{number}", KIND, "A", most, media_type=media) for number, (media, most) in enumerate(special)),
        rule("z", KIND, "A", general),
    )
    result = totals(rules, "N1", SMALL, NOBODY, MONDAY)
    reached = set(stuck(rules))
    assert (result.smallest, result.largest) == (min(reached), max(reached))
