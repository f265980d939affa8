"""Drivers and workers against the simulator on real wires, with every fault a line or a tag can have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from drivers import api as d
from drivers.worker import Rhythm, make_worker
from tests.drivers.peer import Peer
from tests.waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("drivers")]
BOOK, OTHER = "30000000000012", "30000000000020"
FAST = Rhythm(pad=0.02, wait=0.05, printer=0.2)


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    made = Peer(tmp_path_factory.mktemp("peer"))
    yield made
    made.stop()


class Bench:
    """One worker on one wire of the simulator, and what it told."""

    def __init__(self, peer: Peer, name: str, driver: str, **options: object) -> None:
        self.peer = peer
        self.told: list[Any] = []
        self.worker = make_worker(name, driver, options, self.told.append, FAST)
        self.worker.start()

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.told if isinstance(event, kind)]

    def last(self, kind: type, count: int = 1) -> Any:
        return wait_for(lambda: len(self.of(kind)) >= count and self.of(kind)[-1], 15, kind.__name__)


@pytest.fixture(params=["standard", "advanced"])
def pad(peer: Peer, request: pytest.FixtureRequest) -> Iterator[Bench]:
    peer.say("heal all")
    peer.say("take all")
    bench = Bench(peer, "pad", "feig_iso_host", port=peer.wires["pad"], frames=request.param)
    bench.last(d.DeviceUp)
    yield bench
    bench.worker.stop()
    peer.say("heal all")
    peer.say("take all")


def _put(bench: Bench, *names: str) -> d.TagUid:
    bench.peer.say(f"put {' '.join(names)}")
    item = bench.last(d.ItemRead, len(names)).item
    uid: d.TagUid = item.uid
    return uid


def test_a_tag_comes_is_read_once_and_goes(pad: Bench) -> None:
    _put(pad, BOOK)
    (item,) = pad.of(d.ItemRead)
    assert isinstance(item.item, d.ItemTag)
    assert (item.item.item_id, item.item.part, item.item.parts, item.item.owner) == (BOOK, 1, 1, "DE-Mus1")
    assert item.item.security is not None
    pad.peer.say("take all")
    wait_for(lambda: pad.of(d.TagsChanged)[-1].left == (item.item.uid,))
    assert len(pad.of(d.ItemRead)) == 1


def test_a_stack_of_twenty_is_read_whole(pad: Bench) -> None:
    tags = [tag["name"] for tag in pad.peer.say("tags")["tags"] if tag["name"][0].isdigit()][:20]
    pad.peer.say(f"put {' '.join(tags)}")
    wait_for(lambda: len(pad.of(d.ItemRead)) == 20, 15)
    assert len({event.item.uid for event in pad.of(d.ItemRead)}) == 20


LINE_FAULTS = (
    "mute",
    "delay",
    "answer_lost",
    "split",
    "truncate",
    "bad_crc",
    "noise",
    "echo",
    "late_reply",
    "reply_twice",
)


@pytest.mark.parametrize("fault", ["none", *LINE_FAULTS, "write_unheard", "write_lies"])
def test_a_bit_is_what_was_read_back_whatever_happens_on_the_line(pad: Bench, fault: str) -> None:
    uid = _put(pad, BOOK)
    before = pad.peer.security(BOOK)
    wanted = d.Security.ARMED if before == "disarmed" else d.Security.DISARMED
    if fault in LINE_FAULTS:
        pad.peer.say(f"fault pad {fault} on write_afi next 1")
    elif fault != "none":
        pad.peer.say(f"fault pad {fault} next 1")
    pad.worker.send(d.SetSecurity(1, uid, wanted))
    answer = pad.last(d.SecuritySet)
    assert answer.problem is None
    assert answer.read_back is wanted
    assert pad.peer.security(BOOK) == wanted.value


def test_a_tag_that_leaves_during_the_write_is_lost_and_never_called_done(pad: Bench) -> None:
    uid = _put(pad, BOOK)
    pad.peer.say("fault pad tag_lost next 1")
    pad.worker.send(d.SetSecurity(1, uid, d.Security.ARMED))
    answer = pad.last(d.SecuritySet)
    assert (answer.problem, answer.read_back) == ("tag_lost", None)


def test_a_write_that_is_never_done_is_called_not_written(pad: Bench) -> None:
    uid = _put(pad, BOOK)
    before = d.Security(pad.peer.security(BOOK))
    wanted = d.Security.ARMED if before is d.Security.DISARMED else d.Security.DISARMED
    pad.peer.say("fault pad write_lies")
    pad.worker.send(d.SetSecurity(1, uid, wanted))
    answer = pad.last(d.SecuritySet)
    assert (answer.problem, answer.read_back) == ("not_written", before)


def test_tags_that_flicker_stay_and_tags_that_collide_are_counted(pad: Bench) -> None:
    _put(pad, BOOK)
    pad.peer.say("fault pad flicker 0.05")
    looks = pad.peer.say("log")["devices"]["pad"]["inventory"]["count"]
    wait_for(lambda: pad.peer.say("log")["devices"]["pad"]["inventory"]["count"] > looks + 30, 15)
    assert not [event for event in pad.of(d.TagsChanged) if event.left]
    pad.peer.say("heal pad")
    pad.peer.say("fault pad collision")
    pad.peer.say(f"put {OTHER}")
    wait_for(lambda: pad.of(d.TagsChanged)[-1].unresolved > 0, 15)


def test_unplugged_and_plugged_in_again_tags_that_stayed_do_not_come_anew(pad: Bench) -> None:
    uid = _put(pad, BOOK)
    pad.peer.say("unplug pad")
    assert pad.last(d.DeviceDown).reason in ("lost", "absent")
    pad.worker.send(d.SetSecurity(7, uid, d.Security.ARMED))
    assert pad.last(d.SecuritySet).problem == "device_lost"
    pad.peer.say("plug pad")
    pad.last(d.DeviceUp, 2)
    pad.peer.say(f"put {OTHER}")
    pad.last(d.ItemRead, 2)
    assert pad.of(d.TagsChanged)[0].entered == (uid,)
    assert uid not in pad.of(d.TagsChanged)[-1].entered
    assert len(pad.of(d.DeviceDown)) == 1


def test_a_damaged_tag_is_a_problem_and_not_an_item(pad: Bench) -> None:
    _put(pad, "damaged")
    (event,) = pad.of(d.ItemRead)
    assert isinstance(event.item, d.TagProblem)
    assert event.item.reason is d.Unreadable.DAMAGED


def test_random_bytes_on_the_wire_end_nothing_and_the_next_stack_is_read(pad: Bench) -> None:
    pad.peer.say("fault pad noise 40")
    _put(pad, BOOK)
    pad.peer.say("fault pad garble 0.5")
    pad.peer.say(f"put {OTHER}")
    pad.peer.say("heal pad")
    pad.last(d.ItemRead, 2)


def test_a_scanned_code_arrives_whole(peer: Peer) -> None:
    bench = Bench(peer, "scanner", "serial_scanner", port=peer.wires["scanner"])
    try:
        bench.last(d.DeviceUp)
        peer.say("scan 20000000000014")
        assert bench.last(d.CodeScanned).code.text == "20000000000014"
        peer.say("fault scanner split")
        peer.say("scan @ada")
        assert bench.last(d.CodeScanned, 2).code.text == "20000000000014"
        assert "20000000000014" not in repr(bench.told)
    finally:
        bench.worker.stop()
        peer.say("heal all")


def test_a_reader_unplugged_during_a_write_is_lost_and_read_again_when_it_is_back(pad: Bench) -> None:
    uid = _put(pad, BOOK)
    pad.peer.say("fault pad unplug_during on write_afi next 1")
    pad.worker.send(d.SetSecurity(1, uid, d.Security.ARMED))
    assert pad.last(d.SecuritySet).problem == "device_lost"
    pad.peer.say("plug pad")
    pad.last(d.DeviceUp, 2)
    pad.worker.send(d.SetSecurity(2, uid, d.Security.ARMED))
    assert pad.last(d.SecuritySet, 2).read_back is d.Security.ARMED


@pytest.mark.parametrize("fault", ["mute", "delay", "garble", "split", "truncate", "noise", "reply_twice"])
def test_after_any_fault_of_the_scanner_the_next_code_arrives_whole(peer: Peer, fault: str) -> None:
    bench = Bench(peer, "scanner", "serial_scanner", port=peer.wires["scanner"])
    try:
        bench.last(d.DeviceUp)
        peer.say(f"fault scanner {fault} next 1")
        peer.say("scan 29999000000018")
        peer.say("heal scanner")

        def arrived() -> bool:
            peer.say("scan 20000000000014")
            return any(event.code.text == "20000000000014" for event in bench.of(d.CodeScanned))

        wait_for(arrived, 10)
    finally:
        bench.worker.stop()
        peer.say("heal all")


PRINTER_FAULTS = (
    "mute",
    "answer_lost",
    "delay",
    "garble",
    "split",
    "truncate",
    "echo",
    "noise",
    "late_reply",
    "reply_twice",
)


@pytest.mark.parametrize("fault", PRINTER_FAULTS)
def test_after_any_fault_of_the_printers_line_a_receipt_comes_out(peer: Peer, fault: str) -> None:
    peer.say("take-receipts")
    peer.say(f"fault printer {fault} next 2")
    bench = Bench(peer, "printer", "escpos_serial", port=peer.wires["printer"], baud=38400)
    try:
        bench.last(d.PrinterChanged)
        peer.say("heal printer")
        wait_for(lambda: bench.of(d.PrinterChanged)[-1].status.online)
        bench.worker.send(d.PrintDocument(1, b"\x1b@a receipt\n\x1dV\x00"))
        assert bench.last(d.Printed).problem is None
        assert peer.say("printed")["receipts"][-1] == ["a receipt"]
    finally:
        bench.worker.stop()
        peer.say("heal all")


@pytest.mark.parametrize(
    ("fault", "problem"),
    [("cover_open", "cover_open"), ("cutter", "offline"), ("paper_low", None), ("unplug_during", "device_lost")],
)
def test_what_keeps_a_printer_from_printing_is_named(peer: Peer, fault: str, problem: str | None) -> None:
    bench = Bench(peer, "printer", "escpos_serial", port=peer.wires["printer"], baud=38400)
    try:
        bench.last(d.PrinterChanged)
        peer.say(f"fault printer {fault}")
        bench.worker.send(d.PrintDocument(1, b"\x1b@x\n\x1dV\x00"))
        assert bench.last(d.Printed).problem == problem
    finally:
        bench.worker.stop()
        peer.say("heal all")


def test_a_receipt_is_printed_once_or_the_problem_is_named(peer: Peer) -> None:
    peer.say("take-receipts")
    bench = Bench(peer, "printer", "escpos_serial", port=peer.wires["printer"], baud=38400)
    try:
        assert bench.last(d.PrinterChanged).status.paper is d.Paper.OK
        bench.worker.send(d.PrintDocument(1, b"\x1b@one line\n\x1dV\x00"))
        assert bench.last(d.Printed).problem is None
        assert peer.say("printed")["receipts"] == [["one line"]]
        peer.say("fault printer paper_out")
        wait_for(lambda: bench.of(d.PrinterChanged)[-1].status.paper is d.Paper.OUT)
        bench.worker.send(d.PrintDocument(2, b"\x1b@another\n\x1dV\x00"))
        assert bench.last(d.Printed, 2).problem == "no_paper"
        peer.say("heal printer")
        peer.say("unplug printer")
        bench.last(d.DeviceDown)
        bench.worker.send(d.PrintDocument(3, b"x"))
        assert bench.last(d.Printed, 3).problem == "device_lost"
        peer.say("plug printer")
        bench.last(d.DeviceUp, 2)
    finally:
        bench.worker.stop()
        peer.say("heal all")


def _take_card_away(peer: Peer) -> None:
    if peer.say("show")["card"]:
        peer.say("remove-card")


def test_a_patron_card_is_seen_once_and_a_random_number_is_refused(card_peer: Peer) -> None:
    peer = card_peer
    bench = Bench(peer, "card", "pcsc", reader=peer.wires["card_reader"])
    try:
        bench.last(d.DeviceUp)
        peer.say("present ada")
        assert bench.last(d.CardSeen).card.reveal() == "04A1B2C3"
        peer.say("remove-card")
        bench.last(d.CardGone)
        peer.say("present phone")
        assert bench.last(d.CardRefused).problem is d.CardProblem.RANDOM_UID
        peer.say("remove-card")
        bench.last(d.CardGone, 2)
        peer.say("pcscd restart")
        bench.last(d.DeviceUp, 2)
        peer.say("present ben")
        assert bench.last(d.CardSeen, 2).card.reveal() == "04A1B2C3D4E5F6"
        assert "04A1B2C3" not in repr(bench.told)
        assert len(bench.of(d.CardSeen)) == 2
        for fault in ("pull", "mute"):
            _take_card_away(peer)
            peer.say(f"fault card {fault} next 1")
            peer.say("present kim")
            told = len(bench.told)
            wait_for(lambda told=told: len(bench.told) > told, 10, fault)  # type: ignore[misc]
            peer.say("heal all")
            _take_card_away(peer)
            wait_for(lambda: not isinstance(bench.told[-1], d.CardSeen | d.CardRefused), 10, fault)
            seen = len(bench.of(d.CardSeen))
            peer.say("present kim")
            wait_for(lambda seen=seen: len(bench.of(d.CardSeen)) > seen, 10, fault)  # type: ignore[misc]
        assert {event.card.reveal() for event in bench.of(d.CardSeen)} == {"04A1B2C3", "04A1B2C3D4E5F6", "0411AA22"}
    finally:
        bench.worker.stop()
