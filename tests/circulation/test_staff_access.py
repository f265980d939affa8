"""Sign-in of staff, their sessions and tokens, who is left as administrator, and the audit log."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest
from argon2.exceptions import VerificationError
from sqlalchemy import select

from circulation import audit, lockout, staffing, tidying
from circulation.errors import CirculationError
from circulation.service import Service
from circulation.store import tables as t
from tests.circulation.running import STAFF_PASSWORD, Central, Staff, TestClock, together
from tests.circulation.world import World

ADMIN = staffing.ADMIN


def signing_in(central: Central, name: str = "anna", password: str = STAFF_PASSWORD, branch: str = "N1") -> Any:
    return central.stranger().post("/sign-in", {"name": name, "password": password, "branch": branch})


def anna(service: Service, *roles: str) -> None:
    staffing.create(service, "test", "anna", STAFF_PASSWORD, roles)


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


# --- signing in -------------------------------------------------------------------------------------------------------


def test_who_signs_in_is_told_what_they_may_do(central: Central) -> None:
    staff = central.staff("desk", "rules", name="anna", branch="N2", may_override=True)
    assert staff.told("GET", "/me") == {
        "name": "anna",
        "roles": ["desk", "rules"],
        "may_override": True,
        "branch": "N2",
    }


def test_whoever_cannot_sign_in_is_told_the_same(central: Central) -> None:
    anna(central.service, "desk")
    staffing.create(central.service, "test", "gone", STAFF_PASSWORD, ["desk"])
    anna_admin = central.staff(ADMIN)
    anna_admin.ask("PATCH", "/members/gone", {"active": False})
    answers = [
        signing_in(central, password="a wrong long password"),
        signing_in(central, name="nobody"),
        signing_in(central, name="gone"),
    ]
    assert [refused(answer) for answer in answers] == [(401, "sign_in_wrong")] * 3
    assert len({answer.text for answer in answers}) == 1


def test_whoever_cannot_sign_in_costs_one_hash(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    anna(service, "desk")
    hashed: list[str] = []

    def verify(stored: str, _: str) -> bool:
        hashed.append(stored)
        raise VerificationError

    monkeypatch.setattr(service.secrets, "_hasher", SimpleNamespace(verify=verify))
    for name in ("anna", "nobody"):
        with pytest.raises(CirculationError, match="name or password is wrong"):
            staffing.sign_in(service, name, STAFF_PASSWORD, "N1")
    assert [stored.startswith("$argon2id$") for stored in hashed] == [True, True]


def test_a_branch_that_is_not_there_is_no_place_to_work(central: Central) -> None:
    anna(central.service, "desk")
    assert refused(signing_in(central, branch="N9")) == (422, "branch_unknown")


@pytest.mark.parametrize("name", ["anna", "nobody"])
def test_too_many_wrong_passwords_lock_a_name_whether_it_is_there_or_not(
    central: Central, clock: TestClock, name: str
) -> None:
    anna(central.service, "desk")
    wrong = [refused(signing_in(central, name, "a wrong long password")) for _ in range(staffing.TRIES.tries + 1)]
    assert wrong == [(401, "sign_in_wrong")] * (staffing.TRIES.tries - 1) + [(429, "locked")] * 2
    assert refused(signing_in(central, name)) == (429, "locked")
    clock.later(minutes=1, seconds=1)
    assert signing_in(central, name).status_code == (200 if name == "anna" else 401)


def test_wrong_tries_are_forgotten_by_a_right_one(central: Central) -> None:
    anna(central.service, "desk")
    for _ in range(3):
        for _ in range(staffing.TRIES.tries - 1):
            assert signing_in(central, password="a wrong long password").status_code == 401
        assert signing_in(central).status_code == 200


def test_tries_at_the_same_time_are_no_more_than_one_after_another(central: Central) -> None:
    anna(central.service, "desk")
    tries = 2 * staffing.TRIES.tries
    answers = together(*[lambda: refused(signing_in(central, password="a wrong long password"))] * tries)
    assert answers.count((401, "sign_in_wrong")) < staffing.TRIES.tries
    assert set(answers) == {(401, "sign_in_wrong"), (429, "locked")}


def test_a_try_is_counted_before_its_hash_is_computed(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    anna(service, "desk")
    counted: list[int] = []

    def fits(*_: Any) -> bool:
        with service.database.reading() as db:
            counted.extend(db.execute(select(t.lock_out.c.failures)).scalars())  # by name and by address
        return False

    monkeypatch.setattr(service.secrets, "password_fits", fits)
    with pytest.raises(CirculationError):
        staffing.sign_in(service, "anna", STAFF_PASSWORD, "N1")
    assert counted == [1, 1]


def test_neither_name_nor_password_reaches_a_log(central: Central, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for _ in range(staffing.TRIES.tries):
        signing_in(central, "anna.secret", "a wrong long password")
    assert "anna.secret" not in caplog.text
    assert "wrong long" not in caplog.text


# --- sessions ---------------------------------------------------------------------------------------------------------


def test_a_session_ends_by_itself_after_eight_idle_hours(central: Central, clock: TestClock) -> None:
    staff = central.staff("desk")
    clock.later(hours=5, minutes=59)
    assert staff.get("/me").status_code == 200
    clock.later(hours=7, minutes=59)
    assert staff.get("/me").status_code == 200
    again = central.staff("desk", name="again")
    clock.later(hours=8, minutes=1)
    assert refused(again.get("/me")) == (401, "staff_unknown")


def test_a_session_ends_by_itself_after_a_working_day_however_busy(central: Central, clock: TestClock) -> None:
    staff = central.staff("desk")
    for _ in range(2):
        clock.later(hours=6, minutes=59)
        assert staff.get("/me").status_code == 200
    clock.later(minutes=2)
    assert refused(staff.get("/me")) == (401, "staff_unknown")


def test_an_address_that_tries_many_names_is_locked_for_all_of_them(central: Central, clock: TestClock) -> None:
    anna(central.service, "desk")
    tries = [
        refused(signing_in(central, f"name-{n}", "a wrong long password")) for n in range(staffing.TRIES_FROM.tries)
    ]
    assert tries == [(401, "sign_in_wrong")] * staffing.TRIES_FROM.tries
    assert refused(signing_in(central)) == (429, "locked")
    clock.later(minutes=1, seconds=1)
    assert signing_in(central).status_code == 200


def test_right_passwords_lock_no_address(central: Central) -> None:
    anna(central.service, "desk")
    for _ in range(staffing.TRIES_FROM.tries + 1):
        assert signing_in(central).status_code == 200


def test_a_session_ends_with_the_password_the_sign_out_and_the_job(central: Central) -> None:
    admin = central.staff(ADMIN, name="anna")
    for end in (
        lambda staff: staff.post("/sign-out"),
        lambda staff: admin.ask("PATCH", f"/members/{staff.name}", {"password": "another good password"}),
        lambda staff: admin.ask("PATCH", f"/members/{staff.name}", {"active": False}),
    ):
        staff = central.staff("desk")
        assert staff.get("/me").status_code == 200
        assert end(staff).status_code in (200, 204)
        assert refused(staff.get("/me")) == (401, "staff_unknown")


def test_a_role_that_is_taken_away_is_gone_at_once(central: Central) -> None:
    admin, staff = central.staff(ADMIN), central.staff("machines", name="bert")
    assert staff.get("/machines").status_code == 200
    assert admin.ask("PATCH", "/members/bert", {"roles": ["desk"]}).status_code == 200
    assert refused(staff.get("/machines")) == (403, "role_missing")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic abc", "Bearer " + "x" * 500])
def test_an_odd_authorization_is_nobody(central: Central, header: str) -> None:
    stranger = central.stranger()
    stranger.http.headers["Authorization"] = header
    assert refused(stranger.get("/me")) == (401, "staff_unknown")


# --- tokens -----------------------------------------------------------------------------------------------------------


def test_a_token_is_told_once_lasts_and_is_revoked(central: Central, clock: TestClock) -> None:
    admin = central.staff(ADMIN)
    made = admin.told("POST", "/tokens", {"staff": admin.name, "branch": "N2", "label": "statistics"})
    program = central.stranger(token=made["token"])
    clock.later(days=400)
    assert program.told("GET", "/me")["branch"] == "N2"
    assert program.post("/sign-out").status_code == 204  # ends sessions only
    (listed,) = program.told("GET", "/tokens")["tokens"]
    assert made["token"] not in program.get("/tokens").text
    assert (listed["id"], listed["label"], listed["expires"]) == (made["id"], "statistics", None)
    assert program.ask("DELETE", f"/tokens/{made['id']}").status_code == 204
    assert refused(program.get("/me")) == (401, "staff_unknown")
    again = central.staff(ADMIN).ask("DELETE", f"/tokens/{made['id']}")
    assert refused(again) == (404, "not_found")


def test_a_token_ends_on_its_day(central: Central, clock: TestClock) -> None:
    admin = central.staff(ADMIN)
    body = {"staff": admin.name, "branch": "N1", "label": "for a week", "days": 7}
    program = central.stranger(token=admin.told("POST", "/tokens", body)["token"])
    clock.later(days=6, hours=23)
    assert program.get("/me").status_code == 200
    clock.later(hours=1)
    assert program.get("/me").status_code == 401


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"staff": "nobody"}, 404), ({"branch": "N9"}, 422), ({"days": 0}, 422), ({"label": ""}, 422), ({"x": 1}, 422)],
)
def test_a_token_is_for_somebody_somewhere(central: Central, changes: dict[str, Any], status: int) -> None:
    admin = central.staff(ADMIN)
    body = {"staff": admin.name, "branch": "N1", "label": "x", "days": 7, **changes}
    assert admin.post("/tokens", body).status_code == status
    assert admin.told("GET", "/tokens")["tokens"] == []


def test_no_token_is_made_for_who_is_no_longer_there(central: Central) -> None:
    admin = central.staff(ADMIN)
    central.staff("desk", name="gone")
    admin.ask("PATCH", "/members/gone", {"active": False})
    answer = admin.post("/tokens", {"staff": "gone", "branch": "N1", "label": "x"})
    assert refused(answer) == (409, "staff_inactive")


def test_what_is_stored_opens_nothing(central: Central) -> None:
    staff = central.staff("desk")
    with central.service.database.reading() as db:
        stored = db.execute(select(t.staff_session.c.token_hash)).scalar_one()
        member = db.execute(select(t.staff)).one()
    assert staff.token not in stored
    assert member.password_hash.startswith("$argon2id$")
    assert central.stranger(token=stored).get("/me").status_code == 401


def test_tidying_forgets_sessions_and_tokens_that_are_over(central: Central, clock: TestClock) -> None:
    admin = central.staff(ADMIN)
    for label, days in (("short", 1), ("long", 100), ("for good", None)):
        admin.told("POST", "/tokens", {"staff": admin.name, "branch": "N1", "label": label, "days": days})
    clock.later(days=2)
    tidying.forget(central.service)
    with central.service.database.reading() as db:
        left = set(db.execute(select(t.staff_session.c.label)).scalars())
    assert left == {"long", "for good"}


# --- members of staff -------------------------------------------------------------------------------------------------


def test_staff_are_made_changed_and_listed(central: Central) -> None:
    admin = central.staff(ADMIN, name="anna")
    body = {"name": "bert", "password": STAFF_PASSWORD, "roles": ["rules", "desk"]}
    made = admin.told("POST", "/members", body)
    assert (made["roles"], made["may_override"], made["active"]) == (["desk", "rules"], False, True)
    changed = admin.told("PATCH", "/members/bert", {"may_override": True, "roles": []})
    assert (changed["roles"], changed["may_override"]) == ([], True)
    assert [one["name"] for one in admin.told("GET", "/members")["staff"]] == ["anna", "bert"]
    assert "argon2" not in admin.get("/members").text
    assert refused(admin.post("/members", body)) == (409, "staff_exists")
    assert refused(admin.ask("PATCH", "/members/carl", {"active": True})) == (404, "not_found")


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "a b"},
        {"name": "x"},
        {"name": ".."},
        {"name": "command line"},
        {"password": "too short"},
        {"roles": ["king"]},
        {"roles": "admin"},
        {"extra": 1},
        {"may_override": "yes"},
    ],
)
def test_what_is_unfit_makes_nobody(central: Central, changes: dict[str, Any]) -> None:
    admin = central.staff(ADMIN)
    body = {"name": "bert", "password": STAFF_PASSWORD, "roles": ["desk"], **changes}
    assert admin.post("/members", body).status_code == 422
    assert len(admin.told("GET", "/members")["staff"]) == 1


@pytest.mark.parametrize("changes", [{"active": False}, {"roles": ["desk", "rules", "machines"]}])
def test_the_last_active_administrator_stays_one(central: Central, changes: dict[str, Any]) -> None:
    admin = central.staff(ADMIN, name="anna")
    central.staff("desk", name="bert")
    assert refused(admin.ask("PATCH", "/members/anna", changes)) == (409, "last_admin")
    assert admin.told("GET", "/me")["roles"] == ["admin"]
    central.staff(ADMIN, name="carl")
    assert admin.ask("PATCH", "/members/anna", changes).status_code == 200


def test_two_administrators_cannot_send_each_other_away_at_once(central: Central) -> None:
    both = [central.staff(ADMIN, name=name) for name in ("anna", "bert")]

    def sends(one: Staff, other: Staff) -> Any:
        return lambda: one.ask("PATCH", f"/members/{other.name}", {"active": False}).status_code

    answers = together(sends(both[0], both[1]), sends(both[1], both[0]))
    assert sorted(answers) in ([200, 401], [200, 409])


# --- audit ------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R89")
def test_the_audit_log_is_listed_in_pages_and_by_what_is_wanted(central: Central) -> None:
    admin = central.staff(ADMIN, name="anna")
    for number in range(5):
        admin.told("POST", "/patron-categories", {"code": f"c{number}"})
    page = admin.told("GET", "/audit", most="2", action="patron_category.create")
    assert [line["subject"] for line in page["lines"]] == ["c4", "c3"]
    rest = admin.told("GET", "/audit", before=str(page["next"]), action="patron_category.create", who="anna")
    assert ([line["subject"] for line in rest["lines"]], rest["next"]) == (["c2", "c1", "c0"], None)
    assert admin.told("GET", "/audit", subject="c3")["lines"][0]["who"] == "anna"
    assert admin.told("GET", "/audit", who="nobody")["lines"] == []


@pytest.mark.requirement("R89")
def test_who_did_what_is_kept_and_no_secret_with_it(central: Central) -> None:
    admin = central.staff(ADMIN, name="anna")
    admin.told("POST", "/members", {"name": "bert", "password": STAFF_PASSWORD, "roles": ["desk"]})
    admin.told("PATCH", "/members/bert", {"password": "another good password"})
    token = admin.told("POST", "/tokens", {"staff": "bert", "branch": "N1", "label": "x"})["token"]
    lines = admin.told("GET", "/audit")["lines"]
    told = {(line["who"], line["action"], line["subject"]) for line in lines}
    assert {
        ("anna", "staff.create", "bert"),
        ("anna", "staff.change", "bert"),
        ("anna", "session.begin", "anna"),
    } <= told
    for secret in (STAFF_PASSWORD, "another good password", token, str(admin.token)):
        assert secret not in str(lines)


def test_a_failed_change_leaves_no_line(central: Central) -> None:
    admin = central.staff(ADMIN, name="anna")
    before = admin.told("GET", "/audit")["lines"]
    assert admin.ask("PATCH", "/members/anna", {"active": False}).status_code == 409
    assert admin.told("GET", "/audit")["lines"] == before


def test_a_long_subject_is_cut_and_the_page_is_bounded(world: World) -> None:
    service = world.service
    with service.database.writing() as db:
        for number in range(audit.MOST_LINES + 1):
            audit.note(db, service.clock(), "anna", "x", "y" * 300, {"n": number})
    with service.database.reading() as db:
        lines = audit.listed(db, most=10_000)
    assert len(lines) == audit.MOST_LINES
    assert {len(line["subject"]) for line in lines} == {audit.MOST_SUBJECT}


def test_locks_of_staff_and_of_cards_do_not_meet(service: Service) -> None:
    with service.database.writing() as db:
        lockout.count(db, f"staff:{service.secrets.keyed('staff', 'anna')}", staffing.TRIES, service.clock())
        subject = db.execute(select(t.lock_out.c.subject)).scalar_one()
    assert len(subject) <= 80
    assert "anna" not in subject
