"""Builds and joins everything but the screen: devices, journal, central client, core.

Responsible for who is connected to whom, and for starting and stopping in order. ``headless`` and the screen use it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from drivers.api import CodeScanned, DeviceDown, DeviceEvent, DeviceUp
from drivers.devices.registry import make_keyboard
from drivers.worker import Worker, make_worker
from kiosk import VERSION, enrolment
from kiosk.central import api
from kiosk.central.cache import Cache
from kiosk.central.rest import RestApi
from kiosk.central.worker import CentralWorker, Rhythm
from kiosk.clock import Clock
from kiosk.config import Config
from kiosk.journal import KEPT, Journal, JournalError
from kiosk.loop import Loop
from kiosk.messages import Message, Now
from kiosk.receipts import ReceiptWriter
from kiosk.screens import Screen
from kiosk.session.state import Settings, initial

log = structlog.get_logger("kiosk")

JOURNAL = "journal.db"
KEYBOARD = "keyboard"  # name of the scanner that types
TIDY_SECONDS = 86_400.0  # between two looks for what the journal may forget


class Kiosk:
    """One machine without its screen.

    Args:
        config: the machine's configuration.
        show: called with each new screen, in the core's thread.

    Raises:
        EnrolmentError: the machine is not enrolled.
        JournalError: the journal cannot be used.
    """

    def __init__(self, config: Config, show: Callable[[Screen], None]) -> None:
        known = enrolment.load(config.state)
        self._journal = Journal(config.state / JOURNAL, known.seal)
        self._clock = Clock(known.timezone)
        self._devices: dict[str, str] = {}
        self._doubts: tuple[api.Doubt, ...] = ()
        self._tidy_at = 0.0
        self._client = RestApi(config.central.url, known.key, config.ca, lambda clock, rules: self._heard(clock, rules))
        rhythm = Rhythm(config.central.heartbeat_seconds, config.central.refresh_seconds)
        self._central = CentralWorker(self._client, self.post, Cache(config.state), self._report, self._sealed, rhythm)
        self._workers: Mapping[str, Worker[Any]] = {
            name: make_worker(name, driver, options, self._device_event)
            for name, (driver, options) in config.devices.items()
        }
        self._keyboard = make_keyboard(config.keyboard)
        self._loop = Loop(
            initial(_settings(config, known)),
            self._journal,
            self._clock,
            self._workers,
            self._central.ask,
            show,
            ReceiptWriter(known.library, config.columns).render,
        )

    def post(self, message: Message) -> None:
        """Give the core a message; from any thread."""
        self._loop.post(message)

    def typed(self, keys: str, now: float) -> None:
        """What came through the keyboard at ``now`` (monotonic seconds); a scan in it goes to the core. One thread."""
        code = self._keyboard.feed(keys, now)
        if code is not None:
            self.post(CodeScanned(KEYBOARD, code))

    def now(self) -> Now:
        """The time, in the branch's zone."""
        return self._clock.now()

    def start(self) -> None:
        """Start the core first, so that nothing a device says is lost.

        Raises:
            JournalError: the journal cannot be read; nothing was started.
        """
        try:
            self._loop.start()
        except JournalError:
            self._client.close()
            self._journal.close()
            raise
        self._central.start()
        for worker in self._workers.values():
            worker.start()
        log.info("started", version=VERSION)

    def stop(self) -> None:
        """Stop in the other order, the journal last. A central service that does not answer delays nothing."""
        for worker in self._workers.values():
            worker.stop()
        self._loop.stop()
        self._client.abort()
        self._central.stop()
        self._client.close()
        self._journal.close()
        log.info("stopped")

    def _heard(self, clock: api.CentralClock, rules: int | None) -> None:
        self._clock.heard(clock)
        self._central.heard(clock, rules)

    def _device_event(self, event: DeviceEvent) -> None:
        if isinstance(event, DeviceUp):
            self._devices[event.device] = "up"
        elif isinstance(event, DeviceDown):
            self._devices[event.device] = event.reason
        self.post(event)

    def _report(self, rules: int | None) -> api.HeartbeatReport:
        """How the machine is. With a journal that fails, doubts are told as last known: none must look settled."""
        now = self._clock.now()
        try:
            if now.monotonic >= self._tidy_at:
                self._tidy_at = now.monotonic + TIDY_SECONDS
                self._journal.prune()
            self._doubts = self._journal.staff_list()
        except JournalError as error:
            log.error("journal_failed", why=str(error))
        return api.HeartbeatReport(VERSION, rules, dict(self._devices), self._doubts, now.trusted)

    def _sealed(self) -> Mapping[str, bytes]:
        return self._journal.sealed(datetime.now(UTC) - KEPT - timedelta(days=1))


def _settings(config: Config, known: enrolment.Enrolment) -> Settings:
    session = config.session
    return Settings(
        library=known.library,
        languages=tuple(session.languages),
        id_seed=str(uuid.uuid4()),
        currency=known.currency,
        idle=session.idle_seconds,
        warn=session.warn_seconds,
        goodbye=session.goodbye_seconds,
        asking=session.asking_seconds,
        pad_grace=session.pad_grace_seconds,
        has_printer="printer" in config.devices,
    )
