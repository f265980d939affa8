"""The core's thread: effects in order, nothing before it is durable, no silent death."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.api import (
    DeviceCommand,
    DeviceInfo,
    DeviceUp,
    ItemRead,
    ItemTag,
    Printed,
    Security,
    SecuritySet,
    SetSecurity,
    TagsChanged,
)
from kiosk import effects as e
from kiosk import messages as m
from kiosk import screens as s
from kiosk.central import api as c
from kiosk.clock import Clock
from kiosk.journal import Journal, JournalError
from kiosk.loop import Loop
from kiosk.session.state import Settings, initial
from tests.kiosk.session.made import rules_document
from tests.kiosk.session.world import uid_of
from tests.waiting import wait_for

UID = uid_of(1)


class _Pad:
    def __init__(self, log: list[tuple[str, object]]) -> None:
        self._log = log

    def send(self, command: DeviceCommand) -> None:
        self._log.append(("pad", command))


class _Journal(Journal):
    """The real journal, noting each write; ``full`` makes the next writes fail."""

    log: list[tuple[str, object]]
    full = False

    def write(self, entries: Any) -> None:
        entries = tuple(entries)
        if self.full:
            raise JournalError("journal.db: database or disk is full")
        super().write(entries)
        self.log += [("journal", entry) for entry in entries]

    def works(self) -> bool:
        return not self.full and super().works()


class _Machine:
    """A loop with a real journal; everything it does is noted in order."""

    def __init__(self, folder: Path) -> None:
        self.log: list[tuple[str, object]] = []
        self.screens: queue.SimpleQueue[s.Screen] = queue.SimpleQueue()
        self.newest: s.Screen | None = None
        self.broken = False
        self.journal = _Journal(folder / "journal.db", bytes)
        self.journal.log = self.log
        settings = Settings("Library", ("en",), "run", pad_grace=1000)
        self.loop = Loop(
            initial(settings),
            self.journal,
            Clock("Europe/Berlin"),
            {"pad": _Pad(self.log)},
            lambda request: self.log.append(("central", request)),
            self._show,
            self._render,
        )

    def _render(self, receipt: e.Receipt, now: m.Now) -> bytes:
        if self.broken:
            raise OSError("no such font")
        return b"receipt"

    def _show(self, screen: s.Screen) -> None:
        self.newest = screen

    def start(self) -> None:
        self.loop.start()
        item = c.ItemRecord("book-1", "Title", "Author", "BOOK")
        for message in (
            m.RulesChanged(rules_document()),
            m.ItemListChanged(c.ItemList("1", {"book-1": item})),
            DeviceUp("pad", DeviceInfo("pad", "1")),
            m.CentralUp("g"),
        ):
            self.loop.post(message)

    def lay_down(self) -> None:
        self.loop.post(TagsChanged("pad", (UID,), (), 0))
        tag = ItemTag(UID, "book-1", 1, 1, None, Security.DISARMED, None, "iso28560-3", None)
        self.loop.post(ItemRead("pad", tag))

    def shows(self, kind: type) -> bool:
        return isinstance(self.newest, kind)

    def done(self, kind: type) -> list[object]:
        return [what for _, what in self.log if isinstance(what, kind)]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[_Machine]:
    made = _Machine(tmp_path)
    yield made
    made.loop.stop()
    made.journal.close()


@pytest.mark.scenario("S4")
def test_a_tag_is_written_only_after_its_entry_is_durable(machine: _Machine) -> None:
    machine.start()
    machine.loop.post(m.Return())
    machine.lay_down()
    wait_for(lambda: machine.done(SetSecurity))
    kinds = [(where, getattr(what, "step", type(what).__name__)) for where, what in machine.log]
    assert kinds == [("journal", e.Step.RETURNING), ("pad", "SetSecurity")]


@pytest.mark.scenario("S4")
def test_a_full_disk_puts_the_machine_out_of_order_before_anything_is_written(machine: _Machine) -> None:
    machine.start()
    machine.loop.post(m.Return())
    machine.journal.full = True
    machine.lay_down()
    wait_for(lambda: machine.shows(s.OutOfOrder))
    assert not machine.done(SetSecurity)
    machine.journal.full = False
    wait_for(lambda: not machine.shows(s.OutOfOrder))
    machine.loop.post(m.Return())
    wait_for(lambda: machine.shows(s.Return))


def test_an_exception_in_the_core_is_an_out_of_order_screen_and_not_a_silent_death(machine: _Machine) -> None:
    machine.start()
    wait_for(lambda: machine.shows(s.Start))
    machine.loop.post("no message at all")  # type: ignore[arg-type]
    wait_for(lambda: machine.shows(s.OutOfOrder))
    assert machine.loop.alive


def test_what_an_earlier_run_left_open_is_taken_up_at_start(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db", bytes)
    tags = {str(UID): "armed"}
    journal.write([e.JournalEntry("op", e.Step.ASKED, "checkout", "book-1", tags, {"item": "book-1"})])
    journal.close()
    machine = _Machine(tmp_path)
    try:
        machine.start()
        (settle,) = wait_for(lambda: machine.done(e.Settle))
        assert settle == e.Settle("op")
    finally:
        machine.loop.stop()
        machine.journal.close()


def _posted(machine: _Machine, effect: e.Effect) -> list[m.Message]:
    """What the loop tells itself when it carries out an effect."""
    posted: list[m.Message] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine.loop, "post", posted.append)
        machine.loop._do(effect)
    return posted


RECEIPT = e.Receipt("en", s.Sentence("receipt.sum", {"n": 1}), (), ())


def test_a_receipt_that_cannot_be_made_did_not_come_out_and_the_machine_goes_on(machine: _Machine) -> None:
    machine.broken = True
    assert _posted(machine, e.PrintReceipt(7, RECEIPT)) == [Printed("printer", 7, "offline")]


def test_without_a_printer_a_receipt_has_an_answer_all_the_same(machine: _Machine) -> None:
    assert _posted(machine, e.PrintReceipt(7, RECEIPT)) == [Printed("printer", 7, "device_lost")]


def test_without_a_pad_a_write_has_an_answer_and_is_in_doubt(machine: _Machine) -> None:
    command = e.Command("gone", SetSecurity(7, UID, Security.ARMED))
    assert _posted(machine, command) == [SecuritySet("gone", 7, UID, Security.ARMED, None, "device_lost")]


def test_an_effect_that_fails_is_an_out_of_order_screen(machine: _Machine) -> None:
    machine.start()
    wait_for(lambda: machine.shows(s.Start))

    def broken(request: object) -> None:
        raise RuntimeError("not an error of ours")

    machine.loop._central = broken
    machine.lay_down()
    machine.loop.post(m.Borrow())
    machine.loop.post(m.CardTyped(c.CardIdentifier("barcode", "20000000000014")))
    machine.loop.post(m.Pin("1234"))
    wait_for(lambda: machine.shows(s.OutOfOrder))
    assert machine.loop.alive
