"""Operations: each its own transaction, repeatable under its id, with its outcome and trace recorded (design 4).

Responsible for what is read, decided and written for one operation, and for settling one whose answer was lost.
Not responsible for who may ask (api) or for what is decided (domain).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from circulation.domain.checkout import decide_checkout
from circulation.domain.records import Patron, Verdict
from circulation.domain.renewal import decide_renewal
from circulation.domain.return_ import decide_return
from circulation.service import Machine, Service
from circulation.store import circulating as store
from circulation.store import tables as t
from rules.refusals import Reason, choose, in_order

KEPT = timedelta(days=400)
ABANDONED = Reason("abandoned")
SETTLED_CONTENT = ""  # of an id that was settled before its request came: fits every content

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """One operation as asked. ``patron``: whose session it is, None for a return without one."""

    id: str
    action: str
    item: str
    patron: str | None


def run(service: Service, machine: Machine, asked: Asked) -> Line:
    """Carry out one operation, or answer what was recorded for its id; a second request waits for the first."""
    for _ in range(2):
        try:
            with service.database.writing() as db:
                return _run(service, db, machine, asked)
        except IntegrityError:
            continue  # another process was first with this id or item: see what it recorded
    with service.database.writing() as db:
        return _run(service, db, machine, asked)


def _content(service: Service, asked: Asked) -> str:
    return service.secrets.keyed("operation", json.dumps([asked.action, asked.item, asked.patron]))


def _run(service: Service, db: Connection, machine: Machine, asked: Asked) -> Line:
    content = _content(service, asked)
    known = _recorded(db, machine, asked.id)
    if known is not None:
        if known[0] not in (content, SETTLED_CONTENT):
            detail = "this id belongs to an operation with other content"
            return {"id": asked.id, "outcome": "error", "error": "operation_reused", "detail": detail}
        return known[1]
    now = service.clock()
    key = {"machine_id": machine.id, "id": asked.id}
    db.execute(insert(t.operation).values(**key, content=content, at=now))
    line, trace = _decide(service, db, machine, asked, now)
    place = (t.operation.c.machine_id == machine.id) & (t.operation.c.id == asked.id)
    db.execute(update(t.operation).where(place).values(outcome=line, trace=trace))
    return line


def _recorded(db: Connection, machine: Machine, operation: str) -> tuple[str, Line] | None:
    query = select(t.operation.c.content, t.operation.c.outcome).where(
        t.operation.c.machine_id == machine.id, t.operation.c.id == operation
    )
    row = db.execute(query).one_or_none()
    return (row.content, dict(row.outcome)) if row is not None else None


def settle(service: Service, machine: Machine, operation: str) -> Line:
    """The recorded outcome, or "abandoned" recorded now, so that a late request with this id does nothing."""
    for _ in range(2):
        try:
            with service.database.writing() as db:
                known = _recorded(db, machine, operation)
                if known is not None:
                    return known[1]
                line = _refused({"id": operation, "action": None, "item": None}, (ABANDONED,), still_on_loan=False)
                values = {"machine_id": machine.id, "id": operation, "content": SETTLED_CONTENT, "outcome": line}
                db.execute(insert(t.operation).values(**values, at=service.clock()))
                return line
        except IntegrityError:
            continue  # the request itself was first: its outcome stands
    raise RuntimeError(f"operation {operation} can be neither read nor settled")


def prune(service: Service) -> int:
    """Forget operations older than 400 days; how many."""
    with service.database.writing() as db:
        return db.execute(delete(t.operation).where(t.operation.c.at < service.clock() - KEPT)).rowcount


# --- one transaction --------------------------------------------------------------------------------------------------


def _decide(
    service: Service, db: Connection, machine: Machine, asked: Asked, now: datetime
) -> tuple[Line, Mapping[str, Any]]:
    place = service.place(db, machine)
    head = {"id": asked.id, "action": asked.action, "item": asked.item}
    patron = store.patron(db, asked.patron) if asked.patron is not None else None
    item = store.item(db, asked.item)
    trace: dict[str, Any] = {"channel": place.channel, "branch": place.branch, "ruleset": place.rules.number}
    if item is None:
        return _refused(head, (Reason("item_unknown"),), still_on_loan=False), trace
    if patron is None and asked.action != "return":
        return _refused(head, (Reason("permission"),), still_on_loan=False), trace
    loan = store.open_loan(db, asked.item)
    decided: Verdict
    if asked.action == "return" or patron is None:
        decided = decide_return(place, item)
    elif asked.action == "checkout":
        decided = decide_checkout(place, item, patron, loan, lambda rule: store.count_loans(db, patron.id, rule))
    else:
        decided = decide_renewal(place, item, patron, loan)
    trace["steps"] = [step.to_plain() for step in decided.steps]
    if decided.reasons:
        return _refused(head, decided.reasons, still_on_loan=loan is not None), trace
    rules = {"rule_set": place.rules.number, "rules": dict(decided.winners)}
    if asked.action == "return" or patron is None:
        if loan is not None:
            store.take_back(db, loan, asked.item, now)
        return _done(head, None, was_on_loan=loan is not None), trace
    _write(db, asked, patron, decided, (place.branch, now, loan, rules))
    return _done(head, decided.due, was_on_loan=loan is not None), trace


def _write(db: Connection, asked: Asked, patron: Patron, decided: Verdict, given: tuple[Any, ...]) -> None:
    branch, now, loan, rules = given
    if decided.due is None:
        raise RuntimeError("a checkout or renewal without a due date")
    if asked.action == "checkout":
        store.lend(db, asked.item, patron.id, branch, now, decided.due, rules)
    else:
        store.renew(db, loan, decided.due, rules)


def _done(head: Line, due: date | None, *, was_on_loan: bool) -> Line:
    return {**head, "outcome": "done", "due": due.isoformat() if due else None, "was_on_loan": was_on_loan}


def _refused(head: Line, reasons: tuple[Reason, ...], *, still_on_loan: bool) -> Line:
    told = choose(reasons)
    return {
        **head,
        "outcome": "refused",
        "reason": reason_line(told),
        "all_reasons": [reason_line(reason) for reason in in_order(reasons)],
        "still_on_loan": still_on_loan,
    }


def reason_line(reason: Reason) -> Line:
    """A reason as it travels."""
    return {"code": reason.code, "params": dict(reason.params), "site_text": dict(reason.site_text)}
