"""Operations: each its own transaction, repeatable under its id, with its outcome and trace recorded (design 4).

Responsible for what is read, decided and written for one operation, and for settling one whose answer was lost.
Not responsible for who may ask (api) or for what is decided (domain).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from circulation import audit, transactions
from circulation.domain.records import Override, Place
from circulation.service import Service, Workplace
from circulation.store import operations as recorded
from circulation.store import tables as t
from circulation.transactions import ACTIONS as ACTIONS
from circulation.transactions import RETURN as RETURN
from circulation.transactions import Result
from rules.refusals import Reason, choose, in_order

KEPT = timedelta(days=400)
KIOSK = "kiosk"
FOUND = "found"  # kind of an entry in the list of what staff must look at
ABANDONED = Reason("abandoned")
SETTLED_CONTENT = ""  # of an id that was settled before its request came: fits every content

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """One operation as asked.

    Attributes:
        patron: for whom; a return is for nobody, whoever's session it is asked in.
        override: what staff want to be done in spite of refusals; never at a machine (R83).
    """

    id: str
    action: str
    item: str
    patron: str | None
    override: Override | None = None

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise ValueError(f"an action is one of {', '.join(ACTIONS)}")
        if self.action == RETURN and self.patron is not None:
            raise ValueError("a return is for nobody")


def run(service: Service, workplace: Workplace, asked: Asked) -> Line:
    """Carry out one operation, or answer what was recorded for its id; a second request waits for the first."""
    # Another process may be first with this id or item: then see what it recorded.
    return service.database.again_if_overtaken(lambda db: _run(service, db, workplace, asked))


def error_line(operation: str, code: str, detail: str) -> Line:
    """An operation that could not be taken as asked; nothing is recorded."""
    return {"id": operation, "outcome": "error", "error": code, "detail": detail}


def _content(service: Service, asked: Asked) -> str:
    return service.secrets.keyed("operation", json.dumps([asked.action, asked.item, asked.patron]))


def _run(service: Service, db: Connection, workplace: Workplace, asked: Asked) -> Line:
    def carry_out(now: datetime) -> tuple[Place, Result]:
        place = service.place(db, workplace, asked.override)
        result = transactions.carry_out(db, place, asked.action, asked.item, asked.patron, now)
        if result.verdict.overridden and not result.verdict.reasons:
            _note_override(db, place, asked, result, now)
        if "found" in result.told and place.channel == KIOSK:
            _note_found(db, workplace, asked, result.told["found"], now)
        return place, result

    return once(service, db, workplace, asked, carry_out)


def _note_override(db: Connection, place: Place, asked: Asked, result: Result, now: datetime) -> None:
    """Refusals that were set aside stand in the audit log: which rules, by whom, why (R83)."""
    if asked.override is None:
        return
    codes = [reason.code for reason in result.verdict.overridden]
    rules = {code: result.verdict.winners.get(code) for code in codes}
    details = {"item": asked.item, "codes": codes, "rules": rules, "branch": place.branch}
    what = f"override.{asked.action}"
    audit.note(db, now, asked.override.by, what, f"operation {asked.id}", details, asked.override.reason)


def _note_found(db: Connection, workplace: Workplace, asked: Asked, state: str, now: datetime) -> None:
    """An item that was marked as missing or lost was laid on a machine: staff are told (R84)."""
    values = {
        "kind": FOUND,
        "machine_id": workplace.id,
        "operation": asked.id,
        "action": asked.action,
        "item_id": asked.item,
        "at": now,
        "reasons": [reason_line(Reason("item_state", {"state": state, "action": asked.action}))],
    }
    recorded.add_breach(db, values)


def once(
    service: Service,
    db: Connection,
    workplace: Workplace,
    asked: Asked,
    carry_out: Callable[[datetime], tuple[Place, Result]],
) -> Line:
    """Carry out an operation and record its outcome and trace, or answer what was recorded for its id."""
    content = _content(service, asked)
    known = _recorded(db, workplace, asked.id)
    if known is not None:
        if known[0] not in (content, SETTLED_CONTENT):
            detail = "this id belongs to an operation with other content"
            return error_line(asked.id, "operation_reused", detail)
        return {**known[1], "action": asked.action, "item": asked.item}
    now = service.clock()
    key = {"machine_id": workplace.id, "id": asked.id}
    db.execute(_BEGIN, {**key, "content": content, "at": now, "staff": workplace.staff})
    place, result = carry_out(now)
    line, trace = _line(asked, result), _trace(asked, place, result)
    db.execute(_END, {"machine": workplace.id, "operation": asked.id, "outcome": line, "trace": trace})
    return line


# Built once, as every statement of a checkout.
_OF = (t.operation.c.machine_id == bindparam("machine"), t.operation.c.id == bindparam("operation"))
_BEGIN = insert(t.operation)
_END = update(t.operation).where(*_OF)
_RECORDED = select(t.operation.c.content, t.operation.c.outcome).where(*_OF)


def _recorded(db: Connection, workplace: Workplace, operation: str) -> tuple[str, Line] | None:
    row = db.execute(_RECORDED, {"machine": workplace.id, "operation": operation}).one_or_none()
    return (row.content, dict(row.outcome)) if row is not None else None


def is_recorded(service: Service, workplace: Workplace, operation: str) -> bool:
    """Whether an outcome stands for this id."""
    with service.database.reading() as db:
        return _recorded(db, workplace, operation) is not None


def settle(service: Service, workplace: Workplace, operation: str) -> Line:
    """The recorded outcome, or "abandoned" recorded now, so that a late request with this id does nothing."""

    def settled(db: Connection) -> Line:
        known = _recorded(db, workplace, operation)
        if known is not None:
            return known[1]
        line = _refused({"id": operation, "action": None, "item": None}, (ABANDONED,), still_on_loan=False)
        values = {"machine_id": workplace.id, "id": operation, "content": SETTLED_CONTENT, "outcome": line}
        db.execute(insert(t.operation).values(**values, at=service.clock()))
        return line

    return service.database.again_if_overtaken(settled)  # where the request itself was first, its outcome stands


# --- one transaction --------------------------------------------------------------------------------------------------


def _line(asked: Asked, result: Result) -> Line:
    head = {"id": asked.id, "action": asked.action, "item": asked.item}
    if result.verdict.reasons:
        return _refused(head, result.verdict.reasons, still_on_loan=result.on_loan)
    return _done(head, result.due, was_on_loan=result.was_on_loan)


def _trace(asked: Asked, place: Place, result: Result) -> dict[str, Any]:
    """What staff may read later: every step, what was counted, what followed; patrons by number only (R76)."""
    verdict = result.verdict
    due = verdict.due
    return {
        "channel": place.channel,
        "branch": place.branch,
        "ruleset": place.rules.number,
        "steps": [step.to_plain(patron=False) for step in (*verdict.steps, *result.steps)],
        "reasons": [reason_line(reason) for reason in verdict.reasons],
        "overridden": [reason_line(reason) for reason in verdict.overridden],
        "numbers": dict(verdict.numbers),
        **({"patron": asked.patron} if verdict.reasons else {}),  # a loan names its patron itself
        **({"unadjusted": due.unadjusted.isoformat(), "moves": due.steps} if due is not None else {}),
        **({"override": {"by": place.override.by, "reason": place.override.reason}} if place.override else {}),
        **result.told,
    }


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
