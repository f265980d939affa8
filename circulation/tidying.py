"""Forgetting what has had its time: operations, sessions, tries, enrolment codes, runs. Loans and traces: people."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, or_

from circulation import staffing
from circulation.operations import KEPT
from circulation.service import Service
from circulation.signin import CARD, MACHINE, SESSION_IDLE
from circulation.store import jobs, staff
from circulation.store import tables as t

TRIES_KEPT = max(rule.forgotten + rule.most for rule in (CARD, MACHINE, staffing.TRIES))
CODES_KEPT = timedelta(days=30)  # a used code can still be told from one that never was


def forget(service: Service) -> dict[str, int]:
    """Forget once: how much, by table."""
    now = service.clock()
    old = (
        (t.operation, t.operation.c.at < now - KEPT),
        (t.patron_session, t.patron_session.c.used_at < now - SESSION_IDLE),
        (t.staff_session, staff.over(now, now - staffing.SESSION_IDLE)),
        (t.lock_out, t.lock_out.c.last_at < now - TRIES_KEPT),
        (t.enrolment, or_(t.enrolment.c.used_at < now - CODES_KEPT, t.enrolment.c.expires < now - CODES_KEPT)),
    )
    counts: dict[str, int] = {}
    for table, over in old:
        with service.database.writing() as db:  # one short transaction each: machines are waiting for theirs
            counts[table.name] = db.execute(delete(table).where(over)).rowcount
    with service.database.writing() as db:
        counts["task_run"] = jobs.forget_runs(db, now - KEPT)
    return counts
