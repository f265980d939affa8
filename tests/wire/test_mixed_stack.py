"""Scenarios S2 and S3 through the shipped programs."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.wire.site import ON_DISPLAY, Site, wait

pytestmark = [pytest.mark.slow, pytest.mark.hands("lines", "touches", ON_DISPLAY)]


@pytest.mark.scenario("S2")
@pytest.mark.hands("lines", "touches", "display")
@pytest.mark.requirement("R53")
@pytest.mark.requirement("R57")
def test_every_item_of_the_stack_is_told_honestly(site: Site) -> None:
    book_1, book_2 = site.roles.free("BOOK", 2)
    (dvd,), (dvd18,) = site.roles.free("DVD"), site.roles.free("DVD18")
    (audio,) = site.roles.free("AUDIOBOOK", parts=3)
    hers, other, lent = site.roles.set_aside("ada"), site.roles.set_aside("ben"), site.roles.lent("ben", "BOOK")
    damaged = site.tag("damaged")["uid"]
    site.sign_in("ada")
    site.put(book_1, book_2, hers, dvd, dvd18, f"{audio}/1", f"{audio}/3", lent, "damaged", other)
    screen = site.rows(
        {
            book_1: "lent",
            book_2: "lent",
            hers: "lent",
            dvd: "lent",
            dvd18: "refused",
            audio: "part_missing",
            lent: "refused",
            damaged: "staff",
            other: "refused",
        },
        "Borrow",
    )
    says = {row["key"]: row["says"]["code"] for row in screen["rows"]}
    assert says[dvd18] == "no.machine_out"
    assert says[lent] == "no.on_loan"
    assert says[other] == "no.held"
    assert says[damaged] == "row.label"
    audio_row = next(row for row in screen["rows"] if row["key"] == audio)
    assert [part["here"] for part in audio_row["parts"]] == [True, False, True]
    on_loan = {book_1, book_2, hers, dvd}
    assert site.loans() >= on_loan | {lent}
    touched = {
        name for name in site.disarmed() if name.split("/")[0] in {*on_loan, dvd18, audio, lent, other, "damaged"}
    }
    assert touched == {f"{item}/1" for item in on_loan | {lent}}
    site.put(f"{audio}/2")
    site.rows({audio: "lent"}, "Borrow")
    assert {f"{audio}/{part}" for part in (1, 2, 3)} <= site.disarmed()
    site.do("finish")
    assert [row["key"] for row in site.see("LeaveOpen")["rows"]] == [damaged]
    site.do("finish")
    choice = site.see("ReceiptChoice")
    assert [row["key"] for row in choice["staff"]] == [damaged]
    site.do("choose_receipt", way="print")
    site.see("Goodbye")
    (receipt,) = wait(lambda: site.sim("printed")["receipts"])
    text = "\n".join(receipt)
    ada = next(patron for patron in site.roles.patrons if patron["key"] == "ada")
    assert "Pride and Prejudice" in text
    assert ada["barcode"] not in text
    assert ada["card_uid"] not in text
    assert ada["last_name"] not in text
    due = datetime.now(ZoneInfo("Europe/Berlin")).date() + timedelta(days=28)
    assert f"{due.day} " in text or f"{due.day}." in text
    site.invariant(*on_loan, audio, lent, other, dvd18)


@pytest.mark.scenario("S2")
@pytest.mark.requirement("R57")
def test_a_set_the_machine_may_not_lend_shows_only_that_reason(site: Site) -> None:
    (laptop,) = site.roles.free("LAPTOP")
    site.sign_in("ada")
    site.put(laptop)
    screen = site.rows({laptop: "refused"}, "Borrow")
    assert screen["rows"][0]["says"]["code"] == "no.machine_out"
    assert site.tag(laptop)["security"] == "armed"


@pytest.mark.scenario("S3")
@pytest.mark.requirement("R54")
def test_the_stack_comes_back_without_a_card(site: Site) -> None:
    (book,) = site.roles.free("BOOK")
    lent, game = site.roles.lent("ben", "BOOK"), site.roles.lent("ben", "GAME")
    (audio,) = site.roles.free("AUDIOBOOK", parts=3)
    site.sign_in("ada")
    site.put(audio)
    site.rows({audio: "lent"}, "Borrow")
    site.take("all")
    site.do("finish")
    site.see("ReceiptChoice")
    site.do("choose_receipt", way="none")
    site.see("Start")
    site.do("return")
    site.see("Return")
    site.put(book, lent, game, "damaged", f"{audio}/1", f"{audio}/2")
    damaged = site.tag("damaged")["uid"]
    wanted = {book: "not_on_loan", lent: "returned", game: "refused", damaged: "staff", audio: "part_missing"}
    screen = site.rows(wanted, "Return")
    assert screen["frame"]["first_name"] is None
    shown = json.dumps(screen)
    for patron in site.roles.patrons:
        assert patron["last_name"] not in shown
    assert game in site.loans()
    assert site.tag(game)["security"] == "disarmed"
    assert site.tag(lent)["security"] == "armed"
    assert site.tag(book)["security"] == "armed"
    site.put(f"{audio}/3")
    site.rows({audio: "returned"}, "Return")
    assert not {f"{audio}/{part}" for part in (1, 2, 3)} & site.disarmed()
    assert audio not in site.loans()
    site.invariant(book, lent, game, audio)


@pytest.mark.scenario("S3")
@pytest.mark.hands("lines")  # on the screen nobody can choose anything before the pad is clear
def test_as_stack_left_on_the_pad_is_not_returned_when_b_chooses_return(site: Site) -> None:
    mine = site.roles.free("BOOK", 2)
    theirs = [site.roles.lent("ben", "BOOK"), site.roles.lent("max", "BOOK")]
    site.sign_in("ada")
    site.put(*mine)
    site.rows(dict.fromkeys(mine, "lent"), "Borrow")
    site.do("finish")
    site.see("ReceiptChoice")
    site.do("choose_receipt", way="none")
    site.do("return")
    site.see("Return")
    site.put(*theirs)
    screen = site.rows({**dict.fromkeys(theirs, "returned"), **dict.fromkeys(mine, "take_off")}, "Return")
    assert screen["headline"]["code"] == "stack.before_you"
    assert set(mine) <= site.loans()
    assert not set(theirs) & site.loans()
    site.invariant(*mine, *theirs)


@pytest.mark.scenario("S3")
@pytest.mark.requirement("R55")
def test_renewals_with_one_refusal_each_say_why(site: Site) -> None:
    site.do("show_account")
    account = site.sign_in("max", "Account")
    account = site.see("Account", lambda screen: not screen["busy"])
    assert len(account["loans"]) == 14
    site.do("renew")
    result = site.see("Renew", lambda screen: screen["finish_now"])
    codes = {row["key"]: (row["state"], row["says"]["code"]) for row in result["rows"]}
    films = [loan["key"] for loan in account["loans"] if loan["media_type"] == "DVD"]
    assert films
    assert {codes[film] for film in films} == {("refused", "no.machine_renew")}
    assert ("refused", "no.renew_early") in codes.values()
    assert sum(state == "renewed" for state, _ in codes.values()) == 11


@pytest.mark.scenario("S5")
@pytest.mark.requirement("R20")
def test_at_the_limit_one_is_lent_and_two_are_refused_in_the_order_laid_down(site: Site) -> None:
    books = site.roles.free("BOOK", 3)
    site.sign_in("max")
    site.put(*books)
    screen = site.rows({books[0]: "lent", books[1]: "refused", books[2]: "refused"}, "Borrow")
    refused = [row for row in screen["rows"] if row["state"] == "refused"]
    assert {row["says"]["code"] for row in refused} == {"no.limit"}
    assert refused[0]["says"]["params"] == {"have": 15, "max": 15}
