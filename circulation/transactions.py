"""One transaction: what is read, decided and written for a checkout, a return or a renewal.

Responsible for that everything that follows happens in the same database transaction: the loan, the fee, the
reservation that is fulfilled, the copy that is set aside for the next. Not responsible for what is decided (domain),
for repeating and recording (operations), or for who may ask (api).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from circulation import shelf
from circulation.booking import book, charged_line
from circulation.domain import charges
from circulation.domain.checkout import Counting, decide_checkout
from circulation.domain.item_states import STATES
from circulation.domain.records import Item, Loan, Patron, Place, Queue, Reservation, Verdict
from circulation.domain.renewal import decide_renewal
from circulation.domain.return_ import decide_return
from circulation.store import circulating as store
from circulation.store import debts, reservations
from rules.refusals import Reason
from rules.trace import Step

ACTIONS = CHECKOUT, RETURN, RENEWAL = "checkout", "return", "renewal"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a transaction.

    Attributes:
        verdict: every reason, every step.
        was_on_loan: before it.
        on_loan: after it.
        told: what staff are told beyond that: "charged", "shelf", "found", "due_now".
        steps: kinds decided beyond the verdict's, for fees.
    """

    verdict: Verdict
    was_on_loan: bool
    on_loan: bool
    told: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()

    @property
    def due(self) -> date | None:
        """The due date given."""
        return self.verdict.due.day if self.verdict.due is not None else None


@dataclass(frozen=True, slots=True)
class Subject:
    """What a transaction is about, read and locked in the order patron, item (decision 0016)."""

    item: Item
    loan: Loan | None
    patron: Patron | None
    queue: Queue


def read(db: Connection, item_id: str, patron_id: str | None, *, queue: bool, locked: bool = True) -> Subject | Reason:
    """Read and lock what a transaction is about, or say what is missing."""
    patron = store.patron(db, patron_id, locked=locked) if patron_id is not None else None
    item = store.item(db, item_id, locked=locked)
    if item is None:
        return Reason("item_unknown")
    if patron_id is not None and patron is None:
        return Reason("permission")
    waiting = reservations.queue(db, item.title) if queue else ()
    return Subject(item, store.open_loan(db, item_id), patron, waiting)


def decide(db: Connection, place: Place, action: str, subject: Subject) -> Verdict:
    """Decide a transaction; nothing is written (R77 asks the same)."""
    patron, item, loan = subject.patron, subject.item, subject.loan
    if action == RETURN:
        return decide_return(place, item)
    if patron is None:
        return Verdict((Reason("permission"),))

    def count_reminded(level: int) -> int:
        return debts.count_reminded(db, patron.id, level)

    if action == RENEWAL:
        return decide_renewal(place, item, patron, loan, subject.queue, count_reminded)
    counting = Counting(lambda rule, branch: store.count_loans(db, patron.id, rule, branch), count_reminded)
    return decide_checkout(place, item, patron, loan, subject.queue, counting)


def carry_out(db: Connection, place: Place, action: str, item_id: str, patron_id: str | None, now: datetime) -> Result:
    """Decide and, if nothing is against it, write."""
    subject = read(db, item_id, patron_id, queue=action != RETURN)
    if isinstance(subject, Reason):
        return Result(Verdict((subject,)), was_on_loan=False, on_loan=False)
    verdict = decide(db, place, action, subject)
    on_loan = subject.loan is not None
    if verdict.reasons:
        due = {"due_now": subject.loan.due.isoformat()} if subject.loan is not None else {}
        return Result(verdict, on_loan, on_loan, due)
    return write(db, place, action, subject, verdict, now)


def write(db: Connection, place: Place, action: str, subject: Subject, verdict: Verdict, now: datetime) -> Result:
    """Write what was decided."""
    return _WRITE[action](db, place, subject, verdict, now)


def _checkout(db: Connection, place: Place, subject: Subject, verdict: Verdict, now: datetime) -> Result:
    item, patron = subject.item, _present(subject.patron)
    found = {"found": item.state} if STATES[item.state].found else {}
    if found:
        store.place_item(db, item, item.stands_at)
    if subject.loan is None:
        store.lend(db, item, patron.id, _lending(place, verdict, now))
    else:  # only where staff override that it is on this account already
        store.renew(db, subject.loan, _lending(place, verdict, now))
    fulfilled = _fulfilled(db, subject.queue, item, patron)
    if fulfilled is not None:
        reservations.end(db, fulfilled, "fulfilled", now, place.channel)
    told = {**found, **({"fulfilled": fulfilled.id} if fulfilled is not None else {})}
    return Result(verdict, subject.loan is not None, True, told)


def _fulfilled(db: Connection, queue: Queue, item: Item, patron: Patron) -> Reservation | None:
    """The reservation this checkout fulfils: the one the copy is set aside for, else one that still waits.

    They are read again and locked: one may have been given another copy, which came back since the queue was read.
    """
    if all(one.patron != patron.id for one in queue):
        return None
    own = reservations.own(db, item.title, patron.id)
    exact = next((one for one in own if one.copy == item.id), None)
    return exact or next((one for one in own if one.state == "waiting"), None)


def _return(db: Connection, place: Place, subject: Subject, verdict: Verdict, now: datetime) -> Result:
    item, loan = subject.item, subject.loan
    told: dict[str, Any] = {}
    steps: tuple[Step, ...] = ()
    if loan is not None:
        store.take_back(db, loan, now)
        told, steps = _fine(db, place, item, loan, now)
    if STATES[item.state].found:
        told["found"] = item.state
    told |= shelf.arrive(db, place, item, now)
    return Result(verdict, loan is not None, False, told, steps)


def _renewal(db: Connection, place: Place, subject: Subject, verdict: Verdict, now: datetime) -> Result:
    loan = subject.loan
    if loan is None:
        raise ValueError("a renewal was allowed without a loan")
    told, steps = _fine(db, place, subject.item, loan, now)
    store.renew(db, loan, _lending(place, verdict, now))
    return Result(verdict, True, True, told, steps)


_WRITE = {CHECKOUT: _checkout, RETURN: _return, RENEWAL: _renewal}


def _fine(
    db: Connection, place: Place, item: Item, loan: Loan, now: datetime
) -> tuple[dict[str, Any], tuple[Step, ...]]:
    """Book the overdue fee reached so far; what is told of it, and the kinds decided."""
    borrower = store.person(db, loan.patron) if loan.patron is not None else None
    if borrower is None:
        return {"charged": []}, ()
    fee, steps, charge = charges.overdue(place, item, loan, borrower)
    told: dict[str, Any] = {"charged": [], "days_late": fee.days_late, "uncapped": fee.uncapped.minor}
    if charge is not None:
        number = book(db, place, charge, now, item, loan)
        told["charged"].append(charged_line(charge, number, item, loan))
    return told, steps


def _lending(place: Place, verdict: Verdict, now: datetime) -> store.Lending:
    if verdict.due is None:
        raise ValueError("a loan was allowed without a due date")
    override = place.override if verdict.overridden else None
    by = (
        {"by": override.by, "reason": override.reason, "codes": [r.code for r in verdict.overridden]}
        if override
        else None
    )
    return store.Lending(
        place.channel,
        place.branch,
        now,
        place.rules.number,
        verdict.winners,
        verdict.period,
        verdict.due.day,
        verdict.due.unadjusted,
        by,
    )


def _present(patron: Patron | None) -> Patron:
    if patron is None:
        raise ValueError("a checkout was allowed for nobody")
    return patron
