"""The alarm clock of the scheduler: it wakes at the next due instant and every minute, claims what is due, has it run.

APScheduler keeps the time and nothing else: what is due and what has run stands in the database (store.jobs), so that
nothing is lost with the process. Waking every minute also finds what was made or changed in another process, a computer
that was asleep, and a clock that was set. Not responsible for who may run what (claiming).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, timedelta

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor as AlarmExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.exc import SQLAlchemyError

from circulation.clock import real_clock
from circulation.errors import CirculationError
from circulation.jobs import claiming, running, system
from circulation.jobs.claiming import Claim
from circulation.jobs.running import Types
from circulation.jobs.types import TYPES
from circulation.service import Service
from circulation.store import jobs as store

log = structlog.get_logger("circulation.jobs")

EVERY = timedelta(minutes=1)
AT_ONCE = 4  # runs of one process; more wait for one to end
NEVER_TOO_LATE = {"coalesce": True, "max_instances": 10, "misfire_grace_time": None}


class Alarm:
    """Wakes one server process for the tasks of the installation."""

    def __init__(self, service: Service, types: Types = TYPES) -> None:
        self._service, self._types = service, types
        self._process = claiming.process_name()
        self._stopping = threading.Event()
        self._changing = threading.Lock()
        self._alive: set[int] = set()
        self._runs = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="jobs")
        self._clock = BackgroundScheduler(
            timezone=UTC, executors={"default": AlarmExecutor(1)}, job_defaults=NEVER_TOO_LATE
        )

    def start(self) -> None:
        """Wake now, and from then on."""
        self._clock.add_job(self.wake, "interval", seconds=EVERY.total_seconds(), next_run_time=real_clock())
        self._clock.start()

    def stop(self) -> None:
        """Wake no more; runs that go on end at their next step. Returns once all have ended."""
        self._stopping.set()
        self._clock.shutdown(wait=True)
        self._runs.shutdown(wait=True)

    def ring(self) -> None:
        """Wake soon: something was asked for. Returns at once."""
        self._ring("asked", 0)

    def wake(self) -> None:
        """See to it that everything that is due runs."""
        try:
            system.ensure(self._service)
            claiming.take_over(self._service, self._now_alive())
            claiming.set_right(self._service)
            self._begin_what_is_due()
            self._set()
        except (SQLAlchemyError, CirculationError):
            log.exception("not_woken")

    def _begin_what_is_due(self) -> None:
        while not self._stopping.is_set() and len(self._now_alive()) < AT_ONCE:
            claim = claiming.claim_due(self._service, self._process)
            if claim is None:
                return
            with self._changing:
                self._alive.add(claim.run)
            self._runs.submit(self._carry_out, claim)

    def _carry_out(self, claim: Claim) -> None:
        try:
            running.carry_out(self._service, self._types, claim, self._stopping)
        except SQLAlchemyError:  # how it ended could not be written: it is found dead later and made up
            log.exception("run_not_ended", run=claim.run)
        finally:
            with self._changing:
                self._alive.discard(claim.run)
        self._ring("again", 0)  # what waited for a place, or for this run of its own task

    def _now_alive(self) -> frozenset[int]:
        with self._changing:
            return frozenset(self._alive)

    def _set(self) -> None:
        """Wake at the next due instant, where that is before the next minute."""
        with self._service.database.reading() as db:
            due = store.earliest(db)
        wait = (due - self._service.clock()).total_seconds() if due is not None else 0
        if 0 < wait < EVERY.total_seconds():
            self._ring("due", wait)

    def _ring(self, name: str, seconds: float) -> None:
        if not self._stopping.is_set():
            at = real_clock() + timedelta(seconds=seconds)
            self._clock.add_job(self.wake, "date", run_date=at, id=name, replace_existing=True)


@contextmanager
def ringing(service: Service, types: Types = TYPES) -> Iterator[Alarm]:
    """Run tasks until the end of the block."""
    alarm = Alarm(service, types)
    alarm.start()
    try:
        yield alarm
    finally:
        alarm.stop()
