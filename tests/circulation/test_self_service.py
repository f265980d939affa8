"""The table of switches: what it shows is what is decided, and a switch changes its own cell only (R53-R56)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circulation.errors import CirculationError
from circulation.rulebook import drafts, publishing, self_service
from circulation.rulebook.self_service import ACTIONS, Place, begin_again, kind_of, matrix, pending, save, switched
from circulation.service import Service
from circulation.store import house, rulesets
from rules.compiled import RuleSet, compile_rules
from rules.evaluate import decide
from rules.rule import Conditions, Facts, Rule
from rules.values import Days
from tests.circulation.world import World, rule
from tests.rules.made import MONDAY, TREE

CODES = ("CD", "DVD", "GAME")
CHECKOUT = "self_service.checkout"
places = st.tuples(st.sampled_from(ACTIONS), st.sampled_from(CODES))
organisations = st.sampled_from(sorted(TREE.nodes))
days = st.sampled_from([None, None, None, -2, 0, 2]).map(lambda n: None if n is None else MONDAY + timedelta(days=n))


@st.composite
def rule_lists(draw: st.DrawFn) -> list[Rule]:
    """Rules as somebody may have written them: several media types, departments, dates, positions, doubles."""
    made = []
    for number in range(draw(st.integers(0, 8))):
        first, last = sorted((draw(days) or date.min, draw(days) or date.max))
        codes = tuple(draw(st.lists(st.sampled_from(CODES), unique=True, max_size=2)))
        department = draw(st.sampled_from([(), (), (), ("x",)]))
        made.append(
            Rule(
                f"r{number}",
                kind_of(draw(st.sampled_from(ACTIONS))),
                draw(organisations),
                draw(st.booleans()),
                when=Conditions(media_type=codes, department=department),
                valid_from=None if first == date.min else first,
                valid_until=None if last == date.max else last,
                position=draw(st.sampled_from([None, 0, 0, 1, 2])),
                active=draw(st.sampled_from([True, True, True, False])),
            )
        )
    return made


Decided = dict[tuple[str, str, str, str | None], bool]


def decided(rules: Sequence[Rule]) -> Decided:
    """What the engine says everywhere, also for items of a department."""
    compiled = compile_rules(RuleSet(0, tuple(rules), TREE))
    return {
        (org, action, code, department): decide(
            compiled, kind_of(action), org, Facts(media_type=code, department=department), MONDAY
        ).value
        is True
        for org in TREE.nodes
        for action in ACTIONS
        for code in CODES
        for department in (None, "x")
    }


def concerned(org: str, place: Place) -> Iterator[tuple[str, str, str, str | None]]:
    """A cell and those that may inherit from it."""
    for below in TREE.nodes:
        if org in TREE.chain(below):
            yield from ((below, *place, department) for department in (None, "x"))


@pytest.mark.requirement("R53")
@pytest.mark.requirement("R54")
@pytest.mark.requirement("R55")
@given(
    start=rule_lists(),
    changes=st.lists(st.tuples(organisations, places, st.sampled_from([True, False, None])), min_size=1, max_size=8),
)
def test_every_cell_evaluates_to_what_the_table_shows_and_a_switch_changes_no_other(
    start: list[Rule], changes: list[tuple[str, Place, bool | None]]
) -> None:
    rules: tuple[Rule, ...] = tuple(start)
    for org, place, wanted in changes:
        before, cell_before = decided(rules), matrix(rules, TREE, CODES, org, MONDAY).cells[place]
        after_rules = switched(rules, org, {place: wanted}, start, TREE)
        after, cell = decided(after_rules), matrix(after_rules, TREE, CODES, org, MONDAY).cells[place]
        may_differ = set(concerned(org, place))
        assert {key: value for key, value in before.items() if key not in may_differ} == {
            key: value for key, value in after.items() if key not in may_differ
        }
        assert cell.switch is wanted
        if wanted is None:
            assert (cell.holds, cell.by) == (cell_before.inherited, cell_before.inherited_from)
        elif after_rules != rules and not (cell.by is not None and cell.by.dated):
            assert cell.holds is wanted
            assert cell.by == cell.own
        rules = after_rules
    shown = {
        (org, *place, None): cell.holds
        for org in TREE.nodes
        for place, cell in matrix(rules, TREE, CODES, org, MONDAY).cells.items()
    }
    assert shown == {key: value for key, value in decided(rules).items() if key[3] is None}
    assert len({one.id for one in rules}) == len(rules)


@pytest.mark.requirement("R56")
def test_a_switch_is_one_ordinary_rule_that_asks_for_the_media_type_only() -> None:
    made = switched((), "N1", {("checkout", "DVD"): False}, (), TREE)
    assert made == (Rule("machine-checkout-N1-DVD", CHECKOUT, "N1", False, when=Conditions(media_type=("DVD",))),)


def test_a_switch_set_back_is_the_rule_it_was_with_its_name_and_message() -> None:
    named = rule("old", CHECKOUT, False, "N1", name="At the desk", message={"en": "At the desk."}, media_type="DVD")
    on = switched((named,), "N1", {("checkout", "DVD"): True}, (named,), TREE)
    assert [(one.id, one.value, one.name, one.message) for one in on] == [("old", True, "", {})]
    assert switched(on, "N1", {("checkout", "DVD"): False}, (named,), TREE) == (named,)
    gone = switched(on, "N1", {("checkout", "DVD"): None}, (named,), TREE)
    assert gone == ()
    assert switched(gone, "N1", {("checkout", "DVD"): False}, (named,), TREE) == (named,)


def test_a_switch_comes_before_a_rule_for_several_media_types_which_stays_as_it_is() -> None:
    both = rule("a", CHECKOUT, False, "N1", media_type=("DVD", "CD"))
    after = switched((both,), "N1", {("checkout", "DVD"): True}, (), TREE)
    table = matrix(after, TREE, CODES, "N1", MONDAY)
    assert both in after
    assert table.others == (both,)
    assert (table.cells["checkout", "DVD"].holds, table.cells["checkout", "CD"].holds) == (True, False)
    assert table.cells["checkout", "CD"].by == both


def test_a_place_at_the_front_is_made_free_where_there_is_none() -> None:
    both = rule("a", CHECKOUT, False, "N1", media_type=("DVD", "CD"), position=0)
    third = rule("b", CHECKOUT, True, "N1", media_type=("CD", "GAME"), position=5)
    after = switched((both, third), "N1", {("checkout", "DVD"): True}, (), TREE)
    assert {one.id: one.position for one in after} == {"a": 1, "b": 2, "machine-checkout-N1-DVD": 0}


def test_rules_that_say_more_than_a_cell_are_named_and_mark_the_cells_they_decide() -> None:
    treasure = rule("t", CHECKOUT, False, "A", media_type="GAME", department="treasure")
    week = rule("w", CHECKOUT, False, "N1", media_type="DVD", valid_from=MONDAY, valid_until=MONDAY)
    over = replace(week, id="over", valid_from=None, valid_until=MONDAY - timedelta(days=1))
    off = replace(treasure, id="off", active=False)
    own = rule("own", CHECKOUT, True, "N1", media_type="DVD")
    table = matrix((treasure, week, over, off, own), TREE, CODES, "N1", MONDAY)
    assert {one.id for one in table.others} == {"t", "w"}
    assert table.cells["checkout", "GAME"].also == (treasure,)
    film = table.cells["checkout", "DVD"]
    assert (film.switch, film.holds, film.by, film.overruled) == (True, False, week, True)
    above = matrix((treasure, week, over, off, own), TREE, CODES, "A", MONDAY)
    assert above.cells["checkout", "DVD"].below == ("N1",)


# --- the draft --------------------------------------------------------------------------------------------------------


def table_of(service: Service, org: str, draft: str = "") -> self_service.Matrix:
    with service.database.reading() as db:
        there, tree = pending(db, draft), house.organisations(db)
        rules = self_service.live_rules(db) if there is None else there.rules
        return matrix(rules, tree, house.media_types(db), org, MONDAY)


def put(service: Service, org: str, switches: self_service.Switches, draft: str = "") -> tuple[str | None, bool]:
    return save(service, "anna", org, switches, table_of(service, org, draft).fingerprint, draft, "Self-service")


@pytest.mark.requirement("R53")
def test_switches_are_collected_in_one_draft_and_hold_when_it_is_published(world: World) -> None:
    service = world.service
    world.rules()
    first, changed = put(service, "N1", {("checkout", "DVD"): False})
    second, _ = put(service, "N2", {("return", "GAME"): False, ("renewal", "CD"): None})
    assert (changed, first) == (True, second)
    assert first is not None
    with service.database.reading() as db:
        there = pending(db)
        assert there is not None
        assert (there.count, there.name, there.outdated) == (2, "Self-service", False)
        before = self_service.live_rules(db)
    publishing.publish(service, "anna", first)
    with service.database.reading() as db:
        after = compile_rules(house.rule_set(db, 2))
        assert pending(db) is None
        assert len(self_service.live_rules(db)) == len(before) + 2
    assert decide(after, CHECKOUT, "N1", Facts(media_type="DVD"), MONDAY).value is False
    assert decide(after, CHECKOUT, "N2", Facts(media_type="DVD"), MONDAY).value is True


def test_nothing_different_makes_no_draft(world: World) -> None:
    world.rules(rule("own", CHECKOUT, False, "N1", media_type="DVD"))
    assert put(world.service, "N1", {("checkout", "DVD"): False, ("return", "CD"): None}) == (None, False)


def test_a_table_that_somebody_else_has_changed_is_not_written_over(world: World) -> None:
    world.rules()
    seen = table_of(world.service, "N1").fingerprint
    put(world.service, "N1", {("checkout", "DVD"): False})
    with pytest.raises(CirculationError) as error:
        save(world.service, "ben", "N1", {("checkout", "CD"): False}, seen, "", "Self-service")
    assert error.value.code == "self_service_changed"


@pytest.mark.parametrize(("org", "code"), [("nowhere", "DVD"), ("N1", "SCROLL")])
def test_what_is_not_there_cannot_be_switched(world: World, org: str, code: str) -> None:
    world.rules()
    with pytest.raises(CirculationError) as error:
        save(world.service, "anna", org, {("checkout", code): False}, "", "", "Self-service")
    assert error.value.status == 404


def test_a_draft_of_other_changes_is_left_alone_unless_it_is_chosen(world: World) -> None:
    service = world.service
    world.rules()
    other = drafts.create(service, "ben", "Summer")["id"]
    drafts.insert_rule(service, "ben", other, {"id": "x", "kind": "periods.grace", "org": "A", "value": {"days": 2}})
    made, _ = put(service, "N1", {("checkout", "DVD"): False})
    assert made != other
    assert put(service, "N1", {}, other) == (other, False)


def test_an_outdated_draft_is_begun_again_from_what_is_in_force(world: World) -> None:
    service = world.service
    world.rules(rule("own", CHECKOUT, False, "N1", media_type="GAME"))
    old, _ = put(service, "N1", {("checkout", "DVD"): False, ("checkout", "GAME"): None})
    assert old is not None
    grace = rule("grace", "periods.grace", Days(2))
    with service.database.reading() as db:
        live = self_service.live_rules(db)
    publishing.publish_rules(service, "ben", (*live, grace))
    new = begin_again(service, "anna", old)
    with service.database.reading() as db:
        there = pending(db)
        assert there is not None
        assert (there.id, there.outdated, there.count) == (new, False, 2)
        assert grace in there.rules
        assert [row.id for row in rulesets.drafts(db)] == [new]


def test_a_draft_that_changes_more_is_not_begun_again_here(world: World) -> None:
    service = world.service
    world.rules()
    other = drafts.create(service, "ben", "Summer")["id"]
    with pytest.raises(CirculationError) as error:
        begin_again(service, "anna", other)
    assert error.value.code == "self_service_more"
