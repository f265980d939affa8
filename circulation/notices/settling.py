"""What became of a message that nobody knows of, or that failed, as a member of staff says (R67, R74)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row

from circulation import audit
from circulation.errors import CirculationError
from circulation.notices import receipts, sent
from circulation.notices.content import RECEIPT
from circulation.service import Service
from circulation.store import jobs
from circulation.store import notices as store

BY_HAND = "by_hand"  # why a message stands as it does; a code


def settle(service: Service, by: str, message: int, *, left: bool) -> None:
    """Say of an uncertain or failed message whether it has left: if not, the next run sends it anew if it is still due.

    Args:
        service: the service.
        by: who of the staff.
        message: its id.
        left: it has, and costs what it costs.

    Raises:
        CirculationError: there is no such message, or it is in another state.
    """
    now = service.clock()

    def work(db: Connection) -> None:
        row = store.one(db, message, locked=True)
        if row is None:
            raise CirculationError("not_found", "there is no such message", 404)
        if row.state not in (store.UNCERTAIN, store.FAILED):
            raise CirculationError("message_state", "only an uncertain or failed message can be settled", 409)
        if left:
            told = sent.Left(row, row.fee, store.notices_of(db, message, (row.state,)))
            sent.mark(service, db, told, (row.state,), {"reason": BY_HAND})
        elif row.kind == RECEIPT:  # nothing but this message knows what was asked for
            _plan_anew(service, db, row)
        else:
            notices = [one.id for one in store.notices_of(db, message, (row.state,))]
            store.set_message(db, message, {"state": store.CANCELLED, "reason": BY_HAND, "ended_at": now}, row.state)
            store.set_notices(db, notices, {"state": store.CANCELLED, "reason": BY_HAND})
        audit.note(db, now, by, "message.settle", f"message {message}", {"left": left})

    service.database.again_if_overtaken(work)


def _plan_anew(service: Service, db: Connection, row: Row[Any]) -> None:
    notices = [one.id for one in store.notices_of(db, row.id, (row.state,))]
    store.set_message(db, row.id, {"state": store.PLANNED, "reason": None, "ended_at": None}, row.state)
    store.set_notices(db, notices, {"state": store.PLANNED, "reason": None})
    jobs.ask_all(db, receipts.TASK, service.clock())
