"""What holds for every worker: one answer a command, one event a loss, never a silent death."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

import pytest

from drivers import api as d
from drivers.devices.refusals import NotReadable
from drivers.worker import PadWorker, PrinterWorker, Rhythm, ScannerWorker, Worker
from tests.waiting import wait_for

A, B = (d.TagUid.from_hex(f"E00401015000000{number}") for number in (1, 2))
FAST = Rhythm(pad=0.005, wait=0.005, printer=0.01)
FINE = d.PrinterStatus(online=True, cover_open=False, paper=d.Paper.OK)


def _item(uid: d.TagUid) -> d.ItemTag:
    return d.ItemTag(uid, "1", 1, 1, None, d.Security.ARMED, None, "iso28560-3", 1)


class Pad:
    """A pad in memory. Each of its doings may be replaced by the test."""

    def __init__(self) -> None:
        self.tags: set[d.TagUid] = set()
        self.done: list[str] = []
        self.opening: Callable[[], None] = lambda: None
        self.looking: Callable[[], d.Inventory] = lambda: d.Inventory(frozenset(self.tags), complete=True)
        self.reading: Callable[[d.TagUid], d.ItemTag | d.TagProblem] = _item
        self.setting: Callable[[d.Security], d.Security] = lambda to: to
        self.is_open = False

    def open(self) -> d.DeviceInfo:
        self.done.append("open")
        self.opening()
        self.is_open = True
        return d.DeviceInfo("pad", "1")

    def inventory(self, deadline: float) -> d.Inventory:
        assert deadline > monotonic()
        self.done.append("look")
        return self.looking()

    def read_item(self, uid: d.TagUid, deadline: float) -> d.ItemTag | d.TagProblem:
        assert deadline > monotonic()
        self.done.append("read")
        return self.reading(uid)

    def set_security(self, uid: d.TagUid, to: d.Security, deadline: float) -> d.Security:
        assert deadline > monotonic()
        self.done.append("set")
        return self.setting(to)

    def close(self) -> None:
        self.is_open = False


class Bench:
    """A worker and what it told."""

    def __init__(self, make: Callable[[Callable[[d.DeviceEvent], None]], Worker[Any]]) -> None:
        self.told: list[Any] = []
        self.worker = make(self.told.append)

    def of(self, kind: type) -> list[Any]:
        return [event for event in list(self.told) if isinstance(event, kind)]

    def last(self, kind: type, count: int = 1) -> Any:
        return wait_for(lambda: len(self.of(kind)) >= count and self.of(kind)[-1], 5, kind.__name__)


@pytest.fixture
def device() -> Pad:
    return Pad()


@pytest.fixture
def pad(device: Pad) -> Iterator[Bench]:
    bench = Bench(lambda post: PadWorker("pad", device, post, FAST))
    bench.worker.start()
    yield bench
    bench.worker.stop()
    assert not device.is_open


def _raise(error: BaseException) -> Callable[..., Any]:
    def act(*_: object) -> Any:
        raise error

    return act


def _put(pad: Bench, device: Pad, *uids: d.TagUid) -> None:
    device.tags = set(uids)
    pad.last(d.ItemRead, len(uids))


# --- commands ---------------------------------------------------------------------------------------------------------


def _lose(device: Pad) -> Callable[[d.Security], d.Security]:
    def act(_: d.Security) -> d.Security:
        device.tags.clear()
        raise d.TagLost("gone")

    return act


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (d.TagLost("x"), "tag_lost"),
        (NotReadable(0x95, "x"), "not_readable"),
        (d.DeviceRefused(0x03, "x"), "not_written"),
        (d.LinkLost("x"), "device_lost"),
        (d.LinkTimeout("x"), "device_lost"),
        (d.RemoteProtocolError("x"), "device_lost"),
        (RuntimeError("ours"), "device_lost"),
    ],
)
def test_a_write_is_answered_once_whatever_goes_wrong(pad: Bench, device: Pad, error: Exception, problem: str) -> None:
    _put(pad, device, A)
    device.setting = _raise(error)
    pad.worker.send(d.SetSecurity(4, A, d.Security.DISARMED))
    assert pad.last(d.SecuritySet) == d.SecuritySet("pad", 4, A, d.Security.DISARMED, None, problem)
    device.setting = lambda to: to
    pad.worker.send(d.SetSecurity(5, A, d.Security.ARMED))
    wait_for(lambda: len(pad.of(d.SecuritySet)) == 2)
    assert [answer.request for answer in pad.of(d.SecuritySet)] == [4, 5]


def test_a_bit_that_reads_back_otherwise_is_not_written(pad: Bench, device: Pad) -> None:
    _put(pad, device, A)
    device.setting = lambda _: d.Security.ARMED
    pad.worker.send(d.SetSecurity(1, A, d.Security.DISARMED))
    answer = pad.last(d.SecuritySet)
    assert (answer.read_back, answer.problem) == (d.Security.ARMED, "not_written")


def test_a_tag_that_is_not_on_the_pad_is_never_written(pad: Bench, device: Pad) -> None:
    pad.worker.send(d.SetSecurity(1, B, d.Security.DISARMED))
    assert pad.last(d.SecuritySet).problem == "tag_lost"
    assert "set" not in device.done


def test_commands_come_before_looks_and_reads(device: Pad) -> None:
    bench = Bench(lambda post: PadWorker("pad", device, post, FAST))
    looked = threading.Event()
    go_on = threading.Event()

    def look_once() -> d.Inventory:
        looked.set()
        go_on.wait(5)
        return d.Inventory(frozenset({A, B}), complete=True)

    device.looking = look_once
    bench.worker.start()
    looked.wait(5)
    bench.worker.send(d.SetSecurity(1, A, d.Security.ARMED))
    bench.worker.send(d.SetSecurity(2, B, d.Security.ARMED))
    go_on.set()
    bench.last(d.SecuritySet, 2)
    bench.last(d.ItemRead, 2)
    bench.worker.stop()
    assert device.done[:6] == ["open", "look", "set", "set", "read", "read"]


def test_a_tag_can_be_read_again(pad: Bench, device: Pad) -> None:
    _put(pad, device, A)
    pad.worker.send(d.ReadAgain(A))
    assert pad.last(d.ItemRead, 2).item == _item(A)


def test_a_command_for_another_device_is_answered_too(pad: Bench) -> None:
    pad.worker.send(d.PrintDocument(9, b"x"))
    assert pad.last(d.Printed) == d.Printed("pad", 9, "device_lost")


COMMANDS: tuple[d.DeviceCommand, ...] = (
    d.SetSecurity(1, A, d.Security.ARMED),
    d.ReadAgain(A),
    d.PrintDocument(2, b"x"),
)


def _refusals(bench: Bench) -> list[str]:
    return [type(event).__name__ for event in bench.told if not isinstance(event, d.DeviceUp | d.DeviceDown)]


def test_commands_are_answered_while_the_device_is_away(device: Pad) -> None:
    device.opening = _raise(d.LinkLost("not there"))
    bench = Bench(lambda post: PadWorker("pad", device, post, FAST))
    bench.worker.start()
    bench.last(d.DeviceDown)
    for command in COMMANDS:
        bench.worker.send(command)
    wait_for(lambda: len(_refusals(bench)) == 3)
    bench.worker.stop()
    assert _refusals(bench) == ["SecuritySet", "ItemRead", "Printed"]


def test_commands_are_answered_by_a_worker_that_was_stopped_or_never_started(device: Pad) -> None:
    bench = Bench(lambda post: PadWorker("pad", device, post, FAST))
    bench.worker.send(COMMANDS[0])
    bench.worker.stop()
    for command in COMMANDS[1:]:
        bench.worker.send(command)
    assert _refusals(bench) == ["SecuritySet", "ItemRead", "Printed"]


def test_commands_still_queued_when_it_ends_are_answered(device: Pad) -> None:
    looked, go_on = threading.Event(), threading.Event()

    def look() -> d.Inventory:
        looked.set()
        go_on.wait(5)
        return d.Inventory(frozenset(), complete=True)

    device.looking = look
    bench = Bench(lambda post: PadWorker("pad", device, post, FAST))
    bench.worker.start()
    looked.wait(5)
    stopping = threading.Thread(target=bench.worker.stop)
    stopping.start()
    wait_for(lambda: not bench.worker._queue.empty())
    bench.worker.send(COMMANDS[0])
    go_on.set()
    stopping.join(5)
    assert _refusals(bench) == ["SecuritySet"]


# --- the pad ----------------------------------------------------------------------------------------------------------


def test_a_tag_that_flickers_is_read_when_it_is_there_again(pad: Bench, device: Pad) -> None:
    lost = d.TagProblem(A, d.Unreadable.LOST, None, "x")
    answers = iter([lost, lost])
    device.reading = lambda uid: next(answers, _item(uid))
    _put(pad, device, A)
    assert pad.of(d.ItemRead) == [d.ItemRead("pad", _item(A))]


def test_a_tag_that_stays_silent_is_told_as_a_problem_once(pad: Bench, device: Pad) -> None:
    device.reading = lambda uid: d.TagProblem(uid, d.Unreadable.LOST, None, "x")
    _put(pad, device, A)
    looks = device.done.count("look")
    wait_for(lambda: device.done.count("look") > looks + 5)
    assert [event.item.reason for event in pad.of(d.ItemRead)] == [d.Unreadable.LOST]


def test_what_lies_there_before_and_after_a_loss_does_not_come_anew(pad: Bench, device: Pad) -> None:
    _put(pad, device, A)
    device.looking = _raise(d.LinkLost("unplugged"))
    pad.last(d.DeviceDown)
    device.tags = {A, B}
    device.looking = lambda: d.Inventory(frozenset(device.tags), complete=True)
    pad.last(d.DeviceUp, 2)
    pad.last(d.ItemRead, 2)
    assert [event.entered for event in pad.of(d.TagsChanged)] == [(A,), (B,)]
    device.tags = {B}
    wait_for(lambda: pad.of(d.TagsChanged)[-1].left == (A,))


def test_a_long_reading_is_broken_off_for_a_look(device: Pad, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drivers.worker.READING_SECONDS", 0.0)
    device.tags = {A, B}
    bench = Bench(lambda post: PadWorker("pad", device, post, FAST))
    bench.worker.start()
    wait_for(lambda: device.done.count("look") > 3)
    monkeypatch.setattr("drivers.worker.READING_SECONDS", 1.0)
    bench.last(d.ItemRead, 2)
    bench.worker.stop()


# --- losses and faults ------------------------------------------------------------------------------------------------


def test_a_loss_is_told_once_and_so_is_the_return(pad: Bench, device: Pad, caplog: pytest.LogCaptureFixture) -> None:
    pad.last(d.DeviceUp)
    device.opening = device.looking = _raise(d.LinkLost("unplugged"))
    pad.last(d.DeviceDown)
    tries = device.done.count("open")
    wait_for(lambda: device.done.count("open") >= tries + 2)
    device.opening = lambda: None
    device.looking = lambda: d.Inventory(frozenset(), complete=True)
    pad.last(d.DeviceUp, 2)
    assert len(pad.of(d.DeviceDown)) == 1
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) <= 2


def test_the_last_frames_are_told_with_a_loss(pad: Bench, device: Pad) -> None:
    error = d.LinkTimeout("no answer")
    error.add_note("last frames: -> 05")
    device.looking = _raise(error)
    assert pad.last(d.DeviceDown) == d.DeviceDown("pad", "silent", "no answer | last frames: -> 05")


def test_a_device_that_opens_and_fails_at_once_is_not_tried_in_a_hot_loop(device: Pad) -> None:
    device.looking = _raise(d.LinkTimeout("mute"))
    bench = Bench(lambda post: PadWorker("pad", device, post, FAST))
    bench.worker.start()
    bench.last(d.DeviceDown, 2)
    start, opened = monotonic(), device.done.count("open")
    wait_for(lambda: device.done.count("open") > opened)
    bench.worker.stop()
    assert monotonic() - start > 0.2


def test_an_error_of_ours_is_told_and_logged_and_the_worker_goes_on(
    pad: Bench, device: Pad, caplog: pytest.LogCaptureFixture
) -> None:
    pad.last(d.DeviceUp)
    device.looking = _raise(ZeroDivisionError("ours"))
    assert pad.last(d.DeviceDown).reason == "fault"
    device.looking = lambda: d.Inventory(frozenset(device.tags), complete=True)
    _put(pad, device, A)
    assert any(record.exc_info for record in caplog.records)


def test_a_core_that_takes_no_event_and_a_device_that_will_not_close_end_nothing(
    device: Pad, caplog: pytest.LogCaptureFixture
) -> None:
    device.close = _raise(OSError("stuck"))  # type: ignore[method-assign]
    worker = PadWorker("pad", device, _raise(RuntimeError("full")), FAST)
    worker.start()
    wait_for(lambda: device.done.count("look") > 3)
    device.looking = _raise(d.LinkLost("x"))
    wait_for(lambda: device.done.count("open") > 1)
    worker.stop()
    assert any("closing failed" in record.getMessage() for record in caplog.records)


def test_a_worker_stops_at_once_while_it_waits_to_open_again(device: Pad) -> None:
    device.opening = _raise(d.LinkLost("x"))
    bench = Bench(lambda post: PadWorker("pad", device, post, FAST))
    bench.worker.start()
    wait_for(lambda: device.done.count("open") >= 4)  # by now it waits 2 s
    start = monotonic()
    bench.worker.stop()
    assert monotonic() - start < 1


# --- printer and scanner ----------------------------------------------------------------------------------------------


class Printer:
    """A printer in memory."""

    def __init__(self) -> None:
        self.state = FINE
        self.printing: Callable[[], d.PrinterStatus] = lambda: self.state

    def open(self) -> d.DeviceInfo:
        return d.DeviceInfo("printer", "")

    def status(self, deadline: float) -> d.PrinterStatus:
        assert deadline > monotonic()
        return self.state

    def print(self, document: bytes, deadline: float) -> d.PrinterStatus:
        assert document
        assert deadline > monotonic()
        return self.printing()

    def close(self) -> None:
        """Nothing to close."""


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (FINE, None),
        (d.PrinterStatus(online=False, cover_open=False, paper=d.Paper.OK), "offline"),
        (d.PrinterStatus(online=False, cover_open=True, paper=d.Paper.OUT), "cover_open"),
        (d.PrinterStatus(online=False, cover_open=False, paper=d.Paper.OUT), "no_paper"),
        (d.PrinterStatus(online=True, cover_open=False, paper=d.Paper.LOW), None),
    ],
)
def test_a_receipt_is_answered_with_what_the_printer_says(status: d.PrinterStatus, problem: str | None) -> None:
    printer = Printer()
    printer.printing = lambda: status
    bench = Bench(lambda post: PrinterWorker("printer", printer, post, Rhythm(printer=60)))
    bench.worker.start()
    bench.last(d.PrinterChanged)
    bench.worker.send(d.PrintDocument(3, b"receipt"))
    assert bench.last(d.Printed) == d.Printed("printer", 3, problem)
    bench.worker.stop()
    assert bench.of(d.PrinterChanged)[-1].status == status


@pytest.mark.parametrize(
    ("error", "problem"), [(d.RemoteProtocolError("x"), "offline"), (d.LinkTimeout("x"), "device_lost")]
)
def test_a_receipt_that_fails_is_answered(error: Exception, problem: str) -> None:
    printer = Printer()
    printer.printing = _raise(error)
    bench = Bench(lambda post: PrinterWorker("printer", printer, post, FAST))
    bench.worker.start()
    bench.worker.send(d.PrintDocument(3, b"receipt"))
    assert bench.last(d.Printed).problem == problem
    bench.worker.send(d.ReadAgain(A))
    bench.last(d.ItemRead)
    bench.worker.stop()


def test_a_printers_state_is_told_when_it_changes_only() -> None:
    printer = Printer()
    bench = Bench(lambda post: PrinterWorker("printer", printer, post, FAST))
    bench.worker.start()
    bench.last(d.PrinterChanged)
    printer.state = d.PrinterStatus(online=True, cover_open=False, paper=d.Paper.LOW)
    bench.last(d.PrinterChanged, 2)
    bench.worker.stop()
    assert len(bench.of(d.PrinterChanged)) == 2


class Scanner:
    """A scanner in memory."""

    def __init__(self) -> None:
        self.codes = [d.ScannedCode("1234")]

    def open(self) -> d.DeviceInfo:
        return d.DeviceInfo("scanner", "")

    def wait(self, timeout: float) -> d.ScannedCode | None:
        threading.Event().wait(timeout)
        return self.codes.pop() if self.codes else None

    def close(self) -> None:
        """Nothing to close."""


def test_a_scanned_code_is_told_and_a_command_to_a_scanner_is_answered() -> None:
    bench = Bench(lambda post: ScannerWorker("scanner", Scanner(), post, FAST))
    bench.worker.start()
    assert bench.last(d.CodeScanned).code.text == "1234"
    bench.worker.send(d.PrintDocument(1, b"x"))
    bench.last(d.Printed)
    bench.worker.stop()
