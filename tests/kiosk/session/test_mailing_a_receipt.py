"""A receipt by e-mail: offered where it can be kept, sent once, and nothing of the patron left behind."""

from __future__ import annotations

import pytest

from kiosk import effects as e
from kiosk import messages as m
from kiosk import screens as s
from kiosk.screens import Sentence
from tests.kiosk.session.made import make_world
from tests.kiosk.session.world import World


def _at_the_choice(mail: bool | None = True, *, printer: bool = True) -> World:
    """A book was borrowed, and the patron is asked for a receipt."""
    world = make_world(mail=mail, has_printer=printer)
    world.sign_in()
    world.put("book-1")
    world.settle_down()
    world.take("book-1")
    world.send(m.Finish())
    return world


def _choices(world: World) -> dict[str, str]:
    """Each way, and why it is not possible."""
    screen = world.state.shown
    assert isinstance(screen, s.ReceiptChoice)
    return {one.way: one.why_not.code if one.why_not is not None else "" for one in screen.choices}


def _mailings(world: World) -> list[e.MailReceipt]:
    return [effect for effect in world.effects if isinstance(effect, e.MailReceipt)]


def _signed_out(world: World) -> int:
    return sum(isinstance(effect, e.SignOut) for effect in world.effects)


@pytest.mark.parametrize(
    ("mail", "ways"),
    [
        (True, {"print": "", "mail": "", "none": ""}),
        (False, {"print": "", "mail": "receipt.no_mail", "none": ""}),
        (None, {"print": "", "none": ""}),
    ],
)
def test_it_is_offered_between_the_others_and_says_beforehand_why_not(mail: bool | None, ways: dict[str, str]) -> None:
    world = _at_the_choice(mail)
    assert _choices(world) == ways
    assert list(_choices(world)) == list(ways)


def test_what_is_possible_says_where_to_and_no_address() -> None:
    world = _at_the_choice()
    assert isinstance(world.state.shown, s.ReceiptChoice)
    assert world.state.shown.choices[1] == s.Choice(
        "mail", Sentence("receipt.mail"), True, None, Sentence("receipt.mail_note")
    )


def test_while_the_centre_is_away_it_is_not_possible_and_then_is_again() -> None:
    world = _at_the_choice()
    world.send(m.CentralDown("gone"))
    assert _choices(world)["mail"] == "machine.not_now"
    world.send(m.ChooseReceipt("mail"))
    assert _mailings(world) == []
    world.send(m.CentralUp("generation-1"))
    assert _choices(world)["mail"] == ""


def test_it_names_what_was_asked_for_in_the_patrons_name_and_says_when_it_is_on_its_way() -> None:
    world = make_world(mail=True)
    world.sign_in()
    world.put("book-1", "lent-1")
    world.settle_down()
    world.send(m.Finish())
    world.send(m.ChooseReceipt("mail"))
    (mailing,) = _mailings(world)
    assert set(mailing.operations) == world.sent
    assert world.state.shown is not None
    assert (world.screen(), _signed_out(world)) == ("ReceiptChoice", 0)
    assert isinstance(world.state.shown, s.ReceiptChoice)
    assert world.state.shown.busy
    world.settle_down()
    assert isinstance(world.state.shown, s.Goodbye)
    assert world.state.shown.line == Sentence("receipt.sent")
    assert _signed_out(world) == 1


def test_a_return_without_a_card_knows_nobody_to_write_to() -> None:
    world = make_world(mail=True)
    world.send(m.Return())
    world.put("lent-1")
    world.settle_down()
    world.send(m.Finish())
    assert list(_choices(world)) == ["print", "none"]
    world.send(m.ChooseReceipt("mail"))
    assert _mailings(world) == []


@pytest.mark.parametrize("problem", ["unreachable", "failed"])
def test_one_that_did_not_come_out_can_be_asked_for_again_and_is_the_same(problem: str) -> None:
    world = _at_the_choice()
    world.send(m.ChooseReceipt("mail"))
    world.answer(problem)
    assert isinstance(world.state.shown, s.ReceiptChoice)
    assert (world.state.shown.notice, world.state.shown.busy) == (Sentence("receipt.failed"), False)
    world.send(m.ChooseReceipt("mail"))
    first, second = _mailings(world)
    assert (first.receipt, first.operations) == (second.receipt, second.operations)
    world.answer()
    assert world.screen() == "Goodbye"


def test_touched_twice_it_is_asked_for_once() -> None:
    world = _at_the_choice()
    world.send(m.ChooseReceipt("mail"))
    world.send(m.ChooseReceipt("mail"))
    world.send(m.ChooseReceipt("print"))
    assert (len(_mailings(world)), world.receipts) == (1, [])


def test_an_address_that_is_gone_is_said_and_the_others_stay() -> None:
    world = _at_the_choice()
    world.send(m.ChooseReceipt("mail"))
    world.answer("receipt_no_address")
    assert _choices(world) == {"print": "", "mail": "receipt.no_mail", "none": ""}
    world.send(m.ChooseReceipt("print"))
    assert (world.screen(), _signed_out(world)) == ("Goodbye", 1)


@pytest.mark.parametrize("problem", ["receipt_off", "session_ended", "receipt_nothing"])
def test_a_refusal_that_lasts_takes_the_choice_away(problem: str) -> None:
    world = _at_the_choice()
    world.send(m.ChooseReceipt("mail"))
    world.answer(problem)
    assert list(_choices(world)) == ["print", "none"]
    assert _signed_out(world) == 1


def test_an_answer_that_comes_too_late_changes_nothing() -> None:
    world = _at_the_choice()
    world.send(m.ChooseReceipt("mail"))
    (mailing,) = _mailings(world)
    world.send(m.Finish())
    before = world.state
    world.send(m.ReceiptMailed(mailing.request, "receipt_no_address"))
    assert world.state == before


def test_without_a_printer_there_is_a_choice_only_if_mail_can_be_sent() -> None:
    assert _choices(_at_the_choice(printer=False)) == {"mail": "", "none": ""}
    assert _at_the_choice(False, printer=False).screen() == "Goodbye"
    assert _at_the_choice(None, printer=False).screen() == "Goodbye"


@pytest.mark.parametrize("end", ["none", "mail", "print", "finish", "time"])
def test_the_session_ends_at_the_centre_and_nothing_of_the_patron_is_left(end: str) -> None:
    world = _at_the_choice()
    if end == "time":
        world.pass_time(91)
        world.pass_time(31)
    else:
        world.send(m.Finish() if end == "finish" else m.ChooseReceipt(end))
    if end == "mail":
        world.answer()
    assert _signed_out(world) == 1
    world.pass_time(9)
    assert world.screen() == "Start"
    left = repr(world.state)
    assert not [personal for personal in ("Ada", "patron-1", "token", "2026, 6, 29") if personal in left]
    assert world.state.asked == ()


def test_who_ran_out_of_time_is_asked_nothing_and_signed_out() -> None:
    world = make_world(mail=True)
    world.sign_in()
    world.put("book-1")
    world.settle_down()
    world.pass_time(91)
    world.pass_time(31)
    assert (world.screen(), _signed_out(world)) == ("Goodbye", 1)
