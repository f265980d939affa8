"""The core's thread: takes messages from the inbox, steps the pure core, carries out its effects in order.

Responsible for "nothing after a Record before it is durable" and for that no exception is a silent death.
Not responsible for what follows from a message (session).
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from drivers.api import DeviceCommand, PrintDocument, Printed, SecuritySet, SetSecurity
from kiosk import effects as e
from kiosk import messages as m
from kiosk.clock import Clock
from kiosk.journal import Journal, JournalError
from kiosk.screens import Screen
from kiosk.session.machine import next_deadline, step
from kiosk.session.state import State

log = structlog.get_logger("kiosk.loop")

PROBE_SECONDS = 1.0  # between two looks whether a failed journal can be written again


class DevicePort(Protocol):
    """Where commands for a device go."""

    def send(self, command: DeviceCommand) -> None:
        """Hand a command to the device's worker."""
        ...


class Loop:
    """The core's thread.

    Args:
        state: the state before the first message.
        journal: where entries become durable.
        clock: the time.
        devices: name -> its worker.
        central: takes requests for the central service.
        show: called with each new screen, in the core's thread.
        render: makes a receipt's bytes.
    """

    def __init__(
        self,
        state: State,
        journal: Journal,
        clock: Clock,
        devices: Mapping[str, DevicePort],
        central: Callable[[e.CentralRequest], None],
        show: Callable[[Screen], None],
        render: Callable[[e.Receipt, m.Now], bytes],
    ) -> None:
        self._state = state
        self._journal = journal
        self._clock = clock
        self._devices = devices
        self._central = central
        self._show = show
        self._render = render
        self._inbox: queue.SimpleQueue[m.Message | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="core")

    def post(self, message: m.Message) -> None:
        """Give the core a message; from any thread."""
        self._inbox.put(message)

    def start(self) -> None:
        """Begin; the journal's content is the first message."""
        self.post(self._journal.read())
        self._thread.start()

    def stop(self) -> None:
        """End after the message in hand."""
        self._inbox.put(None)
        if self._thread.is_alive():
            self._thread.join()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        while True:
            message = self._next()
            if message is None:
                return
            try:
                self._take(message)
            except Exception as error:  # whatever it is, it becomes an out-of-order screen and a line in the log
                log.exception("core_failed", message=type(message).__name__)
                self._fall(error)

    def _next(self) -> m.Message | None:
        now = self._clock.now().monotonic
        deadline = next_deadline(self._state, now)
        wait = None if deadline is None else max(deadline - now, 0.0)
        if not self._state.journal_ok:
            wait = min(PROBE_SECONDS, wait) if wait is not None else PROBE_SECONDS
        try:
            return self._inbox.get(timeout=wait)
        except queue.Empty:
            if not self._state.journal_ok and self._journal.works():
                return m.JournalWorks()
            return m.TimePassed()

    def _take(self, message: m.Message) -> None:
        state, effects = step(self._state, message, self._clock.now())
        try:
            self._carry_out(effects)
        except JournalError as error:
            self._journal_failed(str(error), message)
            return
        self._state = state

    def _journal_failed(self, why: str, message: m.Message) -> None:
        """The state that relied on the entries is not taken: the failure is stepped first, then the message again."""
        log.error("journal_failed", why=why)
        for again in (m.JournalFailed(why), message):
            self._state, effects = step(self._state, again, self._clock.now())
            self._carry_out(effects)

    def _fall(self, error: Exception) -> None:
        """Out of order, by the core itself if it still can."""
        died = m.ThreadDied("core", type(error).__name__)
        try:
            self._take(died)
        except Exception:  # the thread goes on all the same: the next message may be one it can take
            log.exception("core_cannot_even_fall")

    def _carry_out(self, effects: tuple[e.Effect, ...]) -> None:
        for effect in effects:
            self._do(effect)

    def _do(self, effect: e.Effect) -> None:
        match effect:
            case e.Record(entries):
                self._journal.write(entries)
            case e.Command(device, command):
                self._command(device, command)
            case e.Show(screen):
                self._show(screen)
            case e.PrintReceipt(request, receipt):
                self._print(request, receipt)
            case _:
                self._central(effect)

    def _print(self, request: int, receipt: e.Receipt) -> None:
        """A receipt that cannot be made is a receipt that did not come out, not a machine out of order."""
        try:
            document = self._render(receipt, self._clock.now())
        except Exception:  # words, fonts and pictures: none of them is worth a loan
            log.exception("receipt_not_made")
            self.post(Printed("printer", request, "offline"))
            return
        self._command("printer", PrintDocument(request, document))

    def _command(self, device: str, command: DeviceCommand) -> None:
        port = self._devices.get(device)
        if port is not None:
            port.send(command)
        elif isinstance(command, PrintDocument):
            self.post(Printed(device, command.request, "device_lost"))
        elif isinstance(command, SetSecurity):
            self.post(SecuritySet(device, command.request, command.uid, command.to, None, "device_lost"))
