"""The example of R20 that the help shows comes from the engine and is the table of R21; ids of new rules are free."""

from __future__ import annotations

import pytest

from rules.counting_example import borrowed
from rules.ids import free_id, with_free_ids
from rules.rule import MOST_CODE, Rule


@pytest.mark.requirement("R21")
def test_the_example_is_the_table_of_the_requirement() -> None:
    found = [(one.counts["CD"], one.counts["DVD"], one.counts["BOOK"], one.counts.total()) for one in borrowed()]
    assert found == [(10, 10, 0, 20), (10, 10, 5, 25), (10, 10, 10, 30), (10, 10, 15, 35)]


def test_a_taken_id_gets_a_number_and_fits() -> None:
    assert free_id("a", ()) == "a"
    assert free_id("a", {"a", "a-2"}) == "a-3"
    long = free_id("x" * 300, {"x" * 80})
    assert len(long) <= MOST_CODE
    assert long.endswith("-2")
    assert free_id("y" * 79 + " z", ()) == "y" * 79


def test_several_new_rules_are_free_among_themselves_too() -> None:
    rules = [Rule("a", "periods.grace", "A", 1), Rule("a", "periods.grace", "A", 2)]
    assert [one.id for one in with_free_ids(rules, {"a"})] == ["a-2", "a-3"]
