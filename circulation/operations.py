"""Operations: each its own transaction, repeatable under its id, with its outcome and trace recorded (design 4).

Responsible for what is read, decided and written for one operation, and for settling one whose answer was lost.
Not responsible for who may ask (api) or for what is decided (domain).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import DBAPIError

from circulation.domain.checkout import decide_checkout
from circulation.domain.item_states import STATES
from circulation.domain.records import Item, Loan, Patron, Place, Verdict
from circulation.domain.renewal import decide_renewal
from circulation.domain.return_ import decide_return
from circulation.service import Machine, Service
from circulation.store import circulating as store
from circulation.store import tables as t
from circulation.store.engine import overtaken
from rules.refusals import Reason, choose, in_order
from rules.rule import PATRON_FIELDS
from rules.trace import Step

KEPT = timedelta(days=400)
ABANDONED = Reason("abandoned")
SETTLED_CONTENT = ""  # of an id that was settled before its request came: fits every content

ACTIONS = CHECKOUT, RETURN, RENEWAL = "checkout", "return", "renewal"

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """One operation as asked. ``patron``: for whom; a return is for nobody, whoever's session it is asked in."""

    id: str
    action: str
    item: str
    patron: str | None

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise ValueError(f"an action is one of {', '.join(ACTIONS)}")
        if self.action == RETURN and self.patron is not None:
            raise ValueError("a return is for nobody")


def run(service: Service, machine: Machine, asked: Asked) -> Line:
    """Carry out one operation, or answer what was recorded for its id; a second request waits for the first."""
    for _ in range(2):
        try:
            with service.database.writing() as db:
                return _run(service, db, machine, asked)
        except DBAPIError as error:
            if not overtaken(error):
                raise
            continue  # another process was first with this id or item: see what it recorded
    with service.database.writing() as db:
        return _run(service, db, machine, asked)


def error_line(operation: str, code: str, detail: str) -> Line:
    """An operation that could not be taken as asked; nothing is recorded."""
    return {"id": operation, "outcome": "error", "error": code, "detail": detail}


def _content(service: Service, asked: Asked) -> str:
    return service.secrets.keyed("operation", json.dumps([asked.action, asked.item, asked.patron]))


def _run(service: Service, db: Connection, machine: Machine, asked: Asked) -> Line:
    content = _content(service, asked)
    known = _recorded(db, machine, asked.id)
    if known is not None:
        if known[0] not in (content, SETTLED_CONTENT):
            detail = "this id belongs to an operation with other content"
            return error_line(asked.id, "operation_reused", detail)
        return {**known[1], "action": asked.action, "item": asked.item}
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
        except DBAPIError as error:
            if not overtaken(error):
                raise
            continue  # the request itself was first: its outcome stands
    raise RuntimeError(f"operation {operation} can be neither read nor settled")


# --- one transaction --------------------------------------------------------------------------------------------------


def _decide(
    service: Service, db: Connection, machine: Machine, asked: Asked, now: datetime
) -> tuple[Line, Mapping[str, Any]]:
    place = service.place(db, machine)
    head = {"id": asked.id, "action": asked.action, "item": asked.item}
    trace: dict[str, Any] = {"channel": place.channel, "branch": place.branch, "ruleset": place.rules.number}
    patron = store.patron(db, asked.patron) if asked.patron is not None else None
    item = store.item(db, asked.item)
    if item is None:
        return _refused(head, (Reason("item_unknown"),), still_on_loan=False), trace
    if patron is None and asked.action != RETURN:
        return _refused(head, (Reason("permission"),), still_on_loan=False), trace
    loan = store.open_loan(db, asked.item)
    decided = _verdict(db, place, asked.action, (item, patron, loan))
    trace["steps"] = [_recorded_step(step) for step in decided.steps]
    if decided.reasons:
        return _refused(head, decided.reasons, still_on_loan=loan is not None), trace
    if STATES[item.state].found and asked.action != RENEWAL:
        store.mark_available(db, item.id)
        trace["note"] = {"found": item.state}
    _write(db, asked, patron, decided, (place, now, loan))
    return _done(head, decided.due, was_on_loan=loan is not None), trace


def _verdict(db: Connection, place: Place, action: str, given: tuple[Item, Patron | None, Loan | None]) -> Verdict:
    item, patron, loan = given
    if action == RETURN or patron is None:
        return decide_return(place, item)
    if action == RENEWAL:
        return decide_renewal(place, item, patron, loan)
    return decide_checkout(place, item, patron, loan, lambda rule: store.count_loans(db, patron.id, rule))


def _write(
    db: Connection, asked: Asked, patron: Patron | None, decided: Verdict, given: tuple[Place, datetime, Loan | None]
) -> None:
    place, now, loan = given
    if decided.due is None or patron is None:  # a return
        if loan is not None:
            store.take_back(db, loan, now)
        return
    rules = {"rule_set": place.rules.number, "rules": dict(decided.winners)}
    if loan is None:
        store.lend(db, asked.item, patron.id, place.branch, now, decided.due, rules)
    else:
        store.renew(db, loan, decided.due, rules)


def _recorded_step(step: Step) -> dict[str, object]:
    """A step as it is kept: what the patron was (age, category) is not, what the rule asked for is."""
    looked_at = tuple(
        looked._replace(was=None) if looked.field in PATRON_FIELDS else looked for looked in step.looked_at
    )
    return replace(step, looked_at=looked_at).to_plain()


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
