"""What is touched or pressed becomes the right intent, once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pytest_mock import MockerFixture

from kiosk import messages
from kiosk.screens import Cue, RowState, Sentence
from tests.ui.conftest import Machine
from ui import gallery
from ui.look import Choices

TAPS = [
    ("Start", "borrow", messages.Borrow()),
    ("Start", "return", messages.Return()),
    ("Start", "account", messages.ShowAccount()),
    ("Start", "language:de", messages.ChooseLanguage("de")),
    ("Start", "tool-help", messages.AskHelp()),
    ("Card", "back", messages.Back()),
    ("Pin", "back", messages.Back()),
    ("Borrow", "finish", messages.Finish()),
    ("Return", "finish", messages.Finish()),
    ("Account", "renew", messages.Renew(())),
    ("Account", "back", messages.Back()),
    ("Account", "finish", messages.Finish()),
    ("Renew", "back", messages.Back()),
    ("Renew", "finish", messages.Finish()),
    ("LeaveOpen", "stay", messages.Back()),
    ("LeaveOpen", "finish", messages.Finish()),
    ("ReceiptChoice", "receipt:print", messages.ChooseReceipt("print")),
    ("ReceiptChoice", "receipt:mail", messages.ChooseReceipt("mail")),
    ("ReceiptChoice", "receipt:none", messages.ChooseReceipt("none")),
    ("TimeOutWarning", "more-time", messages.MoreTime()),
    ("TimeOutWarning", "finish", messages.Finish()),
    ("Help", "back", messages.Back()),
]


@pytest.mark.parametrize(("screen", "target", "intent"), TAPS, ids=[f"{s}-{t}" for s, t, _ in TAPS])
def test_a_touch_reports_exactly_its_intent(
    machine: Machine, screen: str, target: str, intent: messages.Intent
) -> None:
    machine.show(screen)
    machine.pilot.tap(target)
    assert machine.intents == [intent]


def test_a_label_can_be_tapped_as_well_as_a_name(machine: Machine) -> None:
    machine.show("Start")
    machine.pilot.tap("Borrow")
    assert machine.intents == [messages.Borrow()]


def pins(machine: Machine) -> list[messages.Intent]:
    """The PINs that were reported."""
    return [intent for intent in machine.intents if isinstance(intent, messages.Pin)]


def test_the_pin_is_typed_on_the_pad_and_reported_once(machine: Machine) -> None:
    machine.show("Pin")
    for digit in "1225":
        machine.pilot.tap(f"key-{digit}")
    machine.pilot.tap("key-erase")
    machine.pilot.tap("key-4")
    machine.pilot.tap("key-ok")
    assert pins(machine) == [messages.Pin("1224")]
    assert machine.app.shell.page._digits == ""


def test_ok_does_nothing_before_four_digits(machine: Machine) -> None:
    machine.show("Pin")
    machine.pilot.tap("key-1")
    machine.pilot.tap("key-ok")
    assert not pins(machine)


def test_the_pin_is_typed_on_a_keyboard_too(machine: Machine) -> None:
    machine.show("Pin")
    machine.pilot.type("4711")
    machine.pilot.key("ok")
    machine.pilot.wait(lambda: pins(machine))
    assert messages.Pin("4711") in machine.intents


def test_a_barcode_scanned_on_the_pin_screen_is_no_pin(machine: Machine) -> None:
    machine.show("Pin")
    for character in "20000000000017\n":
        machine.pilot.press(13 if character == "\n" else ord(character), None if character == "\n" else character)
    machine.pilot.frames(10)
    assert machine.app.shell.page._digits == ""
    assert not pins(machine)


def test_no_card_tells_where_to_go_without_an_intent_of_its_own(machine: Machine) -> None:
    machine.show("Card")
    machine.pilot.tap("no-card")
    assert machine.pilot.sees("desk")
    assert set(machine.intents) <= {messages.MoreTime()}


def test_a_set_can_be_left_out_from_the_screen_of_its_parts(machine: Machine) -> None:
    machine.show("Borrow")
    machine.pilot.tap("row:hound")
    assert machine.pilot.sees("Your other items are not held up")
    machine.pilot.tap("leave-set")
    assert messages.LeaveSetOut("hound") in machine.intents
    assert machine.app.shell.local is None


def test_the_screen_of_parts_goes_when_the_part_was_seen(machine: Machine) -> None:
    machine.show("Borrow")
    machine.pilot.tap("row:hound")
    view = gallery.borrow("en")
    rows = tuple(
        replace(row, state=RowState.CHECKING, says=Sentence("row.checking")) if row.key == "hound" else row
        for row in view.rows
    )
    machine.shown(replace(view, rows=rows))
    assert machine.app.shell.local is None


def test_chosen_loans_are_renewed_and_no_others(machine: Machine) -> None:
    machine.show("Account")
    machine.pilot.tap("tile:loans")
    machine.pilot.tap("row:loan1")
    machine.pilot.tap("renew")
    assert messages.Renew(("loan1",)) in machine.intents


@pytest.mark.parametrize(("way", "why"), [("print", "no paper"), ("mail", "no address in your account")])
def test_a_receipt_that_is_not_possible_cannot_be_chosen_and_says_why(machine: Machine, way: str, why: str) -> None:
    machine.show("ReceiptChoice-no-paper")
    assert machine.pilot.sees(why)
    machine.pilot.tap(f"receipt:{way}")
    assert messages.ChooseReceipt(way) not in machine.intents


def test_a_receipt_by_mail_says_where_it_goes_without_an_address(machine: Machine) -> None:
    machine.show("ReceiptChoice")
    assert machine.pilot.sees("To the address in your account")


def test_a_double_touch_is_one_touch_even_if_the_screen_has_changed_in_between(machine: Machine) -> None:
    machine.show("Start")
    place = machine.pilot.find("account").center
    machine.pilot.tap_at(*place)
    machine.show("Card")
    machine.pilot.tap_at(*place)
    assert machine.intents == [messages.ShowAccount()]


def test_a_finger_lifted_outside_touches_nothing(machine: Machine) -> None:
    from kivy.base import EventLoop

    from ui.pilot import PilotTouch

    machine.show("Start")
    touch = PilotTouch(*machine.pilot.find("borrow").center)
    EventLoop.post_dispatch_input("begin", touch)
    touch.move({"x": 0.5, "y": 0.99})
    EventLoop.post_dispatch_input("update", touch)
    EventLoop.post_dispatch_input("end", touch)
    assert machine.intents == []


def test_touching_beside_a_sheet_is_the_harmless_answer(machine: Machine) -> None:
    machine.show("LeaveOpen")
    machine.pilot.settle()
    machine.pilot.tap_at(540, 1900)
    assert machine.intents == [messages.Back()]


def test_any_touch_on_the_time_out_sheet_but_finish_means_somebody_is_there(machine: Machine) -> None:
    machine.show("TimeOutWarning")
    machine.pilot.settle()
    machine.pilot.tap_at(200, 700)
    assert machine.intents == [messages.MoreTime()]


def test_a_touch_that_says_nothing_else_asks_for_more_time_at_most_every_five_seconds(machine: Machine) -> None:
    machine.show("Borrow")
    machine.pilot.tap_at(60, 300)
    machine.pilot.tap_at(60, 600)
    assert machine.intents == [messages.MoreTime()]


def test_a_touch_on_the_start_screen_beside_all_controls_says_nothing(machine: Machine) -> None:
    machine.show("Start")
    machine.pilot.tap_at(540, 1500)
    assert machine.intents == []


def test_choosing_a_language_closes_the_sheet_and_reports_it(machine: Machine) -> None:
    machine.show("Borrow")
    machine.pilot.tap("tool-language")
    machine.pilot.tap("language:de")
    assert messages.ChooseLanguage("de") in machine.intents
    assert machine.app.shell.local is None


def test_settings_apply_at_once_and_are_forgotten_at_the_next_visit(machine: Machine) -> None:
    machine.show("Borrow")
    machine.pilot.tap("tool-display")
    machine.pilot.tap("theme:contrast")
    machine.pilot.tap("size:XL")
    machine.pilot.tap("done")
    assert machine.app.look.choices == Choices(theme="contrast", size="XL")
    start = gallery.start("en")
    machine.shown(replace(start, frame=replace(start.frame, session=2)))
    assert machine.app.look.choices == Choices()


def test_what_is_not_delivered_is_not_shown(machine: Machine) -> None:
    for name in (*gallery.EXAMPLES, *gallery.MORE):
        machine.show(name)
        for never in ("Call staff", "Read aloud", "How many items"):
            assert not machine.pilot.sees(never), name


def test_keys_alone_can_do_everything_and_show_the_focus_only_then(machine: Machine) -> None:
    machine.show("Start")
    ring = machine.app.shell.ring

    def focused() -> str:
        return ring.target.name if ring.target is not None else ""

    assert focused() == ""
    machine.pilot.key("next")
    assert focused() == "borrow"
    machine.pilot.key("down")
    assert focused() == "return"
    machine.pilot.key("up")
    machine.pilot.key("ok")
    machine.pilot.wait(lambda: machine.intents)
    assert machine.intents == [messages.Borrow()]
    machine.pilot.tap_at(540, 1850)
    assert focused() == ""


def test_f1_is_help_and_escape_is_back(machine: Machine) -> None:
    machine.show("Card")
    machine.pilot.key("help")
    machine.pilot.key("back")
    assert machine.intents == [messages.AskHelp(), messages.Back()]


def test_cues_are_played_once_each(machine: Machine, mocker: MockerFixture) -> None:
    play = mocker.patch.object(machine.app.sounds, "play")
    view = gallery.borrow("en")
    cues = (Cue(1, "seen"), Cue(2, "needs_you"))
    machine.shown(replace(view, frame=replace(view.frame, cues=cues)))
    machine.pilot.wait(lambda: play.call_count >= 2)
    machine.shown(replace(view, frame=replace(view.frame, cues=cues)))
    machine.pilot.frames(5)
    assert [call.args[0] for call in play.call_args_list] == ["seen", "needs_you"]
