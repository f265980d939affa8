"""The desk over HTTP: overrides, reservations, money, off-line machines, export and erasure."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import insert, select

from circulation import audit, people
from circulation.service import Service
from circulation.store import tables as t
from rules.values import Fee, FeeBasis, FeeStep
from tests.circulation.night import tidy
from tests.circulation.running import Central, Machine, Staff, TestClock, operation
from tests.circulation.world import Amount, Days, World, rule

Line = dict[str, Any]


@pytest.fixture
def desk(central: Central) -> Staff:
    """Somebody at the desk of N1 who may override."""
    return central.staff("desk", "admin", may_override=True)


def do(desk: Staff, action: str, item: str, patron: str | None = None, **override: Any) -> tuple[Line, Line]:
    """One operation at the desk: its line, and what staff are told."""
    body: Line = {"patron": patron, "operations": [operation(action, item)]}
    if override:
        body["override"] = override
    (answer,) = desk.told("POST", "/operations", body)["lines"]
    return answer["line"], answer["details"]


def refused(line: Line) -> list[str]:
    return [reason["code"] for reason in line["all_reasons"]]


# --- overrides --------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R83")
def test_staff_who_may_set_a_refusal_aside_with_a_reason_that_is_kept(world: World, desk: Staff) -> None:
    world.rules(rule("fifteen", "counts.max_loans", 0))
    patron, item = world.patron_id(world.patron()), world.item()
    line, told = do(desk, "checkout", item, patron)
    assert refused(line) == ["counts.max_loans"]
    line, told = do(desk, "checkout", item, patron, reason="school class")
    assert (line["outcome"], line["due"]) == ("done", "2026-06-29")
    assert [reason["code"] for reason in told["overridden"]] == ["counts.max_loans"]
    (logged,) = desk.told("GET", "/audit", action="override.checkout")["lines"]
    assert (logged["who"], logged["reason"]) == (desk.name, "school class")
    assert logged["details"]["rules"] == {"counts.max_loans": "fifteen"}
    assert patron not in str(logged)
    (loan,) = world.open_loans()
    assert desk.told("GET", f"/loans/{loan.id}")["override"]["reason"] == "school class"


@pytest.mark.requirement("R83")
def test_without_the_permission_nothing_is_set_aside(world: World, central: Central) -> None:
    world.rules(rule("none", "counts.max_loans", 0))
    patron, item = world.patron_id(world.patron()), world.item()
    line, told = do(central.staff("desk"), "checkout", item, patron, reason="please")
    assert refused(line) == ["permission"]
    assert [reason["code"] for reason in told["overridden"]] == ["counts.max_loans"]
    assert world.open_loans() == []


@pytest.mark.requirement("R83")
@pytest.mark.parametrize("state", ["withdrawn", "in_transit", "not_ready"])
def test_an_items_state_is_never_set_aside(world: World, desk: Staff, state: str) -> None:
    world.rules(rule("none", "counts.max_loans", 0))
    line, told = do(desk, "checkout", world.item(state=state), world.patron_id(world.patron()), reason="please")
    assert refused(line) == ["item_state"]
    assert [reason["code"] for reason in told["overridden"]] == ["counts.max_loans"]
    assert world.open_loans() == []


@pytest.mark.requirement("R83")
@pytest.mark.requirement("R39")
def test_where_the_rules_give_no_date_staff_set_one(world: World, desk: Staff) -> None:
    world.rules(periods=None)
    patron, item = world.patron_id(world.patron()), world.item()
    line, _ = do(desk, "checkout", item, patron, reason="exhibition")
    assert refused(line) == ["no_loan_period"]
    line, _ = do(desk, "checkout", item, patron, reason="exhibition", due="2026-07-04")
    assert line["due"] == "2026-07-04"


@pytest.mark.requirement("R83")
def test_a_machine_has_no_way_to_override(world: World, machine: Machine) -> None:
    world.rules()
    body = {"rules": 1, "patron": None, "operations": [operation("return", "3")], "override": {"reason": "please"}}
    assert machine.post("/operations", body).status_code == 422


# --- reservations -----------------------------------------------------------------------------------------------------


def reserve(desk: Staff, patron: str, title: str, pickup: str = "N1") -> str:
    made = desk.told("POST", "/reservations", {"patron": patron, "title": title, "pickup": pickup})
    assert made["reasons"] == []
    return str(made["reservation"])


def test_a_copy_that_comes_back_is_set_aside_lent_to_who_waits_and_nobody_else(
    world: World, desk: Staff, machine: Machine
) -> None:
    world.rules()
    reader, waits, other = world.patron(), world.patron(), world.patron()
    item = world.lent(reader)
    number = reserve(desk, world.patron_id(waits), item)
    _, told = do(desk, "return", item)
    assert told["shelf"] == {"state": "on_shelf", "to": "N1", "reservation": number}
    (held,) = desk.told("GET", "/hold-shelf", branch="N1")["reservations"]
    assert (held["copy_id"], held["collect_by"]) == (item, "2026-06-08")
    refusal = machine.do("checkout", item, machine.token(other))
    assert refusal["reason"]["params"] == {"state": "set_aside", "action": "checkout"}
    assert machine.do("checkout", item, machine.token(waits))["outcome"] == "done"
    assert desk.told("GET", "/reservations", title=item)["reservations"] == []


@pytest.mark.requirement("R84")
def test_a_copy_for_another_branch_is_sent_there_and_shelved_where_it_arrives(
    world: World, central: Central, desk: Staff
) -> None:
    world.rules()
    item = world.lent(world.patron())
    patron = world.patron()
    reserve(desk, world.patron_id(patron), item, "N2")
    _, told = do(desk, "return", item)
    assert (told["shelf"]["state"], told["shelf"]["to"]) == ("send", "N2")
    assert world.item_row(item).state == "in_transit"
    _, told = do(central.staff("desk", branch="N2"), "return", item)
    assert told["shelf"]["state"] == "on_shelf"
    n2 = central.machine("N2")
    assert n2.do("checkout", item, n2.token(patron))["outcome"] == "done"


@pytest.mark.requirement("R84")
@pytest.mark.parametrize(("floating", "state", "at"), [(True, "available", "N2"), (False, "in_transit", "N2")])
def test_an_item_of_another_branch_floats_or_is_sent_home(
    world: World, central: Central, floating: bool, state: str, at: str
) -> None:
    world.rules()
    admin = central.staff("admin")
    assert admin.ask("PUT", "/organisations/N2/settings", {"settings": {"floating": floating}}).status_code == 200
    item = world.lent(world.patron())
    _, told = do(central.staff("desk", branch="N2"), "return", item)
    assert told["shelf"]["state"] == ("available" if floating else "send")
    row = world.item_row(item)
    assert (row.state, row.at) == (state, at)


def test_a_suspended_reservation_is_passed_over_and_keeps_its_place(world: World, desk: Staff) -> None:
    world.rules()
    item = world.lent(world.patron())
    first, second = (reserve(desk, world.patron_id(world.patron()), item) for _ in range(2))
    assert desk.post(f"/reservations/{first}/suspend").status_code == 204
    _, told = do(desk, "return", item)
    assert told["shelf"]["reservation"] == second
    assert desk.post(f"/reservations/{second}/suspend").status_code == 409
    assert desk.post(f"/reservations/{first}/resume").status_code == 204
    assert desk.post(f"/reservations/{second}/cancel").json()["shelf"]["reservation"] == first


@pytest.mark.requirement("R32")
def test_a_patron_cancels_only_their_own_reservation(world: World, desk: Staff, central: Central) -> None:
    world.rules(rule("fee", "fees.uncollected_reservation", Amount(100)))
    item = world.lent(world.patron())
    patron, other = world.patron(), world.patron()
    number = reserve(desk, world.patron_id(patron), item)
    portal = central.machine("N1")
    path = f"/reservations/{number}/cancel"
    assert portal.post(path, Library_Session=portal.token(other)).status_code == 404
    assert portal.post(path, Library_Session=portal.token(patron)).json() == {"charged": 0}
    assert portal.post(path, Library_Session=portal.token(patron)).status_code == 404


# --- money ------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R87")
def test_payments_settle_the_oldest_fees_first_and_never_more_than_is_owed(
    world: World, desk: Staff, clock: TestClock
) -> None:
    world.rules()
    patron = world.patron_id(world.patron(owes=300))
    clock.later(minutes=1)
    fee = desk.told("POST", f"/patrons/{patron}/fees", {"amount": 500, "reason": "other"})["fee"]
    assert desk.post(f"/patrons/{patron}/payments", {"amount": 801}).status_code == 409
    paid = desk.told("POST", f"/patrons/{patron}/payments", {"amount": 400})
    assert [part["amount"] for part in paid["parts"]] == [300, 100]
    assert paid["sums"]["owed"] == 400
    (left,) = desk.told("GET", f"/patrons/{patron}")["fees"]
    assert (left["id"], left["paid"], left["owed"]) == (fee, 100, 400)
    assert desk.told("POST", f"/fees/{fee}/waive", {"reason": "error of ours"}) == {"amount": 400}
    assert desk.post(f"/fees/{fee}/waive", {"reason": "again"}).status_code == 404
    assert desk.told("GET", f"/patrons/{patron}")["sums"]["owed"] == 0
    assert desk.told("GET", "/audit", action="fee.waive")["lines"][0]["reason"] == "error of ours"


@pytest.mark.requirement("R36")
def test_a_payment_below_the_minimum_lifts_the_payment_reminder_block_at_once(world: World, desk: Staff) -> None:
    world.rules(
        rule("min", "counts.payment_reminder_minimum", Amount(10000)),
        rule("block", "patron.payment_reminder_block", 2),
    )
    patron = world.patron_id(world.patron(owes=10200))
    with world.service.database.writing() as db:
        series = {"organisation": "North", "reached_on": date(2026, 3, 2), "level": 2}
        db.execute(insert(t.debt_series).values(patron_id=patron, **series))
    line, _ = do(desk, "checkout", world.item(), patron)
    assert refused(line) == ["patron.payment_reminder_block"]
    desk.told("POST", f"/patrons/{patron}/payments", {"amount": 200})
    assert refused(do(desk, "checkout", world.item(), patron)[0]) == ["patron.payment_reminder_block"]
    desk.told("POST", f"/patrons/{patron}/payments", {"amount": 1})
    assert do(desk, "checkout", world.item(), patron)[0]["outcome"] == "done"


# --- machines without the centre --------------------------------------------------------------------------------------


@pytest.mark.requirement("R82")
def test_what_was_lent_off_line_is_recorded_and_its_breach_listed(
    world: World, machine: Machine, desk: Staff, clock: TestClock
) -> None:
    old = world.rules()
    clock.later(hours=1)
    at = clock()
    clock.later(hours=1)
    world.rules(rule("none", "counts.max_loans", 0))
    barcode, item = world.patron(), world.item()
    asked = {**operation("checkout", item), "card": barcode, "at": at.isoformat(), "due": "2026-06-20"}
    fine = machine.post("/operations/offline", {"rules": old, "operations": [asked]}).json()["operations"][0]
    assert (fine["outcome"], fine["due"]) == ("done", "2026-06-20")
    again = machine.post("/operations/offline", {"rules": old, "operations": [asked]}).json()["operations"][0]
    assert again == fine
    assert desk.told("GET", "/breaches")["breaches"] == []  # the set of that time would have allowed it
    other = world.item()
    later = {**operation("checkout", other), "card": barcode, "at": clock().isoformat(), "due": "2026-06-21"}
    machine.post("/operations/offline", {"rules": old, "operations": [later]})
    (breach,) = desk.told("GET", "/breaches")["breaches"]
    assert [reason["code"] for reason in breach["reasons"]] == ["counts.max_loans"]
    assert (breach["kind"], breach["item_id"], breach["rule_set"], breach["machine_rules"]) == (
        "offline",
        other,
        2,
        old,
    )
    assert {loan.item_id: loan.due.isoformat() for loan in world.open_loans()} == {
        item: "2026-06-20",
        other: "2026-06-21",
    }
    assert desk.post(f"/breaches/{breach['id']}/clear").status_code == 204
    assert desk.post(f"/breaches/{breach['id']}/clear").status_code == 404
    assert desk.told("GET", "/breaches")["breaches"] == []


@pytest.mark.requirement("R82")
def test_an_item_lent_off_line_that_somebody_else_had_is_theirs_no_longer(
    world: World, machine: Machine, desk: Staff, clock: TestClock
) -> None:
    world.rules()
    before, now = world.patron(), world.patron()
    item = world.lent(before)
    asked = {**operation("checkout", item), "card": now, "at": clock().isoformat(), "due": "2026-06-29"}
    machine.post("/operations/offline", {"rules": 1, "operations": [asked]})
    (loan,) = world.open_loans()
    assert loan.patron_id == world.patron_id(now)
    (breach,) = desk.told("GET", "/breaches")["breaches"]
    assert [reason["code"] for reason in breach["reasons"]] == ["item_state"]


def test_an_unknown_card_off_line_is_an_error_and_spoils_no_other(
    world: World, machine: Machine, clock: TestClock
) -> None:
    world.rules()
    item = world.lent(world.patron())
    at = {"at": clock().isoformat()}
    body = [{**operation("checkout", item), "card": "nobody", **at}, {**operation("return", item), **at}]
    wrong, right = machine.post("/operations/offline", {"rules": 1, "operations": body}).json()["operations"]
    assert (wrong["outcome"], wrong["error"]) == ("error", "patron_unknown")
    assert (right["outcome"], world.open_loans()) == ("done", [])


# --- explanations -----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R76")
def test_a_refusal_at_the_machine_says_what_the_desk_would_do(world: World, machine: Machine, desk: Staff) -> None:
    world.rules(
        rule("films", "self_service.checkout", False, "N1", name="films from 18 only at the desk", media_type="DVD18"),
        rule("seven", "periods.loan", Days(7), name="films", media_type=("DVD", "DVD18")),
    )
    line = machine.do("checkout", world.item("DVD18"), machine.token(world.patron()))
    told = desk.told("GET", f"/operations/{line['id']}/explanation")
    text = " ".join(told["text"])
    assert "checkout at the machine: rule 1 of 1, “films from 18 only at the desk” (N1, media type DVD18): no." in text
    assert "At the desk: allowed until Mon 8 June 2026." in text
    assert told["text"][-1].startswith("loan period: rule 1 of ")
    assert told["text"][-1].endswith(", “films” (A, media type DVD | DVD18): 7 days.")
    assert told["at_desk"]["winners"]["periods.loan"] == "seven"
    german = desk.told("GET", f"/operations/{line['id']}/explanation", language="de")["text"]
    assert german != told["text"]
    assert desk.get(f"/operations/{line['id']}/explanation", language="tlh").status_code == 422
    assert desk.get(f"/operations/{uuid4()}/explanation").status_code == 404


# --- export, erasure, retention ---------------------------------------------------------------------------------------


@pytest.mark.requirement("R89")
def test_a_patron_is_erased_once_nothing_is_open_and_statistics_stay(
    world: World, desk: Staff, machine: Machine, service: Service
) -> None:
    world.rules()
    barcode = world.patron()
    patron, item = world.patron_id(barcode), world.item()
    machine.do("checkout", item, machine.token(barcode))
    exported = desk.told("GET", f"/patrons/{patron}/export")
    assert [loan["item_id"] for loan in exported["loan"]] == [item]
    assert "pin_hash" not in str(exported)
    assert desk.post(f"/patrons/{patron}/erase").status_code == 409
    machine.do("return", item)
    assert desk.post(f"/patrons/{patron}/erase").status_code == 204
    assert desk.get(f"/patrons/{patron}").status_code == 404
    with service.database.reading() as db:
        assert db.execute(select(t.loan.c.patron_id)).scalars().all() == [None]
        assert db.execute(select(t.card)).all() == []


@pytest.mark.requirement("R89")
def test_a_postal_address_and_a_preferred_way_are_kept_exported_and_erased(
    world: World, desk: Staff, service: Service
) -> None:
    world.rules()
    patron = world.patron_id(world.patron())
    given = {"postal": " Mira Vogel \r\n\r\nWaldweg 3\r\n12345 Town", "prefers": "letter"}
    kept = {"postal": "Mira Vogel\nWaldweg 3\n12345 Town", "prefers": "letter"}
    assert desk.ask("PATCH", f"/patrons/{patron}", given).status_code == 204
    for where in (f"/patrons/{patron}", f"/patrons/{patron}/export"):
        found = desk.told("GET", where)["patron"]
        assert {name: found[name] for name in kept} == kept
    with service.database.reading() as db:
        assert "Waldweg" not in str(audit.listed(db))
    assert desk.ask("PATCH", f"/patrons/{patron}", {"prefers": None}).status_code == 204
    found = desk.told("GET", f"/patrons/{patron}")["patron"]
    assert (found["postal"], found["prefers"]) == (kept["postal"], None)
    assert desk.post(f"/patrons/{patron}/erase").status_code == 204
    with service.database.reading() as db:
        assert db.execute(select(t.patron)).all() == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"postal": " \n "}, "postal_address"),
        ({"postal": "\n".join("123456789")}, "postal_address"),
        ({"postal": "x" * 81}, "postal_address"),
        ({"postal": "Waldweg\u00003"}, "postal_address"),
        ({"prefers": "pigeon"}, "bad_request"),
    ],
)
def test_what_is_no_address_or_way_changes_nothing(world: World, desk: Staff, given: Line, code: str) -> None:
    world.rules()
    patron = world.patron_id(world.patron(postal="Town", prefers="sms"))
    answer = desk.ask("PATCH", f"/patrons/{patron}", given)
    assert (answer.status_code, answer.json()["error"]) == (422, code)
    found = desk.told("GET", f"/patrons/{patron}")["patron"]
    assert (found["postal"], found["prefers"]) == ("Town", "sms")


@pytest.mark.requirement("R48")
def test_an_item_says_what_it_costs_to_replace(world: World, desk: Staff) -> None:
    assert desk.told("GET", f"/items/{world.item(price=2490)}")["price"] == 2490
    assert desk.told("GET", f"/items/{world.item()}")["price"] is None


@pytest.mark.requirement("R89")
@pytest.mark.parametrize(("owed", "left"), [(False, [None]), (True, ["kept"])])
def test_a_loan_loses_its_patron_thirty_days_after_a_return_with_nothing_owed(
    world: World, desk: Staff, service: Service, clock: TestClock, owed: bool, left: list[str | None]
) -> None:
    world.rules(rule("fee", "fees.overdue", Fee(FeeBasis.PER_DAY, (FeeStep(None, Amount(20)),))))
    patron = world.patron_id(world.patron())
    item = world.lent(world.patron(), due=date(2026, 6, 1))
    with service.database.writing() as db:
        db.execute(t.loan.update().values(patron_id=patron, due=date(2026, 5, 20 if owed else 31) + timedelta(days=1)))
    do(desk, "return", item)
    clock.set_day("2026-07-01")
    tidy(service)
    assert _patrons(service, patron) == ["kept"]
    clock.set_day("2026-07-02")
    tidy(service)
    assert _patrons(service, patron) == left


def _patrons(service: Service, patron: str) -> list[str | None]:
    with service.database.reading() as db:
        found = db.execute(select(t.loan.c.patron_id)).scalars().all()
    return ["kept" if one == patron else one for one in found]


@pytest.mark.requirement("R89")
def test_traces_are_forgotten_after_ninety_days_and_outcomes_are_not(
    world: World, machine: Machine, service: Service, clock: TestClock
) -> None:
    world.rules(rule("none", "counts.max_loans", 0))
    line = machine.do("checkout", world.item(), machine.token(world.patron()))
    clock.later(days=91)
    people.forget(service)
    row = world.operation_row(line["id"])
    assert row.trace is None
    assert row.outcome["reason"]["code"] == "counts.max_loans"
