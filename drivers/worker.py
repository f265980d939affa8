"""One thread for each device: owns the port, polls, carries out commands, reconnects, and tells the core.

Responsible for threads, deadlines and reconnecting, and for folding looks at the pad into tags that came and went. An
error of the device is told once per loss; an error of ours is told and logged, and the thread goes on. Not responsible
for bytes (devices) or for what follows from an event (the core).
"""

from __future__ import annotations

import logging
import queue
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Generic, TypeVar

from drivers.api import (
    BarcodeScanner,
    CardReader,
    CodeScanned,
    DeviceCommand,
    DeviceDown,
    DeviceError,
    DeviceEvent,
    DeviceInfo,
    DeviceRefused,
    DeviceUp,
    Inventory,
    ItemRead,
    ItemTag,
    LinkError,
    Paper,
    PrintDocument,
    Printed,
    PrinterChanged,
    PrinterStatus,
    ReadAgain,
    ReceiptPrinter,
    RfidReader,
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
from drivers.devices.registry import DRIVERS

log = logging.getLogger(__name__)

Post = Callable[[DeviceEvent], None]
BACK_OFF = (0.2, 0.5, 1.0, 2.0, 5.0)  # seconds before the first, second ... further try to open again
COMMAND_SECONDS = 5.0
LOOK_SECONDS = 3.0
PRINT_SECONDS = 30.0
MISSED_LOOKS = 3  # complete inventories without a tag until it has left
READ_TRIES = 3  # looks at a tag that will not be read until it is a problem


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
        post: takes events; called in this thread.
        rhythm: how often.
    """

    def __init__(self, name: str, device: D, post: Post, rhythm: Rhythm) -> None:
        self.name = name
        self._device = device
        self._post = post
        self._rhythm = rhythm
        self._queue: queue.SimpleQueue[DeviceCommand | _Stop] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name)
        self._down = False

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the command in hand, and close the device."""
        self._queue.put(_Stop())
        if self._thread.is_alive():
            self._thread.join()

    def send(self, command: DeviceCommand) -> None:
        """Queue a command; each is answered by exactly one event, also when the device is away."""
        self._queue.put(command)

    # --- the thread ---

    def _run(self) -> None:
        attempt = 0
        while True:
            try:
                info = self._device.open()
            except Exception as error:  # noqa: BLE001 - whatever it is: the device is away, and is tried again
                self._away(error)
                if not self._wait_closed(BACK_OFF[min(attempt, len(BACK_OFF) - 1)]):
                    return
                attempt += 1
                continue
            attempt = 0
            self._is_up(info)
            ended = self._serve()
            self._device.close()
            if ended:
                return

    def _serve(self) -> bool:
        """Work with the open device until it fails (False) or the worker is stopped (True)."""
        while True:
            try:
                command = self._next()
                if isinstance(command, _Stop):
                    return True
                if command is not None:
                    self._carry_out(command)
                else:
                    self._poll()
            except Exception as error:  # noqa: BLE001 - never a silent death
                self._away(error)
                return False

    def _next(self) -> DeviceCommand | _Stop | None:
        try:
            return self._queue.get(timeout=self._pause()) if self._pause() else self._queue.get_nowait()
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

    def _is_up(self, info: DeviceInfo) -> None:
        if self._down:
            log.info("%s is back", self.name)
        self._down = False
        self._post(DeviceUp(self.name, info))
        self._opened()

    def _away(self, error: Exception) -> None:
        reason = reason_of(error)
        if reason == FAULT:
            log.error("%s: an error of ours", self.name, exc_info=error)
        if not self._down:
            log.warning("%s is away (%s): %s", self.name, reason, error)
            self._post(DeviceDown(self.name, reason, str(error)))
        self._down = True

    # --- what kinds of devices do differently ---

    @abstractmethod
    def _pause(self) -> float:
        """How long to wait for a command before the next poll."""

    @abstractmethod
    def _poll(self) -> None:
        """Look once. Raises DeviceError."""

    def _opened(self) -> None:
        """The device was opened (again)."""

    def _carry_out(self, command: DeviceCommand) -> None:
        """Carry out a command. Raises DeviceError after its answer was posted."""
        self._refuse(command)

    def _refuse(self, command: DeviceCommand) -> None:
        """Answer a command that cannot be carried out: the device is away."""
        match command:
            case SetSecurity(request, uid, to):
                self._post(SecuritySet(self.name, request, uid, to, None, "device_lost"))
            case PrintDocument(request, _):
                self._post(Printed(self.name, request, "device_lost"))
            case ReadAgain(uid):
                self._post(ItemRead(self.name, TagProblem(uid, Unreadable.LOST, None, "the reader is away")))


@dataclass(slots=True)
class _Seen:
    """One tag on the pad: looks it was missing in, and whether its data were told; ``tries`` failed so far."""

    missed: int = 0
    told: bool = False
    tries: int = 0


@dataclass(slots=True)
class _PadState:
    """What was told of the pad. Kept over a reconnect, so that leftovers stay leftovers."""

    tags: dict[TagUid, _Seen] = field(default_factory=dict)
    unresolved: int = 0


class PadWorker(Worker[RfidReader]):
    """A pad: looks again and again, reads each new tag once per visit, writes bits before anything else."""

    def __init__(self, name: str, device: RfidReader, post: Post, rhythm: Rhythm) -> None:
        super().__init__(name, device, post, rhythm)
        self._pad = _PadState()

    def _pause(self) -> float:
        return 0.0 if self._unread() is not None else self._rhythm.pad

    def _poll(self) -> None:
        uid = self._unread()
        if uid is not None:
            self._read(uid)
        else:
            self._look(self._device.inventory(monotonic() + LOOK_SECONDS))

    def _unread(self) -> TagUid | None:
        return next((uid for uid, seen in self._pad.tags.items() if not seen.told and not seen.missed), None)

    def _look(self, look: Inventory) -> None:
        entered = tuple(sorted(uid for uid in look.uids if uid not in self._pad.tags))
        left = []
        for uid, seen in self._pad.tags.items():
            if uid in look.uids:
                seen.missed = 0
            elif look.complete:
                seen.missed += 1
                if seen.missed >= MISSED_LOOKS:
                    left.append(uid)
        for uid in left:
            del self._pad.tags[uid]
        for uid in entered:
            self._pad.tags[uid] = _Seen()
        if entered or left or look.unresolved != self._pad.unresolved:
            self._pad.unresolved = look.unresolved
            self._post(TagsChanged(self.name, entered, tuple(left), look.unresolved))

    def _read(self, uid: TagUid) -> None:
        seen = self._pad.tags[uid]
        found = self._device.read_item(uid, monotonic() + COMMAND_SECONDS)
        if isinstance(found, TagProblem) and found.reason is Unreadable.LOST and seen.tries < READ_TRIES:
            seen.tries += 1
            seen.missed = 1  # looked for again before it is read again
            return
        seen.told = True
        self._post(ItemRead(self.name, found))

    def _carry_out(self, command: DeviceCommand) -> None:
        match command:
            case SetSecurity():
                self._set_security(command)
            case ReadAgain(uid):
                found: ItemTag | TagProblem = self._device.read_item(uid, monotonic() + COMMAND_SECONDS)
                self._post(ItemRead(self.name, found))
            case _:
                self._refuse(command)

    def _set_security(self, command: SetSecurity) -> None:
        uid, to = command.uid, command.to
        answer = SecuritySet(self.name, command.request, uid, to, None, "tag_lost")
        if uid not in self._pad.tags:
            self._post(answer)
            return
        try:
            back = self._device.set_security(uid, to, monotonic() + COMMAND_SECONDS)
        except TagLost:
            self._post(answer)
        except DeviceRefused:
            self._post(SecuritySet(self.name, command.request, uid, to, None, "not_readable"))
        except DeviceError:
            self._refuse(command)
            raise
        else:
            problem = None if back is to else "not_written"
            self._post(SecuritySet(self.name, command.request, uid, to, back, problem))


class CardWorker(Worker[CardReader]):
    """A card reader: the device folds touches into events."""

    def _pause(self) -> float:
        return 0.0

    def _poll(self) -> None:
        event = self._device.wait(self._rhythm.wait)
        if event is not None:
            self._post(event)


class ScannerWorker(Worker[BarcodeScanner]):
    """A barcode scanner."""

    def _pause(self) -> float:
        return 0.0

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

    def _carry_out(self, command: DeviceCommand) -> None:
        if not isinstance(command, PrintDocument):
            self._refuse(command)
            return
        try:
            status = self._device.print(command.document, monotonic() + PRINT_SECONDS)
        except LinkError:
            self._refuse(command)
            raise
        except DeviceError:
            self._post(Printed(self.name, command.request, "offline"))
            return
        self._tell(status)
        self._post(Printed(self.name, command.request, None if can_print(status) else _problem(status)))


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
