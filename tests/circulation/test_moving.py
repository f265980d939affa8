"""Later closings: what is shown before anything moves, what moves, what is left, and who is named (R41)."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from sqlalchemy import update

from circulation import moving, staffing
from circulation.errors import CirculationError
from circulation.moving import Shown
from circulation.store import tables as t
from tests.circulation.running import Central, Machine, Staff, TestClock, together
from tests.circulation.world import Days, World, rule

FRIDAY = date(2026, 6, 19)
NEXT_FRIDAY = date(2026, 6, 26)
N1 = "/organisations/N1"
ADJUSTMENT = rule("adj", "periods.closing_adjustment", Days(7))
pytestmark = pytest.mark.requirement("R41")


@pytest.fixture
def staff(central: Central) -> Staff:
    """Somebody who may change calendars."""
    return central.staff(staffing.RULES, name="anna")


def shown(staff: Staff, first: date = FRIDAY, last: date | None = None, organisation: str = "N1") -> dict[str, Any]:
    """The preview."""
    days = {"first": first.isoformat(), "last": (last or first).isoformat()}
    return staff.told("GET", f"/organisations/{organisation}/closings/preview", **days)


def close(staff: Staff, first: date = FRIDAY, last: date | None = None, organisation: str = "N1") -> int:
    """Enter a closing; its number."""
    body = {"first": first.isoformat(), "last": (last or first).isoformat()}
    return int(staff.told("POST", f"/organisations/{organisation}/closings", body)["id"])


def move(staff: Staff, preview: dict[str, Any], organisation: str = "N1") -> dict[str, Any]:
    """Move what was shown."""
    loans = [
        {key: one[key] for key in ("loan", "due", "new_due")} for one in preview["loans"] if one["new_due"] is not None
    ]
    body = {"first": preview["first"], "last": preview["last"], "loans": loans}
    return staff.told("POST", f"/organisations/{organisation}/closings/move", body)


def dues(world: World) -> dict[str, str]:
    return {loan.item_id: loan.due.isoformat() for loan in world.open_loans()}


# --- preview ----------------------------------------------------------------------------------------------------------


def test_n1_closes_on_19_june_and_14_loans_move_to_26_june(world: World, staff: Staff) -> None:
    world.rules(ADJUSTMENT)
    patrons = [world.patron(), world.patron("staff")]
    items = [world.lent(patrons[number % 2], due=FRIDAY) for number in range(14)]
    other = world.lent(patrons[0], due=date(2026, 6, 20))
    close(staff)
    preview = shown(staff)
    assert [(one["item"], one["due"], one["new_due"], one["rule"]) for one in preview["loans"]] == [
        (item, "2026-06-19", "2026-06-26", "adj") for item in items
    ]
    assert preview["loans"][0]["title"] == f"Title {items[0]}"
    assert set(dues(world).values()) == {"2026-06-19", "2026-06-20"}  # nothing moves silently
    done = move(staff, preview)
    assert (len(done["moved"]), done["left"], done["not_shown"]) == (14, [], 0)
    assert dues(world) == {**dict.fromkeys(items, "2026-06-26"), other: "2026-06-20"}
    assert shown(staff)["loans"] == []


def test_a_closing_can_be_looked_at_before_it_is_entered_and_then_says_the_same(world: World, staff: Staff) -> None:
    world.rules(ADJUSTMENT)
    world.lent(world.patron(), due=FRIDAY)
    before = shown(staff)
    assert [one["new_due"] for one in before["loans"]] == ["2026-06-26"]
    assert staff.told("GET", f"{N1}/calendar")["closings"] == []
    close(staff)
    assert shown(staff) == before


def test_the_day_itself_is_stepped_until_it_leaves_the_closing(world: World, staff: Staff) -> None:
    world.rules(ADJUSTMENT)
    patron = world.patron()
    christmas = world.lent(patron, due=date(2026, 12, 25))
    close(staff, date(2026, 12, 24), date(2027, 1, 2))
    preview = shown(staff, date(2026, 12, 24), date(2027, 1, 2))
    assert [(one["due"], one["new_due"]) for one in preview["loans"]] == [("2026-12-25", "2027-01-08")]
    move(staff, preview)
    assert dues(world) == {christmas: "2027-01-08"}


@pytest.mark.parametrize(
    ("rules", "expected", "decided_by"),
    [
        ((), "2026-06-22", None),  # Friday; Saturday and Sunday are closed weekly: Monday
        ((rule("none", "periods.closing_adjustment", Days(0)),), "2026-06-22", "none"),
        ((ADJUSTMENT, rule("dvd", "periods.closing_adjustment", Days(3), media_type="DVD")), "2026-06-22", "dvd"),
        ((ADJUSTMENT, rule("kids", "periods.closing_adjustment", Days(14), age_max=17)), "2026-06-26", "adj"),
    ],
)
def test_the_rule_that_fits_the_loan_gives_the_days(
    world: World, staff: Staff, rules: Any, expected: str, decided_by: str | None
) -> None:
    world.rules(*rules)
    staff.told("PATCH", f"{N1}/calendar", {"weekly_closed": [5, 6]})
    world.lent(world.patron(), "DVD", due=FRIDAY)
    (one,) = shown(staff)["loans"]
    assert (one["new_due"], one["rule"], one["why"]) == (expected, decided_by, None)


def test_rules_and_calendar_are_those_of_the_branch_of_the_checkout(world: World, staff: Staff) -> None:
    world.rules(ADJUSTMENT, rule("n2", "periods.closing_adjustment", Days(14), org="N2"))
    patron = world.patron()
    here, there, elsewhere = (world.lent(patron, due=FRIDAY) for _ in range(3))
    lent_at(world, there, "N2")
    lent_at(world, elsewhere, "BUS")
    staff.told("POST", "/organisations/BUS/closings", {"first": "2026-06-19", "last": "2026-06-19", "open": True})
    below = shown(staff, organisation="North")
    found = {one["item"]: (one["branch"], one["new_due"], one["why"], one["rule"]) for one in below["loans"]}
    assert found == {
        here: ("N1", "2026-06-26", None, "adj"),
        there: ("N2", "2026-07-03", None, "n2"),
        elsewhere: ("BUS", None, "open", None),  # it says itself that it is open on that day
    }
    assert below["loans"][-1]["item"] == elsewhere
    assert (
        "geöffnet"
        in staff.told(
            "GET", "/organisations/North/closings/preview", first="2026-06-19", last="2026-06-19", language="de"
        )["loans"][-1]["text"]
    )
    assert [one["item"] for one in shown(staff, organisation="N2")["loans"]] == [there]


def lent_at(world: World, item: str, branch: str) -> None:
    with world.service.database.writing() as db:
        db.execute(update(t.loan).where(t.loan.c.item_id == item).values(branch=branch))


@pytest.mark.requirement("R39")
def test_a_calendar_without_an_open_day_moves_nothing_and_says_so(world: World, staff: Staff) -> None:
    world.rules(ADJUSTMENT)
    item = world.lent(world.patron(), due=FRIDAY)
    close(staff, FRIDAY, date(2028, 6, 19))
    preview = shown(staff)
    (one,) = preview["loans"]
    assert (one["new_due"], one["why"], one["rule"]) == (None, "calendar", "adj")
    assert "closings of this branch" in one["text"]
    body = {
        "first": "2026-06-19",
        "last": "2026-06-19",
        "loans": [{"loan": one["loan"], "due": "2026-06-19", "new_due": "2026-06-26"}],
    }
    done = staff.told("POST", f"{N1}/closings/move", body)
    assert (done["moved"], [left["why"] for left in done["left"]]) == ([], ["calendar"])
    assert dues(world) == {item: "2026-06-19"}


def test_a_preview_needs_an_organisation_days_in_order_and_rules(world: World, staff: Staff) -> None:
    with pytest.raises(CirculationError, match="no rule set was published yet"):
        moving.preview(world.service, "N1", FRIDAY, FRIDAY)
    world.rules()
    query = {"first": "2026-06-19", "last": "2026-06-19"}
    assert staff.get("/organisations/N9/closings/preview", **query).status_code == 404
    turned = staff.get(f"{N1}/closings/preview", first="2026-06-20", last="2026-06-19").json()
    assert (turned["error"], turned["place"]) == ("dates_reversed", "last")
    endless = staff.get(f"{N1}/closings/preview", first="0001-01-01", last="9999-12-31").json()
    assert endless["error"] == "closing_too_long"


# --- moving -----------------------------------------------------------------------------------------------------------


def test_what_was_returned_renewed_or_lent_meanwhile_is_left_and_reported(
    world: World, staff: Staff, machine: Machine
) -> None:
    world.rules(ADJUSTMENT)
    barcode = world.patron()
    items = [world.lent(barcode, due=FRIDAY) for _ in range(3)]
    close(staff)
    preview = shown(staff)
    token = machine.token(barcode)
    assert machine.do("return", items[0])["outcome"] == "done"
    assert machine.do("renewal", items[1], token)["due"] == "2026-06-29"
    later = world.lent(barcode, due=FRIDAY)
    done = move(staff, preview)
    assert [one["item"] for one in done["moved"]] == [items[2]]
    numbers = {one["item"]: one["loan"] for one in preview["loans"]}
    assert {one["loan"]: one["why"] for one in done["left"]} == dict.fromkeys([numbers[i] for i in items[:2]], "gone")
    assert all(one["text"] for one in done["left"])
    assert done["not_shown"] == 1
    assert dues(world) == {items[1]: "2026-06-29", items[2]: "2026-06-26", later: "2026-06-19"}


def test_what_would_go_elsewhere_by_now_is_left(world: World, staff: Staff) -> None:
    world.rules(ADJUSTMENT)
    item = world.lent(world.patron(), due=FRIDAY)
    close(staff)
    preview = shown(staff)
    close(staff, NEXT_FRIDAY)
    done = move(staff, preview)
    assert (done["moved"], [one["why"] for one in done["left"]]) == ([], ["changed"])
    assert dues(world) == {item: "2026-06-19"}
    move(staff, shown(staff))
    assert dues(world) == {item: "2026-07-03"}


def test_nothing_moves_for_a_closing_that_is_not_entered_or_was_taken_back(world: World, staff: Staff) -> None:
    world.rules(ADJUSTMENT)
    barcode = world.patron()
    first = world.lent(barcode, due=FRIDAY)
    assert [one["why"] for one in move(staff, shown(staff))["left"]] == ["open"]
    assert dues(world) == {first: "2026-06-19"}
    number = close(staff)
    move(staff, shown(staff))
    second = world.lent(barcode, due=FRIDAY)
    assert staff.ask("DELETE", f"{N1}/closings/{number}").status_code == 204
    assert dues(world) == {first: "2026-06-26", second: "2026-06-19"}  # what was moved stays moved
    preview = shown(staff)
    assert [one["item"] for one in preview["loans"]] == [second]
    (away,) = preview["away"]
    assert (away["item"], away["was"], away["due"], away["by"]) == (first, "2026-06-19", "2026-06-26", "anna")
    assert [one["why"] for one in move(staff, preview)["left"]] == ["open"]
    assert shown(staff, NEXT_FRIDAY)["away"] == []


def test_a_loan_named_twice_moves_once(world: World, staff: Staff) -> None:
    world.rules(ADJUSTMENT)
    world.lent(world.patron(), due=FRIDAY)
    close(staff)
    preview = shown(staff)
    done = move(staff, {**preview, "loans": preview["loans"] * 2})
    assert len(done["moved"]) == 1
    (loan,) = world.open_loans()
    assert len(loan.moved) == 1


def test_more_loans_than_are_shown_come_with_the_next_question(
    world: World, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.rules(ADJUSTMENT)
    barcode = world.patron()
    items = [world.lent(barcode, due=FRIDAY) for _ in range(5)]
    close(staff)
    monkeypatch.setattr(moving, "MOST_LOANS", 3)
    for expected, more in ((3, 2), (2, 0)):
        preview = shown(staff)
        assert (len(preview["loans"]), preview["more"]) == (expected, more)
        assert move(staff, preview)["not_shown"] == more
    assert dues(world) == dict.fromkeys(items, "2026-06-26")


@pytest.mark.parametrize("turn", range(3))
def test_a_renewal_and_a_move_at_once_do_not_overwrite_each_other(
    world: World, staff: Staff, machine: Machine, turn: int
) -> None:
    world.rules(ADJUSTMENT)
    barcode = world.patron()
    item = world.lent(barcode, due=FRIDAY)
    close(staff)
    preview, token = shown(staff), machine.token(barcode)
    renewed, done = together(lambda: machine.do("renewal", item, token), lambda: move(staff, preview))
    assert renewed["due"] == "2026-06-29"
    assert len(done["moved"]) + len(done["left"]) == 1
    (loan,) = world.open_loans()
    assert (loan.due.isoformat(), loan.renewals, loan.moved) == ("2026-06-29", 1, None)


def test_two_of_the_staff_who_move_at_once_move_each_loan_once(world: World, staff: Staff, central: Central) -> None:
    world.rules(ADJUSTMENT)
    barcode = world.patron()
    items = [world.lent(barcode, due=FRIDAY) for _ in range(5)]
    close(staff)
    preview, other = shown(staff), central.staff(staffing.ADMIN)
    done = together(lambda: move(staff, preview), lambda: move(other, preview))
    assert sorted(len(one["moved"]) for one in done) == [0, 5]
    assert dues(world) == dict.fromkeys(items, "2026-06-26")
    assert all(len(loan.moved) == 1 for loan in world.open_loans())


# --- what is kept of it -----------------------------------------------------------------------------------------------


@pytest.mark.requirement("R78")
def test_the_loan_keeps_what_decided_it_and_shows_who_moved_it(world: World, staff: Staff, central: Central) -> None:
    world.rules(ADJUSTMENT)
    desk = central.staff(staffing.DESK)
    machine = central.machine()
    item = world.item()
    assert machine.do("checkout", item, machine.token(world.patron()))["due"] == "2026-06-29"
    (before,) = world.open_loans()
    world.rules(rule("other", "periods.closing_adjustment", Days(14)))
    close(staff, date(2026, 6, 29))
    move(staff, shown(staff, date(2026, 6, 29)))
    loan = desk.told("GET", f"/loans/{before.id}")
    assert (loan["due"], loan["unadjusted"], loan["rule_set"], loan["rules"]) == (
        "2026-07-13",
        "2026-06-29",
        before.rule_set,
        before.rules,
    )
    assert (loan["override"], loan["renewals"], loan["renewed_at"]) == (None, 0, None)
    assert loan["moved"] == [
        {
            "by": "anna",
            "at": "2026-06-01T10:00:00Z",
            "organisation": "N1",
            "was": "2026-06-29",
            "due": "2026-07-13",
            "rule_set": 2,
            "rule": "other",
        }
    ]


def test_a_second_move_is_added_and_a_renewal_begins_anew(
    world: World, staff: Staff, machine: Machine, clock: TestClock
) -> None:
    world.rules(ADJUSTMENT)
    barcode = world.patron()
    item = world.lent(barcode, due=FRIDAY)
    for day in (FRIDAY, NEXT_FRIDAY):
        close(staff, day)
        move(staff, shown(staff, day))
    (loan,) = world.open_loans()
    assert [(step["was"], step["due"]) for step in loan.moved] == [
        ("2026-06-19", "2026-06-26"),
        ("2026-06-26", "2026-07-03"),
    ]
    assert [one["was"] for one in shown(staff)["away"]] == ["2026-06-19"]
    clock.set_day("2026-06-30")
    assert machine.do("renewal", item, machine.token(barcode))["due"] == "2026-07-28"
    (renewed,) = world.open_loans()
    assert (renewed.moved, renewed.renewals) == (None, 1)
    assert moving.preview(world.service, "N1", FRIDAY, FRIDAY).away == ()


def test_the_audit_log_names_staff_and_counts_and_no_patron(world: World, staff: Staff, central: Central) -> None:
    world.rules(ADJUSTMENT)
    barcode = world.patron()
    for day in (FRIDAY, FRIDAY, date(2026, 6, 20)):
        world.lent(barcode, due=day)
    close(staff, FRIDAY, date(2026, 6, 20))
    preview = shown(staff, FRIDAY, date(2026, 6, 20))
    world.lent(barcode, due=FRIDAY)
    move(staff, preview)
    (line,) = central.staff(staffing.ADMIN).told("GET", "/audit", action="closing.move")["lines"]
    assert (line["who"], line["subject"]) == ("anna", "N1")
    assert line["details"] == {
        "first": "2026-06-19",
        "last": "2026-06-20",
        "loans": 3,
        "days": [
            {"from": "2026-06-19", "to": "2026-06-26", "loans": 2},
            {"from": "2026-06-20", "to": "2026-06-27", "loans": 1},
        ],
        "left": {},
        "not_shown": 1,
    }
    whole = json.dumps([line, preview])
    assert world.patron_id(barcode) not in whole
    assert barcode not in whole


def test_a_loan_whose_patron_is_not_known_any_more_moves_by_its_item(world: World, staff: Staff) -> None:
    world.rules(ADJUSTMENT, rule("dvd", "periods.closing_adjustment", Days(3), media_type="DVD"))
    world.lent(world.patron(), "DVD", due=FRIDAY)
    with world.service.database.writing() as db:
        db.execute(update(t.loan).values(patron_id=None))
    assert [one["new_due"] for one in shown(staff)["loans"]] == ["2026-06-22"]


def test_nothing_is_kept_where_the_move_fails(world: World) -> None:
    world.rules(ADJUSTMENT)
    with pytest.raises(CirculationError, match="no such organisation"):
        moving.move(world.service, "anna", "N9", FRIDAY, FRIDAY, [Shown(1, FRIDAY, NEXT_FRIDAY)])
    with world.service.database.reading() as db:
        assert db.execute(t.audit.select()).all() == []
