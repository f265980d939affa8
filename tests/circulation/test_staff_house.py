"""Organisations, settings, calendars and codes as staff change them; machines and doubts."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert, select

from circulation import staffing
from circulation.domain.settings import DEFAULTS
from circulation.store import tables as t
from tests.circulation.running import Central, Staff, TestClock, together
from tests.circulation.world import World

N1 = "/organisations/N1"


@pytest.fixture
def admin(central: Central) -> Staff:
    """An administrator."""
    return central.staff(staffing.ADMIN, name="anna")


def refused(answer: Any) -> tuple[int, str, str | None]:
    body = answer.json()
    return answer.status_code, body["error"], body["place"]


def actions(admin: Staff) -> list[tuple[str, str]]:
    lines = admin.told("GET", "/audit", who=admin.name)["lines"]
    return [(line["action"], line["subject"]) for line in reversed(lines)][1:]  # the first is the session


# --- organisations ----------------------------------------------------------------------------------------------------


def test_organisations_are_made_renamed_and_moved(admin: Staff) -> None:
    made = admin.told("POST", "/organisations", {"id": "S1", "name": "South", "parent": "A", "kind": "branch"})
    assert made == {"id": "S1", "name": "South", "parent": "A", "kind": "branch"}
    moved = admin.told("PATCH", "/organisations/S1", {"name": "Süd", "parent": "North"})
    assert moved == {"id": "S1", "name": "Süd", "parent": "North", "kind": "branch"}
    assert admin.told("PATCH", "/organisations/S1", {"parent": None})["parent"] is None
    assert admin.told("PATCH", "/organisations/S1", {"name": None})["name"] == "Süd"
    listed = admin.told("GET", "/organisations")["organisations"]
    assert [one["id"] for one in listed] == ["A", "BUS", "N1", "N2", "North", "S1"]
    assert actions(admin) == [("organisation.create", "S1"), *[("organisation.change", "S1")] * 3]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"id": "N1"}, (409, "organisation_exists", None)),
        ({"parent": "S9"}, (422, "organisation_unknown", "parent")),
        ({"parent": "S1"}, (422, "organisation_unknown", "parent")),
    ],
)
def test_an_organisation_stands_where_one_is(
    admin: Staff, changes: dict[str, Any], expected: tuple[int, str, str | None]
) -> None:
    body = {"id": "S1", "name": "South", "parent": "A", "kind": "branch", **changes}
    assert refused(admin.post("/organisations", body)) == expected
    assert len(admin.told("GET", "/organisations")["organisations"]) == 5


@pytest.mark.parametrize("parent", ["A", "North", "N1"])
def test_no_organisation_stands_above_itself(admin: Staff, parent: str) -> None:
    answer = admin.ask("PATCH", "/organisations/A", {"parent": parent})
    assert refused(answer) == (409, "organisation_circle", None)
    assert admin.ask("PATCH", "/organisations/S9", {"name": "x"}).status_code == 404


def test_two_moves_at_once_make_no_circle(admin: Staff) -> None:
    for id_ in ("X", "Y"):
        admin.told("POST", "/organisations", {"id": id_, "name": id_, "parent": "A", "kind": "branch"})

    def under(id_: str, parent: str) -> Any:
        return lambda: admin.ask("PATCH", f"/organisations/{id_}", {"parent": parent}).status_code

    assert sorted(together(under("X", "Y"), under("Y", "X"))) == [200, 409]
    assert admin.get("/organisations").status_code == 200


# --- settings ---------------------------------------------------------------------------------------------------------


def test_settings_hold_below_until_another_is_made(admin: Staff) -> None:
    first = admin.told("GET", f"{N1}/settings")
    assert (first["own"], first["holds"]) == ({}, dict(DEFAULTS))
    admin.told("PUT", "/organisations/A/settings", {"settings": {"renewal_from": "due_date", "backlog_limit": 7}})
    made = admin.told("PUT", f"{N1}/settings", {"settings": {"backlog_limit": 0, "floating": False}})
    assert made["own"] == {"backlog_limit": 0, "floating": False}
    assert [made["holds"][key] for key in ("renewal_from", "backlog_limit", "floating")] == ["due_date", 0, False]
    assert admin.told("PUT", f"{N1}/settings", {"settings": {}})["holds"]["backlog_limit"] == 7
    line = admin.told("GET", "/audit", action="settings.change", subject="N1")["lines"][0]
    assert line["details"] == {"before": {"backlog_limit": 0, "floating": False}, "after": {}}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("renewal_from", "tomorrow", "today, due_date"),
        ("floating", 1, "true or false"),
        ("history_days", -1, "whole number"),
        ("history_days", True, "whole number"),
        ("history_days", 10**9, "whole number"),
        ("time_zone", "Mars/Olympus", "Europe/Berlin"),
        ("colour", "red", "no setting colour"),
    ],
)
def test_a_wrong_setting_is_named_and_nothing_is_kept(admin: Staff, name: str, value: object, said: str) -> None:
    answer = admin.ask("PUT", f"{N1}/settings", {"settings": {"backlog_limit": 5, name: value}})
    assert refused(answer) == (422, "setting_wrong", f"settings.{name}")
    assert said in answer.json()["detail"]
    assert admin.told("GET", f"{N1}/settings")["own"] == {}
    assert admin.ask("PUT", "/organisations/N9/settings", {"settings": {}}).status_code == 404


# --- calendars --------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R38")
@pytest.mark.requirement("R39")
@pytest.mark.requirement("R40")
def test_a_calendar_is_what_its_organisation_says_and_what_it_inherits(admin: Staff) -> None:
    admin.told("PATCH", "/organisations/A/calendar", {"weekly_closed": [6, 6], "holidays": "DE-NW"})
    admin.told("POST", "/organisations/A/closings", {"first": "2026-12-24", "last": "2027-01-02", "note": "<i>&"})
    opened = admin.told("POST", f"{N1}/closings", {"first": "2026-05-01", "last": "2026-05-01", "open": True})
    own = admin.told("GET", f"{N1}/calendar")
    assert (own["weekly_closed"], own["holidays"], own["tours"]) == (None, None, None)
    assert own["closings"] == [opened]
    assert own["holds"]["weekly_closed"] == [6]
    assert ["2026-12-24", "2027-01-02"] in own["holds"]["closed"]
    assert ["2026-04-03", "2026-04-03"] in own["holds"]["closed"]  # Good Friday
    assert own["holds"]["opened"] == [["2026-05-01", "2026-05-01"]]
    changed = admin.told("PATCH", f"{N1}/calendar", {"weekly_closed": [], "holidays": "", "tours": ["2026-04-10"]})
    assert (changed["weekly_closed"], changed["holidays"], changed["tours"]) == ([], "", ["2026-04-10"])
    assert (changed["holds"]["weekly_closed"], changed["holds"]["tours"]) == ([], ["2026-04-10"])
    assert admin.told("PATCH", f"{N1}/calendar", {"tours": None})["holds"]["tours"] is None
    assert admin.ask("DELETE", f"/organisations/A/closings/{opened['id']}").status_code == 404
    assert admin.ask("DELETE", f"{N1}/closings/{opened['id']}").status_code == 204
    assert admin.told("GET", f"{N1}/calendar")["closings"] == []
    assert actions(admin) == [
        ("calendar.change", "A"),
        ("closing.create", "A"),
        ("closing.create", "N1"),
        *[("calendar.change", "N1")] * 2,
        ("closing.delete", "N1"),
    ]


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"holidays": "XX"}, "holidays"),
        ({"holidays": "DE-XX"}, "holidays"),
        ({"holidays": "de"}, "body.holidays"),
        ({"weekly_closed": [7]}, "body.weekly_closed.0"),
        ({"tours": ["2026-02-30"]}, "body.tours.0"),
        ({"colour": "red"}, "body.colour"),
    ],
)
def test_a_calendar_says_what_is_wrong_with_it(admin: Staff, changes: dict[str, Any], place: str) -> None:
    answer = admin.ask("PATCH", f"{N1}/calendar", changes)
    assert (answer.status_code, answer.json()["place"]) == (422, place)


def test_a_closing_has_its_days_in_order_and_an_end(admin: Staff) -> None:
    reversed_ = admin.post(f"{N1}/closings", {"first": "2026-05-02", "last": "2026-05-01"})
    assert refused(reversed_) == (422, "dates_reversed", "last")
    endless = admin.post(f"{N1}/closings", {"first": "0001-01-01", "last": "9999-12-31"})
    assert refused(endless) == (422, "closing_too_long", "last")
    assert admin.post("/organisations/N9/closings", {"first": "2026-05-01", "last": "2026-05-01"}).status_code == 404


@pytest.mark.requirement("R38")
def test_a_closing_moves_the_next_due_date_at_once(world: World, central: Central) -> None:
    world.rules()
    machine, staff = central.machine(), central.staff("rules")
    token = machine.token(world.patron())
    assert machine.do("checkout", world.item(), token)["due"] == "2026-06-29"
    staff.told("POST", f"{N1}/closings", {"first": "2026-06-29", "last": "2026-06-30"})
    assert machine.do("checkout", world.item(), token)["due"] == "2026-07-01"


# --- codes ------------------------------------------------------------------------------------------------------------


def test_codes_are_listed_and_made_and_rules_may_name_them_at_once(world: World, central: Central) -> None:
    world.rules()
    admin, staff = central.staff(staffing.ADMIN, name="anna"), central.staff("rules")
    draft = staff.told("POST", "/drafts", {"name": "x"})["id"]
    asked = {"media_type": ["VINYL"], "patron_category": ["band"], "age_group": ["very old"]}
    body = {"id": "x", "kind": "periods.loan", "org": "A", "when": asked, "value": {"days": 1}}
    assert len(staff.post(f"/drafts/{draft}/rules", body).json()["problems"]) == 3
    names = {"en": "records", "de": "Schallplatten"}
    assert admin.told("POST", "/media-types", {"code": "VINYL", "names": names})["names"] == names
    admin.told("POST", "/patron-categories", {"code": "band"})
    admin.told("POST", "/age-groups", {"code": "very old", "least": 151, "most": 199})
    staff.told("POST", f"/drafts/{draft}/rules", body)
    assert "VINYL" in [one["code"] for one in staff.told("GET", "/media-types")["media_types"]]
    assert "band" in [one["code"] for one in staff.told("GET", "/patron-categories")["patron_categories"]]
    assert {"code": "child", "least": 0, "most": 17} in staff.told("GET", "/age-groups")["age_groups"]
    assert actions(admin) == [
        ("media_type.create", "VINYL"),
        ("patron_category.create", "band"),
        ("age_group.create", "very old"),
    ]


def test_a_code_is_made_once_and_an_age_has_one_group(admin: Staff) -> None:
    for path, body in (
        ("/media-types", {"code": "DVD", "names": {"en": "films"}}),
        ("/patron-categories", {"code": "normal"}),
        ("/age-groups", {"code": "child", "least": 151, "most": 160}),
    ):
        assert refused(admin.post(path, body)) == (409, "code_exists", None)
    overlapping = admin.post("/age-groups", {"code": "teen", "least": 12, "most": 18})
    assert refused(overlapping) == (409, "ages_overlap", None)
    turned = admin.post("/age-groups", {"code": "teen", "least": 160, "most": 155})
    assert refused(turned) == (422, "ages_reversed", "most")


@pytest.mark.parametrize("code", ["", " x", "a|b", "a/b", ".x", "x" * 65, "a\x00", "a\nb"])
def test_what_cannot_be_a_code_is_none(admin: Staff, code: str) -> None:
    for path, body in (
        ("/organisations", {"id": code, "name": "x", "parent": None, "kind": "branch"}),
        ("/media-types", {"code": code, "names": {"en": "x"}}),
        ("/patron-categories", {"code": code}),
        ("/age-groups", {"code": code, "least": 151, "most": 160}),
    ):
        assert admin.post(path, body).status_code == 422
    assert actions(admin) == []


# --- machines ---------------------------------------------------------------------------------------------------------


def test_machines_are_listed_as_they_were_last_heard_of(world: World, central: Central, clock: TestClock) -> None:
    world.rules()
    machine, staff = central.machine("N2"), central.staff("machines")
    (fresh,) = staff.told("GET", "/machines")["machines"]
    assert (fresh["name"], fresh["branch"], fresh["channel"]) == ("machine N2", "N2", "kiosk")
    assert (fresh["seen_at"], fresh["devices"], fresh["doubts"]) == (None, {}, 0)
    clock.later(minutes=5)
    doubt = {"item": "3", "wanted": "armed", "last": None, "since": "2026-06-01T10:00:00Z"}
    told = {"version": "1.1", "rules": 1, "devices": {"pad": "up"}, "doubts": [doubt], "clock_trusted": True}
    assert machine.post("/heartbeat", told).status_code == 200
    (seen,) = staff.told("GET", "/machines")["machines"]
    assert (seen["version"], seen["rules"], seen["devices"], seen["doubts"]) == ("1.1", 1, {"pad": "up"}, 1)
    assert seen["seen_at"] == clock().isoformat().replace("+00:00", "Z")
    assert machine.key not in staff.get("/machines").text
    assert "key" not in seen


def test_a_code_enrols_one_machine_or_portal(world: World, central: Central) -> None:
    staff = central.staff("machines", name="bert")
    for channel in ("kiosk", "web"):
        made = staff.told("POST", "/machines/codes", {"branch": "N2", "channel": channel})
        assert made["expires"] == "2026-06-02T10:00:00Z"
        body = {"code": made["code"], "name": channel, "version": "1"}
        machine = central.known("none")
        assert machine.post("/enrol", body).json()["branch"] == "N2"
        assert machine.post("/enrol", body).status_code == 403
    with world.service.database.reading() as db:
        found = {row.name: row.channel for row in db.execute(select(t.machine))}
        lines = list(db.execute(select(t.audit).where(t.audit.c.action == "machine.code")))
    assert found == {"kiosk": "kiosk", "web": "web"}
    assert [(line.who, line.subject, line.details["channel"]) for line in lines] == [
        ("bert", "N2", "kiosk"),
        ("bert", "N2", "web"),
    ]
    assert staff.post("/machines/codes", {"branch": "N9"}).status_code == 422
    assert staff.post("/machines/codes", {"branch": "N1", "channel": "desk"}).status_code == 422


@pytest.mark.requirement("R87")
def test_doubts_are_listed_and_cleared(world: World, central: Central, clock: TestClock) -> None:
    machine, staff = central.machine(), central.staff("desk", name="bert")
    item = world.item()
    told = {"version": "1", "rules": 1, "devices": {}, "clock_trusted": True}
    doubt = {"item": item, "wanted": "armed", "last": None, "since": "2026-06-01T10:00:00Z"}
    machine.post("/heartbeat", {**told, "doubts": [doubt]})
    (listed,) = staff.told("GET", "/doubts")["doubts"]
    assert (listed["item"], listed["title"], listed["cleared"]) == (item, f"Title {item}", False)
    assert (listed["machine"], listed["wanted"], listed["last"]) == ("machine N1", "armed", None)
    assert staff.post("/doubts/clear", {"item": "999"}).status_code == 404
    assert staff.post("/doubts/clear", {"item": item}).status_code == 204
    assert machine.post("/heartbeat", {**told, "doubts": [doubt]}).json() == {"cleared": [item]}
    with world.service.database.reading() as db:
        lines = list(db.execute(select(t.audit).where(t.audit.c.action == "doubt.clear")))
    assert [(line.who, line.subject) for line in lines] == [("bert", item)]


def test_an_alarm_of_a_machine_is_shown(world: World, central: Central) -> None:
    with world.service.database.writing() as db:
        values = {"id": "m", "name": "door", "branch": "N1", "key_hash": "h", "enrolled_at": world.service.clock()}
        db.execute(insert(t.machine).values(**values, alarm_at=world.service.clock()))
    (one,) = central.staff("machines").told("GET", "/machines")["machines"]
    assert one["alarm_at"] == "2026-06-01T10:00:00Z"
