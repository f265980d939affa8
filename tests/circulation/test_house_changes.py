"""What staff change from the console: names and deletion of codes, machines, the own password; and who says what."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from circulation import audit, desk, inherited, machines, organising, signin, staffing
from circulation.calendars import DayKind, holiday_names
from circulation.errors import CirculationError
from circulation.inherited import Said
from circulation.organising import Closing
from circulation.rulebook import drafts
from circulation.service import Service
from circulation.staffing import StaffSession
from circulation.store import tables as t
from tests.circulation.running import STAFF_PASSWORD, Central, TestClock
from tests.circulation.world import World, rule

NEW_PASSWORD = "another long password"


def lines(service: Service, action: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Who, subject and details of what was noted, oldest first."""
    with service.database.reading() as db:
        found = audit.listed(db, {"action": action})
    return [(one["who"], one["subject"], one["details"]) for one in reversed(found)]


# --- codes ------------------------------------------------------------------------------------------------------------


def test_a_media_type_is_called_otherwise(service: Service) -> None:
    organising.change_names(service, "anna", "BOOK", {"en": "Books", "fr": "Livres"})
    (book,) = [row for row in organising.codes(service, t.media_type) if row["code"] == "BOOK"]
    assert book["names"] == {"en": "Books", "fr": "Livres"}
    assert lines(service, "media_type.change") == [("anna", "BOOK", {"names": {"en": "Books", "fr": "Livres"}})]
    with pytest.raises(CirculationError, match="no such media type"):
        organising.change_names(service, "anna", "VHS", {"en": "Tapes"})


@pytest.mark.parametrize(
    ("table", "code"), [(t.media_type, "GAME"), (t.patron_category, "teacher"), (t.age_group, "child")]
)
def test_a_code_that_nothing_names_is_deleted(service: Service, table: Any, code: str) -> None:
    organising.delete_code(service, "anna", table, code)
    assert code not in [row["code"] for row in organising.codes(service, table)]
    assert lines(service, f"{table.name}.delete") == [("anna", code, {})]
    with pytest.raises(CirculationError) as again:
        organising.delete_code(service, "anna", table, code)
    assert again.value.status == 404


def test_a_code_that_is_named_stays(world: World) -> None:
    service = world.service
    world.rules(rule("x", "counts.max_loans", 5, media_type="DVD"), rule("y", "counts.max_loans", 9, age_group="child"))
    world.items(2, "BOOK")
    world.patron("teacher")
    drafts.create(service, "anna", "next")
    expected = {
        (t.media_type, "BOOK"): {"items": 2},
        (t.media_type, "DVD"): {"rules": 1, "drafts": 1},
        (t.age_group, "child"): {"rules": 1, "drafts": 1},
        (t.patron_category, "teacher"): {"patrons": 1},
        (t.patron_category, "staff"): {},
    }
    assert {key: organising.uses(service, *key) for key in expected} == expected
    for table, code in [key for key, found in expected.items() if found]:
        with pytest.raises(CirculationError) as refused:
            organising.delete_code(service, "anna", table, code)
        assert (refused.value.code, refused.value.status) == ("code_used", 409)
        assert code in [row["code"] for row in organising.codes(service, table)]


@pytest.mark.parametrize("code", ["", " x", "a|b", "x" * 65, "a\tb"])
def test_what_cannot_be_a_code_is_made_none(service: Service, code: str) -> None:
    with pytest.raises(CirculationError) as refused:
        organising.add_category(service, "anna", code)
    assert (refused.value.code, refused.value.place) == ("code_unfit", "code")
    with pytest.raises(CirculationError) as refused:
        organising.create_organisation(service, "anna", code, "South", "A", "branch")
    assert (refused.value.code, refused.value.place) == ("code_unfit", "id")


# --- who says what ----------------------------------------------------------------------------------------------------


def test_a_setting_says_where_it_comes_from(service: Service) -> None:
    organising.set_settings(service, "anna", "A", {"floating": False, "history_days": 10})
    organising.set_settings(service, "anna", "N1", {"history_days": 0})
    found = inherited.settings(service, "N1")
    assert found["history_days"] == Said(own=0, above=10, by="A")
    assert found["floating"] == Said(own=None, above=False, by="A")
    assert found["backlog_limit"] == Said(own=None, above=200, by=None)
    assert (found["history_days"].holds, found["floating"].holds) == (0, False)
    with pytest.raises(CirculationError, match="no such organisation"):
        inherited.settings(service, "N9")


@pytest.mark.requirement("R39", "R40")
def test_every_day_of_a_year_says_what_it_is(service: Service) -> None:
    organising.change_calendar(service, "anna", "A", {"weekly_closed": [6], "holidays": "DE-NW"})
    organising.change_calendar(service, "anna", "BUS", {"tours": [date(2026, 6, 5), date(2026, 6, 26)]})
    organising.add_closing(service, "anna", "North", Closing(date(2026, 6, 20), date(2026, 6, 21), open=False))
    organising.add_closing(service, "anna", "N1", Closing(date(2026, 6, 21), date(2026, 6, 21), open=True, note="fair"))
    year = inherited.year(service, "N1", 2026)
    kinds = {one.day: one.kind for one in year.days}
    assert (len(kinds), year.region) == (365, "DE-NW")
    assert kinds[date(2026, 6, 19)] == DayKind.OPEN
    assert kinds[date(2026, 6, 14)] == DayKind.WEEKLY
    assert kinds[date(2026, 6, 20)] == DayKind.CLOSED
    assert kinds[date(2026, 6, 21)] == DayKind.OPENED
    assert kinds[date(2026, 4, 3)] == DayKind.HOLIDAY
    assert [(one["organisation"], one["open"], one["note"]) for one in year.closings] == [
        ("North", False, ""),
        ("N1", True, "fair"),
    ]
    assert year.said["weekly_closed"] == Said(None, [6], "A")
    bus = {one.day: one.kind for one in inherited.year(service, "BUS", 2026).days}
    assert [bus[date(2026, 6, day)] for day in (5, 6, 20)] == [DayKind.TOUR, DayKind.WEEKLY, DayKind.CLOSED]
    assert len(inherited.year(service, "N1", 2028).days) == 366


def test_public_holidays_have_names() -> None:
    good_friday = date(2026, 4, 3)
    assert holiday_names("DE-NW", 2026, "de")[good_friday] == "Karfreitag"
    assert holiday_names("DE-NW", 2026, "en")[good_friday] == "Good Friday"
    assert holiday_names("", 2026, "en") == {}


# --- machines ---------------------------------------------------------------------------------------------------------


def only(service: Service) -> str:
    (row,) = machines.listed(service)
    return str(row["id"])


def test_a_machine_is_renamed_and_moved_and_the_rules_of_its_branch_decide(world: World, central: Central) -> None:
    service = world.service
    world.rules(rule("n2", "self_service.checkout", False, org="N2"))
    machine = central.machine("N1")
    token, item = machine.token(world.patron()), world.item()
    machines.change(service, "anna", only(service), "Entrance", "N2")
    assert machine.do("checkout", item, token)["outcome"] == "refused"
    row = machines.known(service, only(service))
    assert (row["name"], row["branch"]) == ("Entrance", "N2")
    told = {"before": {"name": "machine N1", "branch": "N1"}, "after": {"name": "Entrance", "branch": "N2"}}
    assert lines(service, "machine.change") == [("anna", f"machine {row['id']}", told)]
    for name, branch in (("Entrance", "N9"), (" ", "N1")):
        with pytest.raises(CirculationError):
            machines.change(service, "anna", row["id"], name, branch)


def test_a_withdrawn_machine_is_let_in_no_longer_and_what_it_did_stays(world: World, central: Central) -> None:
    service = world.service
    world.rules()
    machine, other = central.machine("N1"), central.machine("N2")
    token, item = machine.token(world.patron()), world.item()
    machine.do("checkout", item, token)
    (gone,) = [row["id"] for row in machines.listed(service) if row["branch"] == "N1"]
    machines.withdraw(service, "anna", gone)
    assert machine.get("/items").status_code == 401
    assert other.get("/items").status_code == 200
    assert [row["branch"] for row in machines.listed(service)] == ["N2"]
    assert [row["id"] for row in machines.withdrawn(service)] == [gone]
    with service.database.reading() as db:
        assert db.execute(select(t.patron_session)).all() == []
    assert len(world.open_loans()) == 1
    assert lines(service, "machine.withdraw") == [("anna", f"machine {gone}", {"name": "machine N1", "branch": "N1"})]
    for again in (
        lambda: machines.withdraw(service, "anna", gone),
        lambda: machines.change(service, "anna", gone, "x", "N1"),
        lambda: machines.quieten(service, "anna", gone),
        lambda: machines.known(service, "nothing"),
    ):
        with pytest.raises(CirculationError) as refused:
            again()
        assert refused.value.status == 404


def test_a_desk_is_no_machine_that_could_be_withdrawn(service: Service) -> None:
    desk_at_work = StaffSession("anna", frozenset({staffing.DESK}), may_override=False, branch="N1")
    desk.workplace(service, desk_at_work)
    (row,) = machines.listed(service)
    assert row["channel"] == "desk"
    with pytest.raises(CirculationError):
        machines.withdraw(service, "anna", row["id"])


def test_an_alarm_is_seen_once(world: World, central: Central, clock: TestClock) -> None:
    service = world.service
    world.rules()
    machine = central.machine("N1")
    for number in range(signin.MACHINE.tries):
        machine.post("/sign-in", {"card": {"kind": "barcode", "value": f"nobody {number}"}, "pin": "0000"})
    assert machines.known(service, only(service))["alarm_at"] == clock()
    for _ in range(2):
        machines.quieten(service, "anna", only(service))
    assert machines.known(service, only(service))["alarm_at"] is None
    assert [(who, subject) for who, subject, _ in lines(service, "machine.alarm_seen")] == [
        ("anna", f"machine {only(service)}")
    ]


# --- the own password -------------------------------------------------------------------------------------------------


def signed_in(service: Service, password: str = STAFF_PASSWORD) -> str:
    return str(staffing.sign_in(service, "anna", password, "N1")["token"])


def test_a_new_password_ends_every_other_session(service: Service) -> None:
    staffing.create(service, "test", "anna", STAFF_PASSWORD, staffing.ROLES)
    here, there = signed_in(service), signed_in(service)
    token = str(staffing.create_token(service, "test", "anna", "N1", "program")["token"])
    staffing.change_password(service, here, STAFF_PASSWORD, NEW_PASSWORD)
    assert staffing.by_token(service, here).name == "anna"
    assert staffing.by_token(service, token).name == "anna"
    with pytest.raises(CirculationError):
        staffing.by_token(service, there)
    with pytest.raises(CirculationError):
        signed_in(service)
    assert signed_in(service, NEW_PASSWORD)
    assert lines(service, "staff.own_password") == [("anna", "anna", {})]


def test_whoever_does_not_know_the_password_changes_nothing_and_is_locked_out(
    service: Service, clock: TestClock
) -> None:
    staffing.create(service, "test", "anna", STAFF_PASSWORD, staffing.ROLES)
    here = signed_in(service)

    def attempt(old: str, new: str = NEW_PASSWORD) -> str:
        with pytest.raises(CirculationError) as refused:
            staffing.change_password(service, here, old, new)
        return refused.value.code

    assert attempt(STAFF_PASSWORD, "short") == "password"
    assert [attempt("wrong") for _ in range(staffing.TRIES.tries)] == ["password_wrong"] * staffing.TRIES.tries
    assert attempt(STAFF_PASSWORD) == "locked"
    clock.later(seconds=(staffing.TRIES.first + timedelta(seconds=1)).total_seconds())
    staffing.change_password(service, here, STAFF_PASSWORD, NEW_PASSWORD)
    assert signed_in(service, NEW_PASSWORD)
