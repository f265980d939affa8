"""The button on the row of an item that is on the patron's account already (R86)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from kiosk import messages
from kiosk.screens import PartView, Row, RowState, Sentence
from tests.ui.conftest import LANDSCAPE, PORTRAIT, Machine
from ui import gallery
from ui.look import Choices

pytestmark = pytest.mark.requirement("R86")
BUTTON = "renew:moby"
YOURS = Row(
    "moby",
    "Moby-Dick",
    "",
    "book",
    RowState.REFUSED,
    Sentence("row.already_yours", {"date": date(2026, 11, 28)}),
    can_renew=True,
)


def renewals(machine: Machine) -> list[messages.Intent]:
    """What was touched but "somebody is there"."""
    return [intent for intent in machine.intents if not isinstance(intent, messages.MoreTime)]


@pytest.mark.parametrize("size", [PORTRAIT, LANDSCAPE], ids=["portrait", "landscape"])
@pytest.mark.parametrize(("language", "label"), [("en", "Renew"), ("de", "Verlängern")])
def test_it_has_a_name_and_a_label_and_a_touch_reports_its_row(
    make_machine: Callable[..., Machine], size: tuple[int, int], language: str, label: str
) -> None:
    machine = make_machine(size)
    machine.show("Borrow-yours", language)
    button = machine.pilot.find(BUTTON)
    assert button.text == label
    assert button.height >= 96 * machine.app.look.scale
    machine.pilot.tap(BUTTON)
    assert machine.intents == [messages.RenewRow("moby")]


def test_only_a_row_that_offers_it_has_one(machine: Machine) -> None:
    machine.show("Borrow-yours")
    found = [part.name for part in machine.pilot._tappables() if part.name.startswith("renew:")]
    assert found == [BUTTON]


def test_touching_the_row_beside_it_renews_nothing(machine: Machine) -> None:
    machine.show("Borrow-yours")
    row = machine.pilot.find("row:moby")
    machine.pilot.tap_at(row.x + 60, row.center_y)
    assert renewals(machine) == []


def test_a_second_touch_at_once_is_not_reported(machine: Machine) -> None:
    machine.show("Borrow-yours")
    place = machine.pilot.find(BUTTON).center
    machine.pilot.tap_at(*place)
    machine.pilot.tap_at(*place)
    assert renewals(machine) == [messages.RenewRow("moby")]


def test_keys_reach_it(machine: Machine) -> None:
    machine.show("Borrow-yours")
    ring = machine.app.shell.ring
    machine.pilot.key("next")
    assert ring.target is not None
    assert ring.target.name == BUTTON
    machine.pilot.key("ok")
    machine.pilot.wait(lambda: renewals(machine))
    assert renewals(machine) == [messages.RenewRow("moby")]


def test_it_goes_when_the_renewal_has_begun_and_the_row_stays(machine: Machine) -> None:
    machine.show("Borrow-yours")
    row = machine.pilot.find("row:moby")
    for state, says in ((RowState.CHECKING, "row.checking"), (RowState.RENEWED, "row.renewed")):
        due = date(2026, 12, 19) if state is RowState.RENEWED else None
        sentence = Sentence(says, {"date": due} if due else {})
        later = replace(YOURS, state=state, says=sentence, due=due, can_renew=False)
        view = gallery.borrow_yours("en")
        machine.shown(replace(view, rows=(*view.rows[:-1], later)))
        assert not machine.pilot.has(BUTTON)
        assert machine.pilot.find("row:moby") is row
    assert "Renewed until" in row.label
    assert "Sat 19 December" in row.label


def test_it_is_touched_where_it_is_seen_after_its_row_has_moved(machine: Machine) -> None:
    view = gallery.borrow_many("en")
    machine.shown(replace(view, rows=(YOURS,)))
    for count in range(1, 15):  # more rows than fit: the first ones leave, the others move up
        machine.shown(replace(view, rows=(*view.rows[:count], YOURS, *view.rows[count : count + 3])))
    row, button = machine.pilot.find("row:moby"), machine.pilot.find(BUTTON)
    assert row.y <= button.y < button.top <= row.top
    machine.pilot.tap(BUTTON)
    assert renewals(machine) == [messages.RenewRow("moby")]


def test_in_the_low_layout_the_current_row_has_it_and_the_list_above_has_none(machine: Machine) -> None:
    machine.show("Borrow-yours")
    machine.app.choose(Choices(low=True, less_motion=True))
    machine.pilot.settle()
    found = [part for part in machine.pilot._tappables() if part.name == BUTTON]
    assert len(found) == 1
    assert found[0].top <= 1920 - 940
    machine.pilot.tap(BUTTON)
    assert renewals(machine) == [messages.RenewRow("moby")]


def test_in_the_low_layout_the_current_row_opens_the_screen_of_its_parts(machine: Machine) -> None:
    machine.show("Borrow")
    machine.app.choose(Choices(low=True, less_motion=True))
    view = gallery.borrow("en")
    machine.shown(replace(view, rows=tuple(row for row in view.rows if row.key == "hound")))
    current = [part for part in machine.pilot._tappables() if part.name == "row:hound" and part.possible]
    machine.pilot.tap_at(*current[0].center)
    assert machine.pilot.sees("Your other items are not held up")


def test_a_lent_set_shows_its_date_and_no_parts(machine: Machine) -> None:
    """Both would stand at the row's end, one over the other."""
    view = gallery.borrow_done("en")
    whole = tuple(PartView(number, here=True) for number in (1, 2, 3))
    machine.shown(replace(view, rows=tuple(replace(row, parts=whole) for row in view.rows)))
    row = machine.pilot.find("row:hound")
    assert "Sat 19 December" in row.label
    assert not row._parts.shown


def test_the_summary_tells_renewals_beside_loans(machine: Machine) -> None:
    machine.show("ReceiptChoice-renewed")
    assert machine.pilot.sees("5 items borrowed")
    assert machine.pilot.sees("1 item renewed")
    machine.show("ReceiptChoice")
    assert not machine.pilot.sees("renewed")
