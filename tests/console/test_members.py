"""Pages of members of staff, tokens, the own password and the audit log."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

import wording
from circulation import audit, staffing
from circulation.errors import CirculationError
from circulation.service import Service
from circulation.staff.pages.audit import MOST
from circulation.staffing import ADMIN, DESK, MACHINES, RULES
from tests.circulation.running import STAFF_PASSWORD, Central
from tests.console.conftest import Open, sign_in
from tests.console.looking import HOSTILE, harmless, reader, text_of

NEW_PASSWORD = "another long password"


def test_the_first_administrator_adds_a_colleague_who_signs_in_and_sees_their_menu(
    central: Central, opened: Open
) -> None:
    page = opened(central, ADMIN)
    page.click("nav >> text=Members of staff")
    page.fill("#name", "ben")
    page.fill("#password", NEW_PASSWORD)
    page.check("#role-desk")
    page.check("#override")
    page.click("main >> button:text('Add')")
    expect(page.locator("[role=status]")).to_contain_text("can sign in")
    page.click("text=Sign out")
    sign_in(page, central.url, "ben", password=NEW_PASSWORD)
    menu = page.locator("nav a").all_inner_texts()
    assert "Desk" in menu
    assert not {"Members of staff", "Machines", "Drafts", "Calendar"} & set(menu)
    page.goto(f"{central.url}/staff/members")
    expect(page.locator("[role=alert]")).to_contain_text("This needs another role.")
    found = staffing.member(central.service, "ben")
    assert (found["roles"], found["may_override"]) == ([DESK], True)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "anna", "password": NEW_PASSWORD}, "This name is taken."),
        ({"name": "b n", "password": NEW_PASSWORD}, "no spaces"),
        ({"name": "ben", "password": "short"}, "too short"),
        ({"name": "ben", "password": ""}, "has to be filled in"),
        ({"name": "ben", "password": NEW_PASSWORD, "roles": "king"}, "no such role"),
    ],
)
def test_what_is_wrong_in_a_new_member_is_told(central: Central, given: dict[str, str], said: str) -> None:
    with reader(central, ADMIN) as anna:
        answer = anna.send("/members", "/members", **{"roles": DESK, **given})
    assert answer.status_code in (409, 422)
    assert said in text_of(answer.text)
    assert NEW_PASSWORD not in answer.text
    assert [one["name"] for one in staffing.listed(central.service)] == ["anna"]


def test_roles_activity_and_password_of_a_colleague_change(central: Central) -> None:
    service = central.service
    staffing.create(service, "test", "ben", STAFF_PASSWORD, [DESK])
    with reader(central, ADMIN) as anna:
        anna.send("/members/ben", "/members/ben/roles", roles=RULES, override="1")
        assert staffing.member(service, "ben")["roles"] == [RULES]
        assert staffing.member(service, "ben")["may_override"]
        session = str(staffing.sign_in(service, "ben", STAFF_PASSWORD, "N1")["token"])
        anna.send("/members/ben", "/members/ben/password", password=NEW_PASSWORD)
        with pytest.raises(CirculationError):
            staffing.by_token(service, session)
        assert staffing.sign_in(service, "ben", NEW_PASSWORD, "N1")
        assert "let in no longer" in text_of(anna.send("/members/ben", "/members/ben/active").text)
        assert "no longer active" in anna.read("/members")
        with pytest.raises(CirculationError):
            staffing.sign_in(service, "ben", NEW_PASSWORD, "N1")
        anna.send("/members/ben", "/members/ben/active", active="1")
        assert staffing.sign_in(service, "ben", NEW_PASSWORD, "N1")
        assert anna.get("/members/nobody").status_code == 404


@pytest.mark.parametrize(("path", "given"), [("roles", {"roles": DESK}), ("active", {})])
def test_the_last_administrator_stays_one(central: Central, path: str, given: dict[str, str]) -> None:
    with reader(central, ADMIN) as anna:
        answer = anna.send("/members/anna", f"/members/anna/{path}", **given)
    assert (answer.status_code, "Nobody would be left" in text_of(answer.text)) == (409, True)
    found = staffing.member(central.service, "anna")
    assert (found["roles"], found["active"]) == ([ADMIN], True)


def test_everybody_changes_their_own_password(central: Central, opened: Open) -> None:
    page = opened(central, MACHINES)
    page.click("text=anna, N1")
    page.fill("#old", "not the old one")
    page.fill("#password", NEW_PASSWORD)
    page.fill("#again", NEW_PASSWORD)
    page.click("section button")
    expect(page.locator("[role=alert]")).to_have_text("The password so far is wrong.")
    page.fill("#old", STAFF_PASSWORD)
    page.fill("#password", NEW_PASSWORD)
    page.fill("#again", "something else entirely")
    page.click("section button")
    expect(page.locator("[role=alert]")).to_contain_text("in two different ways")
    page.fill("#old", STAFF_PASSWORD)
    page.fill("#password", NEW_PASSWORD)
    page.fill("#again", NEW_PASSWORD)
    page.click("section button")
    expect(page.locator("[role=status]")).to_have_text("Your new password holds.")
    page.click("text=Sign out")
    sign_in(page, central.url, "anna", password=NEW_PASSWORD)


# --- tokens -----------------------------------------------------------------------------------------------------------


def test_a_token_is_shown_once_and_revoked(central: Central, opened: Open) -> None:
    page = opened(central, ADMIN)
    page.click("nav >> text=Access for programs")
    page.fill("#label", "Website")
    page.fill("#days", "30")
    page.click("button:text('Make a token')")
    token = page.locator(".told-once").inner_text()
    assert staffing.by_token(central.service, token).name == "anna"
    page.goto(f"{central.url}/staff/tokens")
    assert token not in page.content()
    page.click("summary:text('Revoke')")
    page.click("text=Revoke now")
    page.wait_for_selector("text=No program has a token.")
    with pytest.raises(CirculationError):
        staffing.by_token(central.service, token)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"label": ""}, "has to be filled in"),
        ({"days": "0"}, "so many days"),
        ({"days": "x"}, "no whole number"),
        ({"staff": "nobody"}, "This is not there"),
        ({"branch": "N9"}, "no such branch"),
    ],
)
def test_a_token_that_cannot_be_is_not_made(central: Central, given: dict[str, str], said: str) -> None:
    with reader(central, ADMIN) as anna:
        answer = anna.send("/tokens", "/tokens", **{"label": "x", "staff": "anna", "branch": "N1", **given})
        assert answer.status_code in (404, 409, 422)
        assert said in text_of(answer.text)
        assert anna.send("/tokens", "/tokens/revoke", token="0" * 16).status_code == 404
    assert staffing.tokens(central.service) == []


# --- audit ------------------------------------------------------------------------------------------------------------


def noted(service: Service, action: str, subject: str, details: dict[str, object], reason: str | None = None) -> None:
    with service.database.writing() as db:
        audit.note(db, service.clock(), "eva", action, subject, details, reason)


def test_lines_are_told_in_words_newest_first(central: Central) -> None:
    details = {"before": {"floating": True}, "after": {"floating": False, "odd": [1, {"deep": None}]}}
    noted(central.service, "settings.change", "N1", details)
    noted(central.service, "odd.action", "operation 7", {}, "school class")
    with reader(central, ADMIN) as anna:
        page = anna.get("/audit", who="eva").text
    told = text_of(page)
    assert told.index("odd.action") < told.rindex("Settings changed")
    assert "Reason: school class" in told
    assert "before: Items of other branches yes" in told
    assert "after: Items of other branches no after: odd 1, deep: -" in told
    assert 'href="/staff/organisations/N1"' in page
    assert 'href="/staff/decisions/7"' in page


def test_lines_are_narrowed_and_paged(central: Central) -> None:
    for number in range(MOST + 1):
        noted(central.service, "rules.publish", str(number), {})
    noted(central.service, "fee.waive", "fee 3", {"amount": 100}, "moved away")
    with reader(central, ADMIN) as anna:
        assert "fee 3" in anna.read("/audit", who="eva")
        assert "fee 3" not in anna.read("/audit", action="rules.publish")
        assert "Fee waived fee 3" in anna.read("/audit", subject="fee 3")
        assert "There is no such line." in anna.read("/audit", who="nobody")
        page = anna.get("/audit", action="rules.publish").text
        assert page.count("Rules published</td>") == MOST
        (more,) = re.findall(r'href="/staff(/audit\?[^"]*after=[^"]*)"', page)
        older = anna.get(more.replace("&amp;", "&")).text
        assert older.count("Rules published</td>") == 1
        assert "after=" not in older


def test_every_action_that_is_noted_has_a_name() -> None:
    source = "\n".join(file.read_text("utf-8") for file in Path("circulation").rglob("*.py"))
    noted_there = set(re.findall(r'audit\.note\([^\n]*"([a-z_]+(?:\.[a-z_]+)+)"', source))
    assert len(noted_there) > 20
    assert noted_there - {code.removeprefix("audit.") for code in wording.codes(wording.STAFF)} == set()


def test_hostile_text_is_shown_as_text(central: Central) -> None:
    noted(central.service, HOSTILE[:60], HOSTILE, {HOSTILE: HOSTILE}, HOSTILE)
    with reader(central, ADMIN) as anna:
        assert harmless(anna.get("/audit", who="eva").text)
        assert harmless(anna.get("/audit", who=HOSTILE, subject=HOSTILE).text)
        assert harmless(anna.send("/members", "/members", name=HOSTILE, password=NEW_PASSWORD).text)
        given = {"label": HOSTILE, "staff": "anna", "branch": "N1"}
        assert harmless(anna.send("/tokens", "/tokens", **given).text)
        assert harmless(anna.send("/tokens", "/tokens", **given, days=HOSTILE).text)
        assert harmless(anna.get("/tokens").text)
