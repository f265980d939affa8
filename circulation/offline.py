"""What a machine did while it was off-line: recorded as it happened, decided again, breaches listed for staff (R82).

The item has left or come back already, so nothing is undone and the due date stays as the patron was told it. Not
responsible for what a machine may do off-line (kiosk).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from circulation import operations, transactions
from circulation.clock import local_day
from circulation.domain.records import Override, Place, Verdict
from circulation.errors import CirculationError
from circulation.operations import Asked, Line
from circulation.service import Service, Workplace
from circulation.store import circulating as store
from circulation.store import house, rulesets
from circulation.store import operations as recorded
from circulation.transactions import CHECKOUT, RENEWAL, Result, Subject
from rules.duedate import Due
from rules.refusals import Reason

OFFLINE, RESTORE = "offline", "restore"


@dataclass(frozen=True, slots=True)
class Happened:
    """One transaction of a machine without the centre. ``due``: the date the patron was told."""

    asked: Asked
    at: datetime
    due: date | None


def record(service: Service, workplace: Workplace, happened: Happened, machine_rules: int | None) -> Line:
    """Record one transaction and list it for staff if it would have been refused; its line.

    Args:
        service: the service.
        workplace: the machine.
        happened: what it did.
        machine_rules: number of the set it decided with.
    """
    return service.database.again_if_overtaken(lambda db: _record(service, db, workplace, happened, machine_rules))


def _record(
    service: Service, db: Connection, workplace: Workplace, happened: Happened, machine_rules: int | None
) -> Line:
    asked = happened.asked

    def carry_out(now: datetime) -> tuple[Place, Result]:
        place = _place_then(service, db, workplace, happened.at)
        result, breach = _as_it_happened(db, place, happened)
        if breach:
            values = {
                "kind": OFFLINE,
                "machine_id": workplace.id,
                "operation": asked.id,
                "action": asked.action,
                "item_id": asked.item,
                "loan_id": _loan(db, asked.item),
                "at": happened.at,
                "reasons": [operations.reason_line(reason) for reason in breach],
                "rule_set": place.rules.number,
                "machine_rules": machine_rules,
            }
            recorded.add_breach(db, values)
        return place, result

    return operations.once(service, db, workplace, asked, carry_out)


def _place_then(service: Service, db: Connection, workplace: Workplace, at: datetime) -> Place:
    """The place by the rule set that was live at that time."""
    here = house.installation(db)
    year = local_day(at, here.time_zone).year
    number = rulesets.live_at(db, at)
    if number is None or number == here.live:
        now = service.live.of(db, here, year)[1]
    else:
        now = house.house_of(db, house.rule_set(db, number), here, year)
    return Place(workplace.channel, workplace.branch, local_day(at, now.zone(workplace.branch)), now)


def _as_it_happened(db: Connection, place: Place, happened: Happened) -> tuple[Result, tuple[Reason, ...]]:
    asked = happened.asked
    subject = transactions.read(db, asked.item, asked.patron, queue=True)
    if isinstance(subject, Reason):
        return Result(Verdict((subject,)), was_on_loan=False, on_loan=False), (subject,)
    verdict = transactions.decide(db, place, asked.action, subject)
    forced = Override(place.channel, True, OFFLINE, happened.due)  # whatever was against it, the item has gone
    decided = transactions.decide(db, replace(place, override=forced), asked.action, subject)
    due = Due(happened.due, happened.due) if happened.due is not None else verdict.due
    if asked.action in (CHECKOUT, RENEWAL) and due is None:
        return Result(verdict, subject.loan is not None, subject.loan is not None), verdict.reasons
    free = _freed(db, place, subject, happened) if asked.action == CHECKOUT else subject
    if asked.action == RENEWAL and free.loan is None:
        return Result(verdict, was_on_loan=False, on_loan=False), verdict.reasons
    written = transactions.write(
        db, place, asked.action, free, replace(decided, reasons=(), due=due, overridden=()), happened.at
    )
    return written, verdict.reasons


def _freed(db: Connection, place: Place, subject: Subject, happened: Happened) -> Subject:
    """An item somebody takes from the shelf is no longer on loan to whoever had it before."""
    loan, patron = subject.loan, subject.patron
    if loan is None or patron is None or loan.patron == patron.id:
        return subject
    store.take_back(db, loan, happened.at)
    return replace(subject, loan=None)


def _loan(db: Connection, item: str) -> int | None:
    loan = store.open_loan(db, item)
    return loan.id if loan is not None else None


def note_conflict(service: Service, workplace: Workplace, asked: Asked, line: Line) -> None:
    """List an operation that a machine sent again after a restore and that cannot be carried out any more (R88)."""
    now = service.clock()
    with service.database.writing() as db:
        if recorded.has_breach(db, asked.id):
            return
        values = {
            "kind": RESTORE,
            "machine_id": workplace.id,
            "operation": asked.id,
            "action": asked.action,
            "item_id": asked.item,
            "loan_id": _loan(db, asked.item),
            "at": now,
            "reasons": line["all_reasons"],
            "rule_set": house.installation(db).live,
            "machine_rules": None,
        }
        recorded.add_breach(db, values)


def listed(service: Service, *, cleared: bool = False) -> list[dict[str, Any]]:
    """What staff must look at, oldest first."""
    with service.database.reading() as db:
        return [dict(row._mapping) for row in recorded.breaches(db, cleared=cleared)]  # noqa: SLF001


def clear(service: Service, breach: int, by: str) -> None:
    """Staff have looked at one.

    Raises:
        CirculationError: there is no such open one.
    """
    with service.database.writing() as db:
        if not recorded.clear_breach(db, breach, by, service.clock()):
            raise CirculationError("breach_unknown", "there is no such open entry", 404)
