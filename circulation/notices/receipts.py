"""Receipts by e-mail: what was done for a patron at a machine or desk, asked for by them and told once.

A receipt is made of what was recorded: whoever asks only names operations, and what is not that patron's is left out.
Not responsible for sending, which is that of every message (sending), or for receipts on paper.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import Connection, Row

from circulation.domain.noticing import Noticed
from circulation.errors import CirculationError
from circulation.notices import addressees, addresses, ledger, selecting
from circulation.notices.addressees import Addressee
from circulation.notices.content import LENT, RECEIPT, RENEWED, RETURNED
from circulation.notices.lines import Line
from circulation.notices.selecting import Planned
from circulation.notices.types import EMAIL
from circulation.service import Service, Workplace
from circulation.store import jobs
from circulation.store import notices as store
from circulation.store import operations as recorded
from circulation.transactions import CHECKOUT, RENEWAL, RETURN

TASK = "receipts"  # the type of the tasks that send them
# What each action is called on a receipt, and the column of the loan that bears the instant of it.
_DONE: Mapping[str, tuple[str, str]] = {
    CHECKOUT: (LENT, "out_at"),
    RENEWAL: (RENEWED, "renewed_at"),
    RETURN: (RETURNED, "returned_at"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A receipt as asked for.

    Attributes:
        id: names the request at its workplace: asked for again, it is the same receipt.
        operations: ids of that workplace, in the order of the receipt.
    """

    id: str
    patron: str
    operations: Sequence[str]


def possible(service: Service, db: Connection, patron: str) -> bool | None:
    """Whether a patron can be sent a receipt; None = nobody is, as no task sends them."""
    if not jobs.active(db, TASK):
        return None
    return _usable(_addressee(service, db, patron))


def ask(service: Service, at: Workplace, asked: Asked) -> None:
    """Write a receipt down and have it sent as soon as may be. What a receipt has told before is not told again.

    Whoever asks wakes the scheduler afterwards (jobs.alarm).

    Raises:
        CirculationError: "receipt_off", "receipt_no_address", or "receipt_nothing": none of these operations was done
            for this patron.
    """
    service.database.again_if_overtaken(lambda db: _ask(service, db, at, asked))


def _ask(service: Service, db: Connection, at: Workplace, asked: Asked) -> None:
    store.patrons(db, [asked.patron], locked=True)
    key = f"receipt-{uuid5(NAMESPACE_URL, f'{at.id}:{asked.id}')}"
    if store.has_key(db, key):
        return
    if not jobs.active(db, TASK):
        raise CirculationError("receipt_off", "no task sends receipts by e-mail", 409)
    who = _addressee(service, db, asked.patron)
    if who is None or not _usable(who):
        raise CirculationError("receipt_no_address", "there is no address to which this patron can be written", 409)
    done = list(_done(db, at, asked))
    if not done:
        raise CirculationError("receipt_nothing", "none of these operations was done for this patron", 409)
    lines = tuple(_untold(db, done))
    if lines:
        planned = Planned(RECEIPT, "", at.branch, EMAIL, who, lines, fee=0)
        number = selecting.place_of(service, db).rules.number
        ledger.write_asked(db, planned, number, service.clock(), key)
        jobs.ask_all(db, TASK, service.clock())


def _addressee(service: Service, db: Connection, patron: str) -> Addressee | None:
    place = selecting.place_of(service, db)
    return addressees.of_patrons(db, place, frozenset({EMAIL}), [patron]).get(patron)


def _usable(who: Addressee | None) -> bool:
    return who is not None and addresses.mail_address(who.addresses.get(EMAIL, "")) is not None


# --- what was done ----------------------------------------------------------------------------------------------------


def _done(db: Connection, at: Workplace, asked: Asked) -> Iterator[Line]:
    """A line for each operation that was done for the patron, in the order in which they were named."""
    rows = {row.id: row for row in recorded.of_workplace(db, at.id, asked.operations)}
    done = [rows[id_] for id_ in dict.fromkeys(asked.operations) if id_ in rows and _is_done(rows[id_])]
    ended = [row.at for row in done if row.outcome["action"] == RETURN]
    loans = recorded.loans_at(db, asked.patron, [row.outcome["item"] for row in done], ended)
    for row in done:
        what, column = _DONE[row.outcome["action"]]
        found = (one for one in loans if one.item_id == row.outcome["item"] and getattr(one, column) == row.at)
        loan = next(found, None)
        if loan is not None:
            yield _line(at, row, loan, what)


def _is_done(row: Row[Any]) -> bool:
    return bool(row.outcome is not None and row.outcome["outcome"] == "done")


def _line(at: Workplace, row: Row[Any], loan: Row[Any], what: str) -> Line:
    period = 1 if what == LENT else loan.renewals + 1
    due = date.fromisoformat(row.outcome["due"]) if row.outcome["due"] is not None else None
    about = {"loan_id": loan.id, "loan_period": period, "due": due, "patron_id": loan.patron_id}
    return Line(at.branch, Noticed(level=what), about, loan.item_id)


def _untold(db: Connection, done: Sequence[Line]) -> Iterator[Line]:
    """The lines no receipt has told yet; one whose receipt failed is told by the new one."""
    told = {
        (row.loan_id, row.loan_period, row.level): row
        for row in store.of_kind(db, RECEIPT, [one.about["loan_id"] for one in done])
    }
    for line in done:
        known = told.get((line.about["loan_id"], line.about["loan_period"], line.noticed.level))
        if known is None:
            yield line
        elif known.state == store.FAILED:
            yield replace(line, again=known.id)
