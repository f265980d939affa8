"""Drafts of rule sets: changing them, the check, and publishing."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, update

from circulation.store import house
from circulation.store import tables as t
from rules.publishing import check_set
from rules.values import Days
from tests.circulation.running import Central, Staff, TestClock, together
from tests.circulation.world import World, rule

PERIODS: list[dict[str, Any]] = [
    {"id": "loan", "kind": "periods.loan", "org": "A", "value": {"days": 28}},
    {"id": "renewal", "kind": "periods.renewal", "org": "A", "value": {"days": 28}},
]
DVD = {"id": "dvd", "kind": "periods.loan", "org": "A", "when": {"media_type": ["DVD"]}, "value": {"days": 7}}


@pytest.fixture
def staff(central: Central) -> Staff:
    """Somebody who makes rules."""
    return central.staff("rules", name="anna")


def new_draft(staff: Staff, *rules: dict[str, Any], source: str = "live") -> str:
    """A draft with these rules besides those it is made from; its id."""
    draft = str(staff.told("POST", "/drafts", {"name": "Autumn", "source": source})["id"])
    for one in rules:
        staff.told("POST", f"/drafts/{draft}/rules", one)
    return draft


def published(staff: Staff, draft: str, **more: Any) -> int:
    return int(staff.told("POST", f"/drafts/{draft}/publish", more)["number"])


def ids(staff: Staff, draft: str) -> list[str]:
    return [one["id"] for one in staff.told("GET", f"/drafts/{draft}")["rules"]]


# --- changing ---------------------------------------------------------------------------------------------------------


def test_a_draft_begins_from_what_is_live_from_a_set_or_from_a_draft(world: World, staff: Staff) -> None:
    assert staff.told("POST", "/drafts", {"name": "first"})["rules"] == []
    world.rules(rule("old", "self_service.checkout", False))
    world.rules(rule("new", "self_service.checkout", False))
    assert ids(staff, new_draft(staff))[0] == "new"
    assert ids(staff, new_draft(staff, source="1"))[0] == "old"
    draft = new_draft(staff, DVD, source="1")
    assert ids(staff, new_draft(staff, source=draft)) == ids(staff, draft)
    listed = staff.told("GET", "/drafts")["drafts"]
    assert {(one["name"], one["based_on"], one["count"]) for one in listed} == {
        ("first", None, 0),
        ("Autumn", 2, 3),
        ("Autumn", 2, 4),
    }
    for source in ("3", "nothing", "9" * 30):
        assert staff.post("/drafts", {"name": "x", "source": source}).status_code == 404


def test_rules_of_a_draft_are_added_replaced_changed_and_taken_out(world: World, staff: Staff) -> None:
    world.rules()
    draft = new_draft(staff)
    made = staff.told("POST", f"/drafts/{draft}/rules", {**DVD, "name": "Films", "position": 3})
    assert made["rule"] == {**DVD, "name": "Films", "position": 3}
    changed = staff.told("PATCH", f"/drafts/{draft}/rules", {"value": {"days": 14}, "position": None}, id="dvd")
    assert changed["rule"] == {**DVD, "name": "Films", "value": {"days": 14}}
    replaced = staff.told("PUT", f"/drafts/{draft}/rules", {**DVD, "id": "films"}, id="dvd")
    assert replaced["rule"] == {**DVD, "id": "films"}
    assert ids(staff, draft) == ["periods.loan", "periods.renewal", "films"]
    assert staff.ask("DELETE", f"/drafts/{draft}/rules", id="films").status_code == 204
    assert ids(staff, draft) == ["periods.loan", "periods.renewal"]
    for method, body in (("PUT", DVD), ("PATCH", {}), ("DELETE", None)):
        assert staff.ask(method, f"/drafts/{draft}/rules", body, id="films").status_code == 404
    assert staff.told("PATCH", f"/drafts/{draft}", {"name": "Winter"})["name"] == "Winter"
    assert staff.ask("DELETE", f"/drafts/{draft}").status_code == 204
    assert staff.get(f"/drafts/{draft}").status_code == 404


def test_an_id_with_any_signs_can_be_named(world: World, staff: Staff) -> None:
    world.rules()
    draft = new_draft(staff)
    for id_ in ("a/b", "..", "ü?&=#", "'; DROP TABLE draft; --", "x" * 100):
        assert staff.told("POST", f"/drafts/{draft}/rules", {**DVD, "id": id_})["rule"]["id"] == id_
        assert staff.told("PATCH", f"/drafts/{draft}/rules", {"comment": "x"}, id=id_)["rule"]["id"] == id_
        assert staff.ask("DELETE", f"/drafts/{draft}/rules", id=id_).status_code == 204


@pytest.mark.requirement("R80")
def test_a_rule_that_is_wrong_in_itself_is_not_kept_and_all_of_it_is_told(world: World, staff: Staff) -> None:
    world.rules()
    draft = new_draft(staff, DVD)
    wrong = {
        "id": "odd",
        "kind": "self_service.checkout",
        "org": "Nowhere",
        "when": {"media_type": ["VINYL"], "patron_category": ["normal"]},
        "value": {"days": 7},
        "valid_from": "2026-09-01",
        "valid_until": "2026-08-01",
        "colour": "red",
    }
    places = {
        ("org", "code_unknown"),
        ("when.media_type", "code_unknown"),
        ("when.patron_category", "patron_field"),
        ("value", "value_unit.yes_no"),
        ("valid_until", "dates_reversed"),
        ("colour", "unknown_key"),
    }
    for method, path in (("POST", ""), ("PUT", "dvd")):
        query = {"id": path} if path else {}
        answer = staff.ask(method, f"/drafts/{draft}/rules", wrong, **query)
        assert (answer.status_code, answer.json()["error"]) == (422, "rules_wrong")
        assert {(one["key"], one["code"]) for one in answer.json()["problems"]} == places
        assert {one["rule"] for one in answer.json()["problems"]} == {"odd"}
    german = staff.ask("POST", f"/drafts/{draft}/rules", wrong, language="de").json()["problems"]
    assert any("nicht bekannt" in one["text"] for one in german), german
    answer = staff.ask("PATCH", f"/drafts/{draft}/rules", {"org": None, "value": 3}, id="dvd")
    assert {one["key"] for one in answer.json()["problems"]} == {"org", "value"}
    twice = staff.ask("POST", f"/drafts/{draft}/rules", DVD)
    assert [one["code"] for one in twice.json()["problems"]] == ["id_duplicate"]
    onto = staff.ask("PATCH", f"/drafts/{draft}/rules", {"id": "periods.loan"}, id="dvd")
    assert [one["code"] for one in onto.json()["problems"]] == ["id_duplicate"]
    assert ids(staff, draft) == ["periods.loan", "periods.renewal", "dvd"]


def test_changes_at_the_same_time_are_all_kept(world: World, staff: Staff) -> None:
    world.rules()
    draft = new_draft(staff)

    def adding(number: int) -> Any:
        return lambda: staff.post(f"/drafts/{draft}/rules", {**DVD, "id": f"dvd{number}"}).status_code

    assert together(*[adding(number) for number in range(6)]) == [201] * 6
    assert len(ids(staff, draft)) == 8


# --- the check --------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R7")
@pytest.mark.requirement("R80")
@pytest.mark.parametrize(("language", "said"), [("en", "nothing would be sent"), ("de", "Stufe 2")])
def test_findings_are_told_in_words_with_the_rules_they_concern(
    world: World, staff: Staff, language: str, said: str
) -> None:
    world.rules()
    enabled = {"kind": "circulation.enable_overdue_reminder", "level": "2", "org": "A", "value": True, "id": "e2"}
    checked = staff.told("GET", f"/drafts/{new_draft(staff, enabled)}/check", language=language)
    found = next(one for one in checked["findings"] if one["code"] == "dependency_no_period")
    assert (checked["stops"], found["severity"], found["rules"]) == (True, "error", ["e2"])
    assert (found["kind"], found["level"], found["organisation"]) == ("circulation.enable_overdue_reminder", "2", "A")
    assert said in found["text"]


@pytest.mark.requirement("R4")
@pytest.mark.requirement("R80")
def test_the_case_in_which_two_rules_say_different_things_is_spelled_out(world: World, staff: Staff) -> None:
    world.rules()
    child = {**DVD, "id": "child", "when": {"age_group": ["child"]}, "value": {"days": 14}}
    checked = staff.told("GET", f"/drafts/{new_draft(staff, DVD, child)}/check")
    (found,) = [one for one in checked["findings"] if one["code"] == "overlap"]
    assert (checked["stops"], found["severity"]) == (False, "warning")
    assert set(found["rules"]) == {"child", "dvd"}
    assert "child" in found["text"]
    assert "DVD" in found["text"]


@pytest.mark.requirement("R78")
@pytest.mark.requirement("R79")
def test_what_differs_from_the_live_set_is_told_by_rule(world: World, staff: Staff) -> None:
    world.rules(rule("gone", "self_service.return", False))
    draft = new_draft(staff, DVD)
    staff.ask("DELETE", f"/drafts/{draft}/rules", id="gone")
    staff.told("PATCH", f"/drafts/{draft}/rules", {"value": {"days": 21}}, id="periods.loan")
    differences = staff.told("GET", f"/drafts/{draft}/check")["differences"]
    assert [one["id"] for one in differences["added"]] == ["dvd"]
    assert [one["id"] for one in differences["removed"]] == ["gone"]
    (changed,) = differences["changed"]
    assert (changed["before"]["value"], changed["after"]["value"]) == ({"days": 28}, {"days": 21})


@pytest.mark.requirement("R78")
def test_what_changes_for_current_loans_is_told_in_numbers(world: World, staff: Staff) -> None:
    world.rules()
    adult, child = world.patron(), world.patron(born=date(2015, 5, 17))
    for media_type in ("DVD", "DVD", "BOOK"):
        world.lent(adult, media_type)
    world.lent(child, "DVD", department="novels")
    draft = new_draft(staff, {**DVD, "kind": "periods.renewal"}, {**DVD, "org": "N2", "id": "elsewhere"})
    (changed,) = staff.told("GET", f"/drafts/{draft}/check", language="de")["loans"]
    assert (changed["kind"], changed["organisation"], changed["loans"]) == ("periods.renewal", "N1", 3)
    assert changed["before"] == {"value": {"days": 28}, "text": "28 Tage", "rule": "periods.renewal"}
    assert changed["after"] == {"value": {"days": 7}, "text": "7 Tage", "rule": "dvd"}
    limit = {"id": "most", "kind": "counts.max_loans", "org": "A", "value": 3}
    (changed,) = staff.told("GET", f"/drafts/{new_draft(staff, limit)}/check")["loans"]
    assert (changed["before"], changed["loans"]) == ({"value": None, "text": None, "rule": None}, 4)


@pytest.mark.requirement("R78")
def test_what_changes_where_debts_are_kept_is_told_for_the_authority(world: World, staff: Staff) -> None:
    world.rules()
    world.lent(world.patron(category="staff"))
    world.lent(world.patron())
    fee = {"kind": "fees.payment_reminder", "level": "1", "org": "North", "value": {"amount": "2.00"}, "id": "fee"}
    draft = new_draft(staff, {**fee, "when": {"patron_category": ["staff"]}})
    (changed,) = staff.told("GET", f"/drafts/{draft}/check")["loans"]
    assert (changed["organisation"], changed["level"], changed["loans"]) == ("North", "1", 1)


# --- publishing -------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R78")
def test_a_published_draft_is_the_next_set_and_no_draft_any_more(world: World, central: Central, staff: Staff) -> None:
    world.rules()
    draft = new_draft(staff, DVD)
    assert published(staff, draft, note="Films for a week") == 2
    assert staff.get(f"/drafts/{draft}").status_code == 404
    newest, first = staff.told("GET", "/rule-sets")["sets"]
    assert (newest["number"], newest["live"], newest["count"]) == (2, True, 3)
    assert (newest["published_by"], newest["note"]) == ("anna", "Films for a week")
    assert (first["number"], first["live"], first["published_by"]) == (1, False, None)
    (line, *_) = central.staff("admin").told("GET", "/audit", action="rules.publish")["lines"]
    assert (line["who"], line["subject"], line["reason"]) == ("anna", "2", "Films for a week")
    machine = central.machine()
    assert (machine.get("/rules").json()["number"], machine.get("/items").headers["Library-Rules"]) == (2, "2")


@pytest.mark.requirement("R78")
@pytest.mark.requirement("R5")
def test_a_loan_still_shows_the_set_that_decided_it(world: World, central: Central, staff: Staff) -> None:
    world.rules(rule("dvd", "periods.loan", Days(7), media_type="DVD", name="Films for a week"))
    machine, patron, item = central.machine(), world.patron(), world.item("DVD")
    done = machine.do("checkout", item, machine.token(patron))
    assert done["due"] == "2026-06-08"
    draft = new_draft(staff)
    staff.told("PATCH", f"/drafts/{draft}/rules", {"value": {"days": 14}, "name": "Films for two weeks"}, id="dvd")
    assert published(staff, draft) == 2
    (loan,) = world.open_loans(patron)
    assert (loan.due, loan.rule_set, loan.rules["periods.loan"]) == (date(2026, 6, 8), 1, "dvd")
    deciding = staff.told("GET", f"/rule-sets/{loan.rule_set}")["rules"]
    assert next(one["name"] for one in deciding if one["id"] == "dvd") == "Films for a week"
    assert machine.do("checkout", world.item("DVD"), machine.token(patron))["due"] == "2026-06-15"


@pytest.mark.requirement("R80")
@pytest.mark.parametrize("anyway", [False, True])
def test_errors_stop_publishing(world: World, staff: Staff, anyway: bool) -> None:
    world.rules()
    draft = new_draft(staff)
    staff.ask("DELETE", f"/drafts/{draft}/rules", id="periods.loan")
    answer = staff.post(f"/drafts/{draft}/publish", {"anyway": anyway}, language="de")
    assert (answer.status_code, answer.json()["error"]) == (409, "rules_findings")
    found = [one for one in answer.json()["findings"] if one["severity"] == "error"]
    assert {one["code"] for one in found} == {"no_loan_period"}
    assert "Ausleihfrist" in found[0]["text"] or "Leihfrist" in found[0]["text"]
    with world.service.database.reading() as db:
        assert house.installation(db).live == 1
    assert ids(staff, draft) == ["periods.renewal"]


@pytest.mark.requirement("R80")
def test_warnings_are_told_and_published(world: World, staff: Staff) -> None:
    world.rules()
    draft = new_draft(staff, {**DVD, "valid_until": "2026-05-01"})
    answer = staff.told("POST", f"/drafts/{draft}/publish", {})
    assert (answer["number"], [one["code"] for one in answer["findings"]]) == (2, ["expired"])


@pytest.mark.requirement("R78")
def test_a_draft_of_a_set_that_is_no_longer_live_is_published_only_anyway(world: World, staff: Staff) -> None:
    world.rules()
    mine, yours = new_draft(staff, DVD), new_draft(staff)
    assert published(staff, yours) == 2
    assert staff.told("GET", f"/drafts/{mine}")["outdated"] is True
    answer = staff.post(f"/drafts/{mine}/publish", {})
    assert (answer.status_code, answer.json()["error"]) == (409, "draft_outdated")
    assert published(staff, mine, anyway=True) == 3


@pytest.mark.requirement("R78")
def test_two_drafts_published_at_once_do_not_both_win(world: World, staff: Staff) -> None:
    world.rules()
    both = [new_draft(staff), new_draft(staff, DVD)]
    posts = [lambda one=one: staff.post(f"/drafts/{one}/publish", {}).status_code for one in both]
    assert sorted(together(*posts)) == [200, 409]
    assert len(staff.told("GET", "/rule-sets")["sets"]) == 2


@pytest.mark.requirement("R80")
def test_what_was_changed_during_the_check_is_not_published(
    world: World, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.rules()
    draft = new_draft(staff)

    def while_checked(*given: Any) -> Any:
        with world.service.database.writing() as db:
            db.execute(update(t.draft).values(rules=[]))
        return check_set(*given)

    monkeypatch.setattr("circulation.rulebook.publishing.check_set", while_checked)
    answer = staff.post(f"/drafts/{draft}/publish", {})
    assert (answer.status_code, answer.json()["error"]) == (409, "draft_changed")
    with world.service.database.reading() as db:
        assert house.installation(db).live == 1


@pytest.mark.requirement("R78")
def test_the_first_set_is_published_from_an_empty_draft(central: Central, staff: Staff, clock: TestClock) -> None:
    draft = new_draft(staff, *PERIODS)
    checked = staff.told("GET", f"/drafts/{draft}/check")
    assert ([one["id"] for one in checked["differences"]["added"]], checked["loans"]) == (["loan", "renewal"], [])
    assert published(staff, draft) == 1
    (one,) = staff.told("GET", "/rule-sets")["sets"]
    assert one["published_at"] == clock().isoformat().replace("+00:00", "Z")


@pytest.mark.requirement("R89")
def test_every_change_of_rules_is_in_the_audit_log_without_a_patron(
    world: World, central: Central, staff: Staff
) -> None:
    world.rules()
    world.lent(world.patron())
    draft = new_draft(staff, DVD)
    staff.told("PATCH", f"/drafts/{draft}/rules", {"comment": "x"}, id="dvd")
    staff.told("PUT", f"/drafts/{draft}/rules", DVD, id="dvd")
    staff.ask("DELETE", f"/drafts/{draft}/rules", id="dvd")
    staff.told("PATCH", f"/drafts/{draft}", {"name": "Winter"})
    staff.told("GET", f"/drafts/{draft}/check")
    published(staff, draft)
    staff.ask("DELETE", f"/drafts/{new_draft(staff)}")
    with world.service.database.reading() as db:
        lines = list(db.execute(select(t.audit).where(t.audit.c.who == "anna").order_by(t.audit.c.id)))
        patron = db.execute(select(t.patron.c.id)).scalar_one()
    assert [line.action for line in lines] == [
        "session.begin",
        "draft.create",
        *(f"draft.rule.{what}" for what in ("insert", "change", "replace", "delete")),
        "draft.rename",
        "rules.publish",
        "draft.create",
        "draft.delete",
    ]
    assert not any(name in str(line) for line in lines for name in ("Mira", "Vogel", patron))
