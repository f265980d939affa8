"""What follows from a message that has left, and from nothing before: fee, invoice, level reached (R29-R31, R37, R48).

Not responsible for knowing that it has (sending, settling).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from circulation.domain.noticing import DUNNING, INVOICE, REMINDERS, WARNING_FEE, rank
from circulation.notices.content import DUE_WARNING, OVERDUE, PAYMENT
from circulation.service import Service
from circulation.store import debts
from circulation.store import notices as store

FEES = {DUE_WARNING: WARNING_FEE, OVERDUE: REMINDERS.fee, PAYMENT: DUNNING.fee}


@dataclass(frozen=True, slots=True)
class Left:
    """A message that has left: its row, what it costs (minor units) and what it told."""

    row: Row[Any]
    fee: int
    notices: Sequence[Row[Any]]

    @property
    def costs(self) -> bool:
        """Whether anything is booked for it."""
        return bool(self.fee or any(one.invoiced for one in self.notices))


def mark(service: Service, db: Connection, left: Left, was: Collection[str], more: Mapping[str, Any]) -> None:
    """Note of a message in one of these states that it has left: book its fee, raise the level reached (R31, R37)."""
    # In the order in which all others lock: patron, then message.
    there = left.costs and left.row.patron_id and store.patrons(db, [left.row.patron_id], locked=True)
    values = {"state": store.SENT, "ended_at": service.clock(), "reason": None, **more}
    if not store.set_message(db, left.row.id, values, *was):
        return
    store.set_notices(db, [one.id for one in left.notices], {"state": store.SENT, "reason": None})
    for one in left.notices:
        _raise_level(db, one)
    if there:
        store.set_message(db, left.row.id, {"fees": _book(service, db, left)}, store.SENT)


def _raise_level(db: Connection, notice: Row[Any]) -> None:
    if notice.kind == OVERDUE:
        store.remind(db, notice.loan_id, notice.loan_period, rank(REMINDERS.levels, notice.level))
    elif notice.kind == PAYMENT and notice.patron_id is not None:
        level = rank(DUNNING.levels, notice.level)
        store.raise_series(db, notice.patron_id, notice.organisation, notice.since, level)


def _book(service: Service, db: Connection, left: Left) -> list[int]:
    """Book what a message costs, as one fee, and what an invoice asks for, loan by loan (R29-R31, R48)."""
    message, notices = left.row, left.notices
    common = {
        "patron_id": message.patron_id,
        "branch": message.branch,
        "open": True,
        "at": service.clock(),
        "rule_set": message.rule_set,
    }
    booked = []
    if left.fee:
        winners = {kind: rule for one in notices for kind, rule in one.winners.items() if one.fee}
        fee = {"reason": debts.REASONS[FEES[message.kind]], "amount": left.fee, "rules": winners}
        booked.append(debts.add(db, {**common, **fee}))
    invoiced = [one for one in notices if one.invoiced]
    loans = store.loans_now(db, [one.loan_id for one in invoiced]) if invoiced else {}
    for one in invoiced:
        loan = loans[one.loan_id]
        about = {"loan_id": one.loan_id, "item_id": loan.id, "title": loan.called, "rules": one.winners}
        fee = {"reason": INVOICE, "amount": one.invoiced, "invoice": True, "late_fee": one.late_fee}
        booked.append(debts.add(db, {**common, **fee, **about}))
    return booked
