"""The tasks the service makes for itself, so that there is one scheduler for everything (R63, R89).

They are made by the first process that needs them, and due at once. Staff may change their times and pause them, which
the audit log tells, but not delete them: what they do is what the library has promised its patrons.
"""

from __future__ import annotations

from datetime import time

from sqlalchemy import Connection

from circulation.jobs import schedule as times
from circulation.jobs.claiming import zone_of
from circulation.jobs.schedule import Schedule, slot_text
from circulation.jobs.types import EXPIRY, RETENTION, STATISTICS, TIDYING
from circulation.service import Service
from circulation.store import house
from circulation.store import jobs as store

BY = "system"
SCHEDULES = {
    EXPIRY: Schedule((time(0, 10),)),  # the last day of a reservation has just ended
    RETENTION: Schedule((time(0, 20),)),
    STATISTICS: Schedule((time(0, 25),)),  # of the day before, whose operations tidying forgets one day
    TIDYING: Schedule((time(0, 30),), every_hours=12),
}


def ensure(service: Service) -> None:
    """Make the system's tasks, once a library is set up; those that are there stay as they are."""
    with service.database.reading() as db:
        if not house.is_set_up(db) or not _missing(db):
            return
    with service.database.writing() as db:
        store.hold_tasks(db)
        for code in _missing(db):
            store.add_task(db, _task(service, db, code))


def _missing(db: Connection) -> list[str]:
    there = {row.type for row in store.tasks(db) if row.system}
    return [code for code in SCHEDULES if code not in there]


def _task(service: Service, db: Connection, code: str) -> dict[str, object]:
    now, schedule = service.clock(), SCHEDULES[code]
    due = {"next_slot": slot_text(times.latest_slot(schedule, zone_of(db), now)), "next_due": now}
    made = {"created_by": BY, "created_at": now, "changed_by": BY, "changed_at": now}
    kind = {"type": code, "name": code, "system": True, "paused": False}
    return {**kind, "options": {}, "schedule": schedule.plain(), **due, **made}
