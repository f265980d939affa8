"""Forgetting what has had its time: operations, sessions, tries, enrolment codes. Loans and traces: people."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog
from sqlalchemy import delete, or_
from sqlalchemy.exc import SQLAlchemyError

from circulation import people, reserving, staffing
from circulation.operations import KEPT
from circulation.service import Service
from circulation.signin import CARD, MACHINE, SESSION_IDLE
from circulation.store import staff
from circulation.store import tables as t

log = structlog.get_logger("circulation.tidying")

EVERY = timedelta(hours=12)
TRIES_KEPT = max(rule.forgotten + rule.most for rule in (CARD, MACHINE, staffing.TRIES))
CODES_KEPT = timedelta(days=30)  # a used code can still be told from one that never was


def tidy(service: Service) -> None:
    """Forget once."""
    now = service.clock()
    old = (
        (t.operation, t.operation.c.at < now - KEPT),
        (t.patron_session, t.patron_session.c.used_at < now - SESSION_IDLE),
        (t.staff_session, staff.over(now, now - staffing.SESSION_IDLE)),
        (t.lock_out, t.lock_out.c.last_at < now - TRIES_KEPT),
        (t.enrolment, or_(t.enrolment.c.used_at < now - CODES_KEPT, t.enrolment.c.expires < now - CODES_KEPT)),
    )
    for table, over in old:
        with service.database.writing() as db:  # one short transaction each: machines are waiting for theirs
            db.execute(delete(table).where(over))
    people.forget(service)
    reserving.expire(service)


@contextmanager
def tidying(service: Service) -> Iterator[None]:
    """Forget now, and every half day until the end of the block."""
    ended = threading.Event()

    def work() -> None:
        while True:
            try:
                tidy(service)
            except SQLAlchemyError:
                log.exception("not_tidied")
            if ended.wait(EVERY.total_seconds()):
                return

    thread = threading.Thread(target=work, name="tidying", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
