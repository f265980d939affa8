"""Which process runs a task, and when: a run is claimed in one transaction that holds the task's row (R65, R71, R72).

The process's clock says what is due, as it says which day it is everywhere else; the database's clock says how long
a claim holds, so that servers which disagree about the time do not take runs away from one another. Who claims a slot
also sets the next one. A claim has an end; the process that runs it moves the end on (running), and a run whose process
died is ended by any other, and made up once. Not responsible for what a run does.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection, Row

from circulation import audit
from circulation.errors import CirculationError
from circulation.jobs import schedule as times
from circulation.jobs.schedule import Schedule, slot_text
from circulation.service import Service
from circulation.store import house
from circulation.store import jobs as store

log = structlog.get_logger("circulation.jobs")

LEASE = timedelta(minutes=2)  # after them a process that was not heard of is dead
PUNCTUAL = timedelta(minutes=5)  # a run that begins later than this was missed and is made up
MOST_HOST = 80  # letters of a computer's name
PROCESS_GONE = "process_gone"


@dataclass(frozen=True, slots=True)
class Claim:
    """A run that this process may carry out, it alone.

    Attributes:
        run, task: their ids.
        options: as they were when it was claimed.
        slot: local date and time it is for; None = it was asked for.
    """

    run: int
    task: int
    type: str
    name: str
    options: Mapping[str, Any]
    slot: str | None
    by_hand: bool
    made_up: bool
    process: str


def process_name() -> str:
    """A name for this process that no other has, not even one with its number after a restart."""
    return f"{socket.gethostname()[:MOST_HOST]}:{os.getpid()}:{secrets.token_hex(4)}"


def planned(schedule: Schedule, zone: ZoneInfo, now: datetime) -> dict[str, Any]:
    """The columns that say when a task is due next."""
    slot = times.next_slot(schedule, zone, now)
    return {"next_slot": slot_text(slot), "next_due": times.due(slot, zone)}


def schedule_of(row: Row[Any]) -> Schedule:
    """The schedule of a task; what is stored was read before."""
    found = times.read(row.schedule)
    if not isinstance(found, Schedule):
        raise CirculationError("schedule", f"the schedule of task {row.id} is damaged", place=found[0].place)
    return found


def zone_of(db: Connection) -> ZoneInfo:
    """The zone of the installation.

    Raises:
        CirculationError: nothing was set up yet.
    """
    return ZoneInfo(house.installation(db).time_zone)


# --- claiming ---------------------------------------------------------------------------------------------------------


def claim_due(service: Service, process: str) -> Claim | None:
    """Claim the next run that is due; None if none is, or others were quicker."""
    with service.database.reading() as db:
        found = store.waiting(db, service.clock())
    for task in found:
        claim = service.database.again_if_overtaken(partial(_claim, service, process, task))
        if claim is not None:
            return claim
    return None


def _claim(service: Service, process: str, task: int, db: Connection) -> Claim | None:
    row = store.one_task(db, task, locked=True)
    if row is None or row.paused or store.is_going(db, task):
        return None
    now = service.clock()
    if row.next_due <= now:
        return _claim_slot(db, row, process, now)
    dead = store.died(db, task)
    if dead is not None:
        return _claimed(db, row, process, now, slot=dead.slot, attempt=2, made_up=True)
    if row.again_at is None or row.again_at > now:
        return None
    store.change_task(db, task, {"again_at": None})
    return _claimed(db, row, process, now)


def _claim_slot(db: Connection, row: Row[Any], process: str, now: datetime) -> Claim | None:
    """One run for all slots up to now, in the name of the last; whatever was asked for besides is done with it."""
    zone, schedule = zone_of(db), schedule_of(row)
    slot = max(row.next_slot, slot_text(times.latest_slot(schedule, zone, now)))
    again = row.again_at if row.again_at is not None and row.again_at > now else None
    store.change_task(db, row.id, {**planned(schedule, zone, now), "again_at": again})
    if store.had_slot(db, row.id, slot):  # the clock was set back, or a server's is behind another's
        return None
    return _claimed(db, row, process, now, slot=slot, made_up=now - row.next_due > PUNCTUAL)


def claim_by_hand(service: Service, process: str, task: int, by: str) -> Claim:
    """Claim a run that somebody asks for now, also of a paused task; its times stay as they are.

    Raises:
        CirculationError: there is no such task, or it is running.
    """

    def claim(db: Connection) -> Claim:
        row = store.one_task(db, task, locked=True)
        if row is None:
            raise CirculationError("not_found", "there is no such task", 404)
        if store.is_going(db, task):
            raise CirculationError("task_running", "this task is running already", 409)
        now = service.clock()
        audit.note(db, now, by, "task.run", f"task {row.name}")
        return _claimed(db, row, process, now, by_hand=True)

    return service.database.again_if_overtaken(claim)


def _claimed(
    db: Connection,
    row: Row[Any],
    process: str,
    now: datetime,
    *,
    slot: str | None = None,
    attempt: int = 1,
    by_hand: bool = False,
    made_up: bool = False,
) -> Claim:
    values = {"task": row.id, "slot": slot, "attempt": attempt, "by_hand": by_hand, "made_up": made_up}
    claim = {"claimed_by": process, "claim_until": store.now_there(db) + LEASE}
    run = store.add_run(db, {**values, **claim, "state": store.RUNNING, "started": now, "counts": {}})
    return Claim(run, row.id, row.type, row.name, row.options, slot, by_hand, made_up, process)


# --- holding, ending, taking over -------------------------------------------------------------------------------------


def extend(service: Service, claim: Claim, counts: Mapping[str, int]) -> bool:
    """Move the end of a claim on and tell how far the run is; False if another process has taken it over."""
    with service.database.writing() as db:
        values = {"claim_until": store.now_there(db) + LEASE, "counts": dict(counts)}
        return store.change_run(db, claim.run, claim.process, values)


def finish(
    service: Service, claim: Claim, state: str, counts: Mapping[str, int], note: str | None, again_at: datetime | None
) -> bool:
    """End a run; False if another process has taken it over, whose word stands.

    Args:
        service: the service.
        claim: the run.
        state: how it ended.
        counts: what it did.
        note: a code, and a detail after a colon where there is one; no personal data.
        again_at: when the task shall run again besides its times; None = it need not.
    """
    with service.database.writing() as db:
        row = store.one_task(db, claim.task, locked=True)
        values = {"state": state, "counts": dict(counts), "note": note, "ended": service.clock()}
        mine = store.change_run(db, claim.run, claim.process, values)
        if mine and row is not None and again_at is not None:
            asked = row.again_at if row.again_at is not None else again_at  # somebody may have asked meanwhile
            store.change_task(db, claim.task, {"again_at": min(asked, again_at)})
        return mine


def take_over(service: Service, alive: Collection[int]) -> list[int]:
    """End runs of processes that died; which. ``alive``: runs of this process, which knows better than its clock."""
    ended = {"state": store.TAKEN_OVER, "ended": service.clock(), "note": PROCESS_GONE}
    with service.database.reading() as db:
        dead = store.dead(db, alive)
    taken = [run for run in dead if _take_over(service, run, ended)]
    if taken:
        log.warning("runs_taken_over", runs=taken)
    return taken


def _take_over(service: Service, run: int, ended: Mapping[str, Any]) -> bool:
    with service.database.writing() as db:
        return store.take_over(db, run, ended)


def set_right(service: Service) -> None:
    """Bring back tasks that a clock, which was wrong then, has put off too far."""
    now = service.clock()
    with service.database.reading() as db:
        rows = [row for row in store.tasks(db) if not row.paused and row.next_due > now]
        nexts = [(row, planned(schedule_of(row), zone_of(db), now)) for row in rows]
    for row, right in nexts:
        if right["next_slot"] < row.next_slot:
            with service.database.writing() as db:
                store.set_back(db, row.id, row.next_slot, right["next_slot"], right["next_due"])
