"""Rules of a draft as the console changes them: seen before overwritten, moved, put back, looked at, begun with."""

from __future__ import annotations

from typing import Any

import pytest

from circulation.errors import CirculationError
from circulation.rulebook import drafts, looking, publishing, starting
from circulation.rulebook.looking import Looked
from circulation.service import Service
from circulation.store import house
from rules.check import KnownCodes
from rules.compiled import compile_rules
from rules.flows import FLOWS
from rules.plain import rule_to_plain
from rules.publishing import stops_publishing
from rules.values import Amount, Days
from tests.circulation.world import World, rule

DVD = rule("dvd", "periods.loan", Days(7), media_type="DVD")
CD = rule("cd", "periods.loan", Days(14), media_type="CD")
CHILD = rule("child", "periods.loan", Days(21), age_group="child")
LIMITS = (
    rule("cds", "counts.max_loans", 10, media_type="CD"),
    rule("dvds", "counts.max_loans", 10, media_type="DVD"),
    rule("all", "counts.max_loans", 15),
)


def draft_of(world: World, *rules: Any) -> str:
    """A draft with these rules and a period for everything; nothing is in force."""
    id_ = str(drafts.create(world.service, "anna", "Autumn")["id"])
    drafts.add_rules(world.service, "anna", id_, [*rules, rule("loan", "periods.loan", Days(28))])
    return id_


def rules_of(service: Service, draft: str) -> dict[str, dict[str, Any]]:
    with service.database.reading() as db:
        return {one["id"]: one for one in drafts.shown(db, draft)["rules"]}


def walked(service: Service, draft: str, kind: str = "periods.loan", place: str = "N1") -> list[str]:
    with service.database.reading() as db:
        found = drafts.rule_set(db, draft)
    return [one.id for one in compile_rules(found).listed(kind, place)]


def looked_at(service: Service, draft: str, one: Any, replaces: str | None = None) -> Looked:
    with service.database.reading() as db:
        return looking.look(service, db, draft, rule_to_plain(one), replaces)


# --- nobody overwrites what they have not seen ------------------------------------------------------------------------


def test_a_rule_that_somebody_else_changed_is_not_overwritten(world: World) -> None:
    service, draft = world.service, draft_of(world, DVD)
    seen = drafts.mark(rules_of(service, draft)["dvd"])
    theirs = drafts.change_rule(service, "ben", draft, "dvd", {"value": {"days": 10}}, seen)
    mine = {**rule_to_plain(DVD), "name": "mine"}
    with pytest.raises(drafts.RuleChangedError) as caught:
        drafts.replace_rule(service, "anna", draft, "dvd", mine, seen)
    assert (caught.value.now, caught.value.status) == (theirs, 409)
    with pytest.raises(drafts.RuleChangedError):
        drafts.change_rule(service, "anna", draft, "dvd", {"active": False}, seen)
    with pytest.raises(drafts.RuleChangedError):
        drafts.delete_rule(service, "anna", draft, "dvd", seen)
    assert rules_of(service, draft)["dvd"] == theirs
    drafts.delete_rule(service, "ben", draft, "dvd", drafts.mark(theirs))
    with pytest.raises(drafts.RuleChangedError) as caught:
        drafts.replace_rule(service, "anna", draft, "dvd", mine, seen)
    assert caught.value.now is None


def test_a_draft_is_published_as_it_was_looked_at_or_not_at_all(world: World) -> None:
    service, draft = world.service, draft_of(world)
    seen = drafts.mark(list(rules_of(service, draft).values()))
    drafts.insert_rule(service, "ben", draft, rule_to_plain(DVD))
    with pytest.raises(CirculationError, match="changed while it was checked"):
        publishing.publish(service, "anna", draft, seen=seen)
    now = drafts.mark(list(rules_of(service, draft).values()))
    assert publishing.publish(service, "anna", draft, seen=now)[0] == 1


def test_a_deleted_rule_is_put_back_as_it_was(world: World) -> None:
    service, draft = world.service, draft_of(world, DVD)
    other = draft_of(world, rule("dvd", "periods.loan", Days(3), media_type="DVD"))
    drafts.delete_rule(service, "anna", draft, "dvd")
    drafts.delete_rule(service, "anna", other, "dvd")
    with service.database.reading() as db:
        back = drafts.deleted_rule(db, draft, "dvd")
        for gone in ("loan", "nothing"):
            with pytest.raises(CirculationError, match="no such rule"):
                drafts.deleted_rule(db, draft, gone)
    drafts.insert_rule(service, "anna", draft, back)
    assert rules_of(service, draft)["dvd"] == rule_to_plain(DVD)


# --- moving -----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R4")
def test_a_rule_moves_among_those_of_equal_rank_only(world: World) -> None:
    service, draft = world.service, draft_of(world, CD, CHILD, DVD, rule("n1", "periods.loan", Days(1), "N1"))
    assert walked(service, draft) == ["n1", "cd", "child", "dvd", "loan"]
    drafts.move_rule(service, "anna", draft, "dvd", -1)
    assert walked(service, draft) == ["n1", "cd", "dvd", "child", "loan"]
    drafts.move_rule(service, "anna", draft, "cd", 1)
    assert walked(service, draft) == ["n1", "dvd", "cd", "child", "loan"]
    for stays, by in (("dvd", -1), ("child", 1), ("loan", -1), ("n1", 1)):
        drafts.move_rule(service, "anna", draft, stays, by)
    assert walked(service, draft) == ["n1", "dvd", "cd", "child", "loan"]
    assert {id_: one.get("position") for id_, one in rules_of(service, draft).items()} == {
        **{"cd": 2, "child": 3, "dvd": 1},
        **{"loan": 1, "n1": 1},
    }


def test_a_rule_that_is_switched_off_does_not_move(world: World) -> None:
    service, draft = world.service, draft_of(world, CD, DVD)
    drafts.change_rule(service, "anna", draft, "dvd", {"active": False})
    with pytest.raises(CirculationError, match="switched off"):
        drafts.move_rule(service, "anna", draft, "dvd", -1)


# --- looking ----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R22")
def test_a_counting_rule_is_told_what_the_limits_come_to(world: World) -> None:
    draft = draft_of(world, *LIMITS[:2])
    looked = looked_at(world.service, draft, LIMITS[2])
    assert [(one.most.smallest, one.most.largest, one.most.varies) for one in looked.totals] == [(20, 35, True)]
    assert (looked.number, [one.id for one in looked.before]) == (3, ["cds", "dvds"])
    alone = looked_at(world.service, draft_of(world), LIMITS[2])
    assert [(one.most.smallest, one.most.varies) for one in alone.totals] == [(15, False)]
    for_children = rule("few", "counts.max_loans", 5, age_group="child")
    kinds = looked_at(world.service, draft_of(world, LIMITS[2]), for_children).totals
    assert {(one.who.params["patron"], one.most.smallest) for one in kinds} == {("adult", 15), ("child", 5)}


@pytest.mark.requirement("R46")
def test_a_level_that_comes_no_later_is_told_where_it_is_written(world: World) -> None:
    first = rule("one", "periods.overdue_reminder", Days(14), level="1")
    second = rule("two", "periods.overdue_reminder", Days(14), level="2")
    found = looked_at(world.service, draft_of(world, first), second).findings
    assert "levels_not_increasing" in [one.code for one in found]
    later = rule("two", "periods.overdue_reminder", Days(15), level="2")
    assert "levels_not_increasing" not in [
        one.code for one in looked_at(world.service, draft_of(world, first), later).findings
    ]


@pytest.mark.requirement("R4")
@pytest.mark.requirement("R80")
def test_a_look_finds_what_the_check_of_the_whole_draft_finds_about_a_rule(world: World) -> None:
    service = world.service
    others = (CD, CHILD, *LIMITS, rule("fee", "fees.overdue_reminder", Amount(100), level="1"))
    draft = draft_of(world, *others)
    looked = looked_at(service, draft, DVD)
    assert {one.code for one in looked.findings} == {"overlap"}
    drafts.insert_rule(service, "anna", draft, rule_to_plain(DVD))
    for id_, plain in rules_of(service, draft).items():
        with service.database.reading() as db:
            again = looking.look(service, db, draft, plain, id_).findings
        whole = [one for one in publishing.check(service, draft).findings if id_ in one.rules]
        assert (id_, [one.code for one in again]) == (id_, [one.code for one in whole])


def test_a_look_changes_nothing_and_knows_which_rule_is_replaced(world: World) -> None:
    service, draft = world.service, draft_of(world, DVD)
    before = rules_of(service, draft)
    shorter = rule("dvd", "periods.loan", Days(3), media_type="DVD")
    assert looked_at(service, draft, shorter, "dvd").number == 1
    with pytest.raises(drafts.RulesWrongError) as caught:
        looked_at(service, draft, shorter)
    assert [(one.key, one.code) for one in caught.value.problems] == [("id", "id_duplicate")]
    off = looked_at(service, draft, rule("dvd", "periods.loan", Days(3), active=False), "dvd")
    assert (off.number, off.before) == (None, ())
    assert rules_of(service, draft) == before


@pytest.mark.requirement("R56")
def test_a_look_tells_everything_that_is_wrong_with_a_rule(world: World) -> None:
    wrong = rule("loan", "self_service.checkout", False, "Nowhere", patron_category="staff", media_type="VINYL")
    with pytest.raises(drafts.RulesWrongError) as caught:
        looked_at(world.service, draft_of(world), wrong)
    assert {(one.key, one.code) for one in caught.value.problems} == {
        ("org", "code_unknown"),
        ("when.media_type", "code_unknown"),
        ("when.patron_category", "patron_field"),
        ("id", "id_duplicate"),
    }


# --- rules to begin with ----------------------------------------------------------------------------------------------


def untitled(_: str) -> str:
    return ""


@pytest.mark.requirement("R10")
def test_the_suggested_rules_with_both_flows_can_be_published_at_once(world: World) -> None:
    service = world.service
    draft = starting.begin(service, "anna", "First", starting.SETS, untitled)
    rules = rules_of(service, draft)
    assert {one["org"] for one in rules.values()} == {"A"}
    assert rules["loan-films"]["when"]["media_type"] == ["DVD", "DVD18"]  # there is no BLURAY here
    assert {"loan", "renewal", "warning", "reminder-1-staff", "fee-most-child"} <= set(rules)
    with service.database.reading() as db:
        found = publishing.findings(service, db, drafts.rule_set(db, draft).rules)
    assert not stops_publishing(found)
    assert publishing.publish(service, "anna", draft)[0] == 1


def test_a_rule_of_which_no_code_is_known_is_left_out(world: World) -> None:
    codes = KnownCodes(frozenset({"X"}), frozenset({"BOOK"}), frozenset(), frozenset())
    with world.service.database.reading() as db:
        tree = house.organisations(db)
    fitted = {one.id for one in starting.fitted(starting.suggested(), starting.highest(tree), codes)}
    assert fitted == {one.id for one in starting.suggested() if not one.when.media_type}


def test_rules_are_added_once_more_under_other_ids(world: World) -> None:
    service, draft = world.service, draft_of(world)
    for _ in range(2):
        starting.add(service, "anna", draft, ["overdue_fees"], lambda code: f"Title of {code}")
    rules = rules_of(service, draft)
    flow = [one.id for step in FLOWS["overdue_fees"] for one in step]
    assert set(rules) == {"loan", *flow, *(f"{id_}-2" for id_ in flow)}
    assert rules["fee-2"]["name"] == "Title of overdue_fees.fee"


@pytest.mark.parametrize("sets", [[], ["nothing"], ["suggested", "nothing"]])
def test_only_sets_there_are_can_be_added(world: World, sets: list[str]) -> None:
    draft = draft_of(world)
    with pytest.raises(CirculationError, match="sets to begin with"):
        starting.add(world.service, "anna", draft, sets, untitled)
    assert set(rules_of(world.service, draft)) == {"loan"}
