"""The published document a machine fetches (R78)."""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.compiled import RuleSet, compile_rules
from rules.duedate import BranchCalendar
from rules.evaluate import decide
from rules.problems import RuleFileError, RulesError
from rules.published import Published, read, write
from rules.rule import Facts
from rules.values import Days
from tests.rules.made import MONDAY, TREE, rule

MEDIA = {"DVD18": {"en": "Films from 18", "de": "Filme ab 18"}, "BOOK": {"en": "Books", "de": "Bücher"}}
SET = RuleSet(
    7,
    (
        rule("l-a", "periods.loan", "A", Days(28), valid_from=date(2026, 1, 1)),
        rule("l-south", "periods.loan", "South", Days(1)),
        rule("l-n2", "periods.loan", "N2", Days(2)),
        rule("s", "self_service.checkout", "N1", False, media_type="DVD18", message={"en": "At the desk."}),
    ),
    TREE,
)


def document() -> dict[str, Any]:
    made = write(SET, "N1", MEDIA, ("DE-Mus1",), BranchCalendar.always_open())
    again: dict[str, Any] = json.loads(json.dumps(made))
    return again


@pytest.mark.requirement("R78")
def test_a_machine_reads_what_the_service_wrote() -> None:
    published = read(document())
    assert (published.number, published.branch, published.owner) == (7, "N1", ("DE-Mus1",))
    assert published.media_types == MEDIA
    assert published.calendar == BranchCalendar.always_open()
    assert published.organisations.chain("N1") == ("N1", "North", "A")
    for media_type in ("DVD18", "BOOK"):
        for kind in ("self_service.checkout", "periods.loan"):
            here = decide(published.compiled, kind, "N1", Facts(media_type=media_type), MONDAY)
            there = decide(compile_rules(SET), kind, "N1", Facts(media_type=media_type), MONDAY)
            assert here == there
    assert here.ruleset == 7


def test_a_machine_gets_only_the_rules_that_can_decide_at_its_branch() -> None:
    assert [plain["id"] for plain in document()["rules"]] == ["l-a", "s"]


def test_there_is_no_document_for_an_unknown_branch() -> None:
    with pytest.raises(RulesError):
        write(SET, "N9", MEDIA, (), BranchCalendar.always_open())


def test_a_kind_of_a_newer_service_is_passed_over() -> None:
    made = document()
    made["rules"].append({"id": "new", "kind": "fees.smile", "org": "A", "value": {"smiles": 3}})
    assert read(made).number == 7


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", "published-rules/2"),
        ("number", True),
        ("number", "7"),
        ("branch", "N2"),
        ("owner", [1]),
        ("owner", "DE-Mus1"),
        ("media_types", {"BOOK": {"en": 1}}),
        ("media_types", {"BOOK": "books"}),
        ("calendar", None),
        ("calendar", {"open": "sometimes"}),
        ("organisations", []),
        ("organisations", [3]),
        ("organisations", [{"id": "N1", "name": "N1", "kind": "branch", "parent": "N1"}]),
        ("organisations", [{"id": "N1", "name": "N1", "kind": "branch", "parent": 3}]),
        ("rules", [{"id": "r", "kind": "periods.loan", "org": "A", "value": {"days": 1}, "when": {"mood": ["good"]}}]),
        ("rules", [{"id": "r", "kind": "periods.loan", "org": "S1", "value": {"days": 1}}]),
        ("rules", [{"id": "r", "kind": "periods.loan", "org": "A", "value": True}]),
        ("rules", [{"id": "r", "kind": "periods.loan", "org": "A", "value": {"days": 1}, "level": "1"}]),
        (
            "rules",
            [
                {
                    **{"id": "r", "kind": "periods.loan", "org": "A", "value": {"days": 1}},
                    **{"valid_from": "2026-06-02", "valid_until": "2026-06-01"},
                }
            ],
        ),
        ("rules", {}),
        ("rules", [None]),
    ],
)
def test_a_document_that_cannot_be_used_is_refused_naming_the_place(key: str, value: object) -> None:
    made = document()
    made[key] = value
    with pytest.raises(RuleFileError) as caught:
        read(made)
    assert all(problem.place and problem.text for problem in caught.value.problems)


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
anything = st.recursive(
    leaves, lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=4), x, max_size=3), max_leaves=5
)


@given(st.data())
def test_a_document_damaged_anywhere_is_read_or_refused(data: st.DataObject) -> None:
    made: Any = document()
    at: Any = made
    for _ in range(data.draw(st.integers(1, 4))):
        keys = sorted(at) if isinstance(at, dict) else list(range(len(at)))
        if not keys:
            break
        key = data.draw(st.sampled_from(keys))
        if not isinstance(at[key], (dict, list)) or data.draw(st.booleans()):
            at[key] = data.draw(anything)
            break
        at = at[key]
    with suppress(RuleFileError):
        assert isinstance(read(copy.deepcopy(made)), Published)


@given(anything)
def test_any_json_is_refused_as_a_document(raw: object) -> None:
    with pytest.raises(RuleFileError):
        read(raw)
