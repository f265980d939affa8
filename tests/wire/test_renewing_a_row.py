"""What a patron has already, laid down to borrow, is renewed by the button on its row: through the shipped programs."""

from __future__ import annotations

import signal
from datetime import date
from typing import Any

import pytest

from sim.stage import Screen
from tests.wire.site import Site, wait

pytestmark = [pytest.mark.slow, pytest.mark.requirement("R86"), pytest.mark.hands("lines", "touches")]


def due(site: Site, item: str) -> date:
    """When an item's loan is due, as the central service has it."""
    ((day,),) = site.query("SELECT due FROM loan WHERE item_id = ? AND returned_at IS NULL", item)
    return date.fromisoformat(day)


def renewals(site: Site, item: str) -> int:
    """How often an item's loan was renewed, as the central service has it."""
    return int(site.query("SELECT renewals FROM loan WHERE item_id = ? AND returned_at IS NULL", item)[0][0])


def row(screen: Screen, item: str) -> dict[str, Any]:
    """An item's row."""
    (found,) = [row for row in screen["rows"] if row["key"] == item]
    return dict(found)


def offered(site: Site, *items: str) -> Screen:
    """Wait until every item is offered for renewal."""
    return site.see("Borrow", lambda s: set(items) <= {row["key"] for row in s["rows"] if row["can_renew"]})


@pytest.mark.scenario("S3")
@pytest.mark.requirement("R55")
def test_what_the_patron_has_already_is_renewed_by_the_button_on_its_row(site: Site) -> None:
    old = site.roles.lent("ben", "BOOK")
    new, other = site.roles.free("BOOK", 2)
    site.sign_in("ben")
    site.put(new)
    site.rows({new: "lent"}, "Borrow")
    site.take("all")
    site.do("finish")
    site.see("ReceiptChoice")
    site.do("choose_receipt", way="none")
    site.see("Start")

    before = {item: due(site, item) for item in (old, new)}
    site.sign_in("ben")
    site.put(old, new, other)
    site.rows({old: "refused", new: "refused", other: "lent"}, "Borrow")
    screen = offered(site, old, new)
    assert not row(screen, other)["can_renew"]
    assert row(screen, old)["says"] == {
        "code": "row.already_yours",
        "params": {"date": before[old].isoformat()},
        "site_text": {},
    }

    site.do("renew_row", item=old)
    screen = site.rows({old: "renewed"}, "Borrow")
    assert due(site, old) > before[old]
    assert row(screen, old)["due"] == due(site, old).isoformat()
    site.do("renew_row", item=new)
    screen = site.see("Borrow", lambda s: row(s, new)["says"]["code"] == "no.renew_early")
    assert row(screen, new)["state"] == "refused"
    assert due(site, new) == before[new]
    assert (renewals(site, old), renewals(site, new)) == (1, 0)
    assert site.loan_count(old) == site.loan_count(new) == 1
    assert {f"{item}/1" for item in (old, new, other)} <= site.disarmed()

    site.do("finish")
    choice = site.see("ReceiptChoice")
    assert (choice["summary"]["code"], choice["also"]["code"]) == ("receipt.sum", "receipt.renewed_sum")
    site.do("choose_receipt", way="print")
    (receipt,) = wait(lambda: site.sim("printed")["receipts"])
    text = "\n".join(receipt)
    assert "1 item renewed" in text
    assert f"Renewed until {due(site, old):%a} {due(site, old).day} " in text
    site.invariant(old, new, other)


@pytest.mark.scenario("S4")
def test_an_answer_swallowed_after_the_commit_renews_once(site: Site) -> None:
    book = site.roles.lent("ben", "BOOK")
    before = due(site, book)
    site.sign_in("ben")
    site.put(book)
    offered(site, book)
    site.sim("fault central swallow on /v1/operations next 1")
    site.do("renew_row", item=book)
    screen = site.rows({book: "renewed"}, "Borrow", 30)
    assert row(screen, book)["due"] == due(site, book).isoformat()
    assert due(site, book) > before
    assert renewals(site, book) == 1
    site.invariant(book)


@pytest.mark.scenario("S4")
def test_killed_after_the_commit_of_a_renewal_it_is_settled_and_no_bit_is_in_doubt(site: Site) -> None:
    book = site.roles.lent("ben", "BOOK")
    site.sign_in("ben")
    site.put(book)
    offered(site, book)
    site.sim("fault central hold_answer on /v1/operations")
    site.do("renew_row", item=book)
    wait(lambda: renewals(site, book) == 1)
    assert [found["step"] for found in site.journal()["open"]] == ["asked"]
    site.stage.kill_kiosk(signal.SIGKILL)
    site.sim("heal all")
    site.stage.restart_kiosk()
    assert site.settled()["doubts"] == []
    assert renewals(site, book) == 1
    assert site.tag(book)["security"] == "disarmed"
    site.invariant(book)
