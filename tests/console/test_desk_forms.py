"""Forms of the desk as they are sent, without a browser: twice, wrongly, from elsewhere (R20, R23, R34, R35, R85)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from circulation.service import Service
from circulation.store import tables as t
from tests.circulation.posting import sends_receipts
from tests.circulation.running import serving
from tests.circulation.world import Amount, World, rule
from tests.console.conftest import session_of
from tests.console.sending import Sending

MARK = "00000000-0000-4000-8000-000000000001"


def test_a_scan_that_is_sent_twice_acts_once(world: World, sending: Sending) -> None:
    world.rules()
    card, item = world.patron(), world.item()
    path = f"/desk/scan?patron={world.patron_id(card)}"
    first, second = (sending.post(path, op=MARK, scan=item) for _ in range(2))
    assert first.url == second.url
    assert "Lent until" in second.text
    assert "already" not in second.text
    assert len(world.open_loans(card)) == 1


def test_lines_of_another_desk_and_what_is_no_id_are_not_shown(
    world: World, sending: Sending, service: Service
) -> None:
    world.rules()
    item = world.item()
    sending.post("/desk/scan?mode=back", op=MARK, scan=item)
    with service.database.reading() as db:
        (number,) = db.execute(select(t.operation.c.id)).scalars()
    assert item in sending.get(f"/desk?mode=back&lines={number},x,../..").text
    with service.database.writing() as db:
        elsewhere = {"id": MARK, "name": "desk N2", "branch": "N2", "key_hash": "x", "channel": "desk"}
        db.execute(insert(t.machine).values(**elsewhere, enrolled_at=service.clock()))
        db.execute(update(t.operation).values(machine_id=MARK))
    assert item not in sending.get(f"/desk?mode=back&lines={number}").text


def test_a_payment_that_is_sent_twice_is_taken_once(world: World, sending: Sending, service: Service) -> None:
    world.rules()
    patron = world.patron_id(world.patron(owes=500))
    given = {"amount": "2,00", "filled": "5.00", "seen": "500"}
    assert "The payment is booked." in sending.post(f"/patrons/{patron}/payments", **given).text
    again = sending.post(f"/patrons/{patron}/payments", **given)
    assert again.status_code == 409
    assert "The account has changed" in again.text
    with service.database.reading() as db:
        assert db.execute(select(t.fee.c.paid)).scalar_one() == 200


@pytest.mark.requirement("R35")
def test_some_fees_are_ticked_and_paid_as_a_whole(world: World, sending: Sending, service: Service) -> None:
    world.rules()
    patron = world.patron_id(world.patron(owes=500))
    charged = {"reason": "damage", "amount": "3.00", "seen": "500"}
    assert "The fee is booked." in sending.post(f"/patrons/{patron}/fees", **charged).text
    with service.database.reading() as db:
        first, second = db.execute(select(t.fee.c.id).order_by(t.fee.c.id)).scalars()
    given = {"amount": "8.00", "filled": "8.00", "seen": "800", "fee": str(second)}
    sending.post(f"/patrons/{patron}/payments", **given)
    with service.database.reading() as db:
        assert dict(db.execute(select(t.fee.c.id, t.fee.c.paid)).all()) == {first: 0, second: 300}


@pytest.mark.parametrize("given", [{"amount": ""}, {"amount": "0"}, {"amount": "much"}, {"amount": "99.00"}])
def test_an_amount_that_cannot_be_is_said_and_stays_in_its_field(
    world: World, sending: Sending, given: dict[str, str]
) -> None:
    world.rules()
    patron = world.patron_id(world.patron())
    answer = sending.post(f"/patrons/{patron}/payments", filled="0.00", **given)
    assert 400 <= answer.status_code < 500
    assert 'role="alert"' in answer.text


def test_an_address_that_leads_elsewhere_comes_back_to_the_patron(world: World, sending: Sending) -> None:
    world.rules()
    patron = world.patron_id(world.patron())
    item = world.lent(world.patron())
    for back in ("//evil.example/", "https://evil.example/", "/desk\\", "/members"):
        answer = sending.post(f"/patrons/{patron}/operations", back=back, op=MARK, action="renewal", item=item)
        assert answer.url.startswith(f"{sending.url}/patrons/{patron}")


@pytest.mark.requirement("R34", "R85")
def test_what_stops_a_patron_is_told_with_what_lifts_it(world: World, sending: Sending) -> None:
    world.rules(rule("ten", "patron.debt_block", Amount(1000)))
    patron = world.patron_id(world.patron(owes=1250, blocked=True, valid_until=date(2026, 5, 31)))
    page = sending.get(f"/desk?patron={patron}").text
    assert "€12.50 are owed; the limit is reached." in page
    assert "Paying €2.51 lifts this." in page
    assert "Extending the card lifts this." in page
    assert "Staff lift this by changing the patron." in page


@pytest.mark.requirement("R20")
def test_how_many_more_may_be_borrowed_is_told_with_what_counts(world: World, sending: Sending) -> None:
    world.rules(rule("cds", "counts.max_loans", 10, media_type="CD"), rule("all", "counts.max_loans", 15))
    card = world.patron()
    disc = world.lent(card, "CD")
    page = sending.get(f"/patrons/{world.patron_id(card)}").text
    assert "9 more" in page
    assert "14 more" in page
    assert page.count(f"Title {disc}, ") == 2


@pytest.mark.requirement("R23", "R50", "R51", "R52")
@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ((), "A copy stands on the shelf."),
        ((rule("no", "reservation.item_reservable", False),), "Items like this cannot be reserved."),
        ((rule("none", "counts.max_reservations_per_title", 0),), "as often as allowed"),
    ],
)
def test_why_a_title_may_not_be_reserved_is_told(
    world: World, sending: Sending, rules: tuple[Any, ...], told: str
) -> None:
    world.rules(*rules)
    patron, title = world.patron_id(world.patron()), world.item()
    answer = sending.post(f"/patrons/{patron}/reserve", title=title, pickup="N1")
    assert answer.status_code == 409
    assert told in answer.text
    assert "no rule matches" in answer.text


def test_a_reservation_rests_and_goes_on(world: World, sending: Sending, service: Service) -> None:
    world.rules()
    card, title = world.patron(), world.lent(world.patron())
    patron, number = world.patron_id(card), world.reserved(title, card, expires=date(2026, 6, 30))
    page = sending.post(f"/patrons/{patron}/reservations/{number}/suspend").text
    assert "The reservation rests" in page
    page = sending.post(f"/patrons/{patron}/reservations/{number}/resume").text
    assert "waits, place 1" in page
    other = world.patron_id(world.patron())
    assert sending.post(f"/patrons/{other}/reservations/{number}/cancel").status_code == 404
    assert sending.post(f"/patrons/{patron}/reservations/{number}/eat").status_code == 404


@pytest.mark.requirement("R19")
def test_who_else_waits_for_a_loan_is_shown(world: World, sending: Sending, service: Service) -> None:
    world.rules()
    card = world.patron()
    title = world.lent(card, due=service.clock().date() - timedelta(days=3))
    world.reserved(title, world.patron())
    page = sending.get(f"/patrons/{world.patron_id(card)}").text
    assert "1 waits" in page
    assert "3 days overdue" in page


# --- receipts by e-mail -----------------------------------------------------------------------------------------------


def test_without_an_address_the_desk_says_so_and_without_a_task_nothing(
    world: World, sending: Sending, service: Service
) -> None:
    world.rules()
    card = world.patron()
    path = f"/desk/scan?patron={world.patron_id(card)}"
    assert "by e-mail" not in sending.post(path, op=MARK, scan=world.item()).text
    sends_receipts(service)
    done = sending.post(path, op=MARK, scan=world.item())
    assert "No receipt by e-mail" in done.text
    assert "Send the receipt" not in done.text
    query = done.url.partition("?")[2]
    refused = sending.post(f"/desk/receipt?{query}", op=MARK)
    assert refused.status_code == 409
    assert "no address that mail can be sent to" in refused.text


def test_a_receipt_wakes_the_scheduler(world: World, service: Service) -> None:
    world.rules()
    post = sends_receipts(service)
    rung: list[int] = []
    with serving(service, lambda: rung.append(1)) as central:
        sending = Sending(central, session_of(service))
        patron = world.patron_id(world.patron(email="mira@example.org"))
        done = sending.post(f"/desk/scan?patron={patron}", op=MARK, scan=world.item())
        query = done.url.partition("?")[2]
        for _ in range(2):  # a form that is sent twice
            sending.post(f"/desk/receipt?{query}", op=MARK)
        sending.http.close()
    assert (len(rung), len(post.messages())) == (2, 1)
