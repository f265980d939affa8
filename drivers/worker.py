"""One thread for each device: owns the port, polls, carries out commands, reconnects, and tells the core.

Responsible for threads, deadlines and reconnecting. An error of the device is told once per loss; an error of ours is
told and logged, and the thread goes on. Not responsible for bytes (devices), for which tags came and went (visits) or
for what follows from an event (the core).
"""

from __future__ import annotations

import logging
import queue
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any, Generic, TypeVar

from drivers.api import (
    BarcodeScanner,
    CardReader,
    CodeScanned,
    DeviceCommand,
    DeviceDown,
    DeviceEvent,
    DeviceInfo,
    DeviceRefused,
    DeviceUp,
    ItemRead,
    Paper,
    PrintDocument,
    Printed,
    PrinterChanged,
    PrinterStatus,
    ProtocolError,
    ReadAgain,
    ReceiptPrinter,
    RfidReader,
    Security,
    SecuritySet,
    SetSecurity,
    TagLost,
    TagProblem,
    TagsChanged,
    TagUid,
    Unreadable,
)
from drivers.devices.escpos_printer import can_print
from drivers.devices.reasons import FAULT, reason_of
from drivers.devices.refusals import NotReadable
from drivers.devices.registry import DRIVERS
from drivers.devices.visits import Visits
from drivers.links.trace import describe

log = logging.getLogger(__name__)

Post = Callable[[DeviceEvent], None]
BACK_OFF = (0.2, 0.5, 1.0, 2.0, 5.0)  # seconds before the first, second ... further try to open again
COMMAND_SECONDS = 5.0
LOOK_SECONDS = 3.0
PRINT_SECONDS = 30.0
READING_SECONDS = 0.6  # longest time spent on reading new tags before the pad is looked at again


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Pauses in seconds: between two looks at the pad, of one wait for a card or code, between two printer states."""

    pad: float = 0.15
    wait: float = 0.25
    printer: float = 5.0


class _Stop:
    """Ends the thread."""


D = TypeVar("D", bound=Any)


class Worker(ABC, Generic[D]):
    """One device's thread.

    Args:
        name: of the device in the configuration.
        device: closed; opened and used by this thread only.
        post: takes events; called in this thread, and by ``send`` once the worker has ended.
        rhythm: how often.
    """

    def __init__(self, name: str, device: D, post: Post, rhythm: Rhythm) -> None:
        self.name = name
        self._device = device
        self._give = post
        self._rhythm = rhythm
        self._queue: queue.SimpleQueue[DeviceCommand | _Stop] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name)
        self._door = threading.Lock()
        self._ended = False
        self._down = False
        self._failures = 0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the command in hand, close the device, answer what is still queued."""
        self._queue.put(_Stop())
        if self._thread.is_alive():
            self._thread.join()
        self._close_the_door()

    def send(self, command: DeviceCommand) -> None:
        """Queue a command; each is answered by exactly one event, also when the device is away or the worker ended."""
        with self._door:
            if not self._ended:
                self._queue.put(command)
                return
        self._refuse(command)

    # --- the thread ---

    def _run(self) -> None:
        while self._turn():
            pass
        self._close()
        self._close_the_door()

    def _turn(self) -> bool:
        """Open, work until something fails, wait. False when the worker is stopped."""
        try:
            self._is_up(self._device.open())
            while True:
                command = self._next()
                if isinstance(command, _Stop):
                    return False
                if command is None:
                    self._poll()
                else:
                    self._carry_out(command)
                self._failures = 0
        except Exception as error:  # noqa: BLE001 - never a silent death
            self._away(error)
        self._close()
        self._failures += 1
        return self._wait_closed(BACK_OFF[min(self._failures, len(BACK_OFF)) - 1])

    def _next(self) -> DeviceCommand | _Stop | None:
        """The next command; None when it is time to poll."""
        pause = self._pause()
        try:
            return self._queue.get(timeout=pause) if pause > 0 else self._queue.get_nowait()
        except queue.Empty:
            return None

    def _wait_closed(self, seconds: float) -> bool:
        """Wait before the next try; commands are answered meanwhile. False when the worker is stopped."""
        end = monotonic() + seconds
        while (left := end - monotonic()) > 0:
            try:
                command = self._queue.get(timeout=left)
            except queue.Empty:
                break
            if isinstance(command, _Stop):
                return False
            self._refuse(command)
        return True

    def _close_the_door(self) -> None:
        """Nothing is queued from now on; what is queued is answered."""
        with self._door:
            self._ended = True
        while not self._queue.empty():
            command = self._queue.get_nowait()
            if not isinstance(command, _Stop):
                self._refuse(command)

    def _close(self) -> None:
        try:
            self._device.close()
        except Exception:
            log.exception("%s: closing failed", self.name)

    def _post(self, event: DeviceEvent) -> None:
        """Tell an event; one that nobody takes is logged by its kind and must not end the thread."""
        try:
            self._give(event)
        except Exception:
            log.exception("%s: %s was not taken", self.name, type(event).__name__)

    def _is_up(self, info: DeviceInfo) -> None:
        if self._down:
            log.info("%s is back", self.name)
        self._down = False
        self._post(DeviceUp(self.name, info))
        self._opened()

    def _away(self, error: Exception) -> None:
        reason, detail = reason_of(error), describe(error)
        if reason == FAULT:
            log.error("%s: an error of ours", self.name, exc_info=error)
        if not self._down:
            log.warning("%s is away (%s): %s", self.name, reason, detail)
            self._post(DeviceDown(self.name, reason, detail))
        self._down = True

    def _carry_out(self, command: DeviceCommand) -> None:
        """Carry out a command and answer it, whatever happens; an error goes on to whoever takes the device down."""
        answer = None
        try:
            answer = self._answer(command)
        finally:
            if answer is None:
                self._refuse(command)
            else:
                self._post(answer)

    # --- what kinds of devices do differently ---

    @abstractmethod
    def _pause(self) -> float:
        """How long to wait for a command before the next poll."""

    @abstractmethod
    def _poll(self) -> None:
        """Look once. Raises DeviceError."""

    @abstractmethod
    def _opened(self) -> None:
        """The device was opened (again)."""

    def _answer(self, command: DeviceCommand) -> DeviceEvent | None:
        """Carry out a command; None if it is not for this kind of device. Raises DeviceError."""
        return None

    def _refuse(self, command: DeviceCommand) -> None:
        """Answer a command that cannot be carried out: the device is away."""
        match command:
            case SetSecurity(request, uid, to):
                self._post(SecuritySet(self.name, request, uid, to, None, "device_lost"))
            case PrintDocument(request, _):
                self._post(Printed(self.name, request, "device_lost"))
            case ReadAgain(uid):
                self._post(ItemRead(self.name, TagProblem(uid, Unreadable.LOST, None, "the reader is away")))


class PadWorker(Worker[RfidReader]):
    """A pad: looks again and again, reads each new tag once per visit, writes bits before anything else."""

    def __init__(self, name: str, device: RfidReader, post: Post, rhythm: Rhythm) -> None:
        super().__init__(name, device, post, rhythm)
        self._visits = Visits()
        self._look_at = self._read_until = 0.0

    def _opened(self) -> None:
        self._look_at = self._read_until = 0.0

    def _pause(self) -> float:
        return 0.0 if self._visits.unread() is not None else self._look_at - monotonic()

    def _poll(self) -> None:
        uid = self._visits.unread()
        if uid is not None and monotonic() < self._read_until:
            self._read(uid)
            return
        change = self._visits.look(self._device.inventory(monotonic() + LOOK_SECONDS))
        now = monotonic()
        self._look_at, self._read_until = now + self._rhythm.pad, now + READING_SECONDS
        if change is not None:
            self._post(TagsChanged(self.name, change.entered, change.left, change.unresolved))

    def _read(self, uid: TagUid) -> None:
        found = self._device.read_item(uid, monotonic() + COMMAND_SECONDS)
        silent = isinstance(found, TagProblem) and found.reason is Unreadable.LOST
        if silent and not self._visits.failed(uid):
            return
        self._visits.told(uid)
        self._post(ItemRead(self.name, found))

    def _answer(self, command: DeviceCommand) -> DeviceEvent | None:
        match command:
            case SetSecurity(request, uid, to):
                read_back, problem = self._set_security(uid, to)
                return SecuritySet(self.name, request, uid, to, read_back, problem)
            case ReadAgain(uid):
                return ItemRead(self.name, self._device.read_item(uid, monotonic() + COMMAND_SECONDS))
            case _:
                return None

    def _set_security(self, uid: TagUid, to: Security) -> tuple[Security | None, str | None]:
        """What was read back, and the problem if it is not what was wanted. Raises DeviceError for the line."""
        if uid not in self._visits:
            return None, "tag_lost"
        try:
            back = self._device.set_security(uid, to, monotonic() + COMMAND_SECONDS)
        except TagLost:
            return None, "tag_lost"
        except NotReadable:
            return None, "not_readable"
        except DeviceRefused:
            return None, "not_written"
        return back, None if back is to else "not_written"


class _Listener(Worker[D]):
    """A device that speaks when it likes: its own wait is the pause."""

    def _opened(self) -> None:
        """Whatever is there will be told as an event."""

    def _pause(self) -> float:
        return 0.0


class CardWorker(_Listener[CardReader]):
    """A card reader: the device folds touches into events."""

    def _poll(self) -> None:
        event = self._device.wait(self._rhythm.wait)
        if event is not None:
            self._post(event)


class ScannerWorker(_Listener[BarcodeScanner]):
    """A barcode scanner."""

    def _poll(self) -> None:
        code = self._device.wait(self._rhythm.wait)
        if code is not None:
            self._post(CodeScanned(self.name, code))


class PrinterWorker(Worker[ReceiptPrinter]):
    """A receipt printer: its state is asked for now and then, so that a receipt is only promised if it can come."""

    def __init__(self, name: str, device: ReceiptPrinter, post: Post, rhythm: Rhythm) -> None:
        super().__init__(name, device, post, rhythm)
        self._status: PrinterStatus | None = None

    def _pause(self) -> float:
        return self._rhythm.printer if self._status is not None else 0.0

    def _opened(self) -> None:
        self._status = None

    def _poll(self) -> None:
        self._tell(self._device.status(monotonic() + COMMAND_SECONDS))

    def _tell(self, status: PrinterStatus) -> None:
        if status != self._status:
            self._status = status
            self._post(PrinterChanged(self.name, status))

    def _answer(self, command: DeviceCommand) -> DeviceEvent | None:
        if not isinstance(command, PrintDocument):
            return None
        try:
            status = self._device.print(command.document, monotonic() + PRINT_SECONDS)
        except ProtocolError:
            return Printed(self.name, command.request, "offline")
        self._tell(status)
        return Printed(self.name, command.request, None if can_print(status) else _problem(status))


def _problem(status: PrinterStatus) -> str:
    if status.cover_open:
        return "cover_open"
    return "no_paper" if status.paper is Paper.OUT else "offline"


WORKERS: Mapping[str, type[Worker[Any]]] = {
    "pad": PadWorker,
    "card": CardWorker,
    "scanner": ScannerWorker,
    "printer": PrinterWorker,
}


def make_worker(
    name: str, driver: str, options: Mapping[str, object], post: Post, rhythm: Rhythm | None = None
) -> Worker[Any]:
    """Build a worker for a configured device; nothing is opened yet.

    Raises:
        OptionsError: the options are wrong.
        KeyError: there is no such driver.
    """
    known = DRIVERS[driver]
    return WORKERS[known.section](name, known(options, name), post, rhythm or Rhythm())
