"""Processes that run a task of a library and are killed: where exactly, or wherever they are some time after.

Each is forked from one that has imported everything, so that a life costs no start of Python.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import count
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from unittest import mock

from argon2 import PasswordHasher
from sqlalchemy import update

from circulation import logs
from circulation.jobs import claiming, running
from circulation.jobs.types import TYPES
from circulation.notices import runs
from circulation.secrets import Secrets
from circulation.service import Service
from circulation.store.engine import Database
from circulation.store.job_tables import task_run
from circulation.store.jobs import DONE, RUNNING
from tests.circulation.running import TestClock

ANY = "any"  # of the points
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
SECONDS = 90
KILLED = -signal.SIGKILL
_FORKS = multiprocessing.get_context("forkserver")


@dataclass(frozen=True, slots=True)
class End:
    """When a process is killed.

    Attributes:
        point: one of ``sending.POINTS``, or ``ANY`` of them.
        times: for which time it comes there.
        after: seconds from then on, in which it goes on; None = it goes not a step further.
    """

    point: str
    times: int
    after: float | None = None


def warm_up() -> None:
    """Start what processes are forked from; it lives as long as this process."""
    _FORKS.set_forkserver_preload([__name__])
    forkserver.ensure_running()


def live(service: Service, folder: Path, task: int, end: End | None = None) -> int:
    """One life: a server's process that runs a task, at the time of ``service``; how it ended, 0 = it came through.

    Args:
        service: the library; left alone meanwhile.
        folder: of its secrets.
        task: is run because it is due, is to be made up, or by hand, whichever is first.
        end: when it is killed, None = it is not.
    """
    told = {
        "database": service.database.url.render_as_string(hide_password=False),
        "secrets": folder,
        "now": service.clock(),
        "task": task,
    }
    heard, tell = _FORKS.Pipe(duplex=False)
    process = _FORKS.Process(target=_live, args=(told, end, tell))
    process.start()
    tell.close()
    with heard, suppress(EOFError):  # it has ended by itself
        after: float = heard.recv()
        time.sleep(after)
        process.kill()
    process.join(SECONDS)
    code = process.exitcode
    process.close()
    assert code is not None
    return code


def not_heard_of(service: Service) -> None:
    """Let the time pass after which a process that was not heard of is dead."""
    with service.database.writing() as db:
        db.execute(update(task_run).where(task_run.c.state == RUNNING).values(claim_until=LONG_AGO))


def _live(told: Mapping[str, Any], end: End | None, tell: Connection) -> None:
    logs.configure()
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    service = Service(Database(told["database"]), Secrets(told["secrets"], hasher), TestClock(told["now"]))
    comes = count(1)

    def at(point: str) -> None:
        if end is None or end.point not in (point, ANY) or next(comes) != end.times:
            return
        if end.after is None:
            os.kill(os.getpid(), signal.SIGKILL)
        tell.send(end.after)

    with mock.patch.object(runs, "run", partial(runs.run, at=at)):
        claiming.take_over(service, ())
        process = claiming.process_name()
        claim = claiming.claim_due(service, process) or claiming.claim_by_hand(service, process, told["task"], "anna")
        state, _ = running.carry_out(service, TYPES, claim)
    sys.exit(state != DONE)
