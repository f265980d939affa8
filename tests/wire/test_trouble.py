"""Scenarios S6 and S7 through the shipped programs: things break, are named, and recover by themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.wire.site import ON_DISPLAY, Site, wait

pytestmark = [pytest.mark.slow, pytest.mark.scenario("S6"), pytest.mark.hands("lines", "touches", ON_DISPLAY)]


def test_the_reader_unplugged_in_the_middle_of_a_stack_goes_on_where_it_was(site: Site) -> None:
    first, second = site.roles.free("BOOK", 2)
    site.sign_in("ada")
    site.put(first)
    site.rows({first: "lent"})
    site.sim("unplug pad")
    site.see("Borrow", lambda screen: screen["headline"]["code"] == "machine.reader")
    site.sim("plug pad")
    site.see("Borrow", lambda screen: screen["headline"]["code"] != "machine.reader")
    site.put(second)
    site.rows({first: "lent", second: "lent"})
    site.invariant(first, second)


def test_a_reader_that_stays_away_puts_the_machine_out_of_order_and_it_comes_back(site: Site) -> None:
    site.sim("unplug pad")
    out = site.see("OutOfOrder", seconds=40)
    assert out["code"] == "out.reader"
    site.sim("plug pad")
    site.see("Start")


def test_the_card_service_restarted_is_found_again(site: Site) -> None:
    site.sim("pcscd restart")
    site.sign_in("ada")


def test_a_phone_with_a_random_number_is_refused_with_its_own_sentence(site: Site) -> None:
    site.do("borrow")
    site.see("Card")
    site.sim("present phone")
    site.see("Card", lambda screen: (screen["notice"] or {}).get("code") == "signin.card_random")
    site.sim("remove-card")
    site.sim("scan @ada")
    site.see("Pin")


def test_a_wrong_pin_says_how_many_tries_are_left_and_then_locks(site: Site) -> None:
    site.do("borrow")
    site.see("Card")
    site.sim("scan @ada")
    for left in (2, 1):
        site.see("Pin", lambda screen: not screen["busy"])
        site.do("pin", digits="0000")
        site.see("Pin", lambda screen, left=left: (screen["notice"] or {}).get("params") == {"n": left})  # type: ignore[misc]
    site.do("pin", digits="0000")
    site.see("Start", lambda screen: (screen["notice"] or {}).get("code") == "signin.pin_locked")


def test_a_printer_without_paper_promises_no_receipt(site: Site) -> None:
    (book,) = site.roles.free("BOOK")
    site.sim("fault printer paper_out")
    site.sign_in("ada")
    site.put(book)
    site.rows({book: "lent"})
    site.take("all")
    site.do("finish")
    choice = site.see("ReceiptChoice", lambda screen: not screen["choices"][0]["possible"])
    assert choice["choices"][0]["why_not"]["code"] == "receipt.no_paper"
    site.sim("heal printer")
    site.see("ReceiptChoice", lambda screen: screen["choices"][0]["possible"])


def test_the_central_service_away_is_said_and_a_return_is_kept_and_booked_later(site: Site) -> None:
    book = site.roles.lent("ben", "BOOK")
    site.informed()
    site.sim("fault central down")
    site.see("Start", lambda screen: screen["frame"]["offline"] and not screen["can_borrow"], 40)
    site.do("return")
    site.see("Return")
    site.put(book)
    site.rows({book: "kept"}, seconds=30)
    assert site.tag(book)["security"] == "armed"
    site.sim("heal all")
    site.rows({book: "returned"}, seconds=30)
    assert book not in site.loans()
    site.invariant(book)


def test_a_clock_stepped_back_an_hour_is_told_to_staff_and_lends_by_the_centres_date(
    site_with_clock: Site, wall_clock: Path
) -> None:
    site = site_with_clock
    first, second = site.roles.free("BOOK", 2)
    site.sign_in("ada")
    site.put(first)
    due = site.rows({first: "lent"})["rows"][0]["due"]
    wait(lambda: site.query("SELECT clock_trusted FROM machine") == [(1,)])
    wall_clock.write_text("-3600", "utf-8")
    wait(lambda: site.query("SELECT clock_trusted FROM machine") == [(0,)])
    site.put(second)
    screen = site.rows({first: "lent", second: "lent"})
    assert {row["due"] for row in screen["rows"]} == {due}
    wall_clock.write_text("+0", "utf-8")
    wait(lambda: site.query("SELECT clock_trusted FROM machine") == [(1,)])


def test_nothing_personal_is_in_any_log(site: Site) -> None:
    (book,) = site.roles.free("BOOK")
    site.sign_in("ada")
    site.put(book)
    site.rows({book: "lent"})
    site.do("finish")
    site.see("ReceiptChoice")
    ada = next(patron for patron in site.roles.patrons if patron["key"] == "ada")
    logs = "\n".join(path.read_text("utf-8", "replace") for path in site.stage.folder.rglob("*.log"))
    assert logs
    for personal in (ada["card_uid"], ada["barcode"], ada["last_name"], f'"{ada["pin"]}"'):
        assert personal not in logs
