"""What follows from a message that has left, and from nothing before: fee, invoice, level reached (R29-R31, R37, R48).

Not responsible for knowing that it has (sending, settling).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row

from circulation.domain.noticing import DUNNING, INVOICE, REMINDERS, WARNING_FEE, rank
from circulation.notices.content import DUE_WARNING, OVERDUE, PAYMENT
from circulation.service import Service
from circulation.store import debts
from circulation.store import notices as store

FEES = {DUE_WARNING: WARNING_FEE, OVERDUE: REMINDERS.fee, PAYMENT: DUNNING.fee}


def mark(service: Service, db: Connection, row: Row[Any], more: Mapping[str, Any]) -> None:
    """Note that a message, whose row is locked, has left: book its fee and raise the level reached (R31, R37)."""
    there = row.patron_id is not None and store.patrons(db, [row.patron_id], locked=True)
    notices = store.notices_of(db, row.id, (row.state,))
    fees = _book(service, db, row, notices) if there else []
    values = {"state": store.SENT, "ended_at": service.clock(), "fees": fees, "reason": None, **more}
    store.set_message(db, row.id, values, row.state)
    store.set_notices(db, [one.id for one in notices], {"state": store.SENT, "reason": None})
    for one in notices:
        _raise_level(db, one)


def _raise_level(db: Connection, notice: Row[Any]) -> None:
    if notice.kind == OVERDUE:
        store.remind(db, notice.loan_id, notice.loan_period, rank(REMINDERS.levels, notice.level))
    elif notice.kind == PAYMENT and notice.patron_id is not None:
        level = rank(DUNNING.levels, notice.level)
        store.raise_series(db, notice.patron_id, notice.organisation, notice.since, level)


def _book(service: Service, db: Connection, message: Row[Any], notices: Sequence[Row[Any]]) -> list[int]:
    """Book what a message costs, as one fee, and what an invoice asks for, loan by loan (R29-R31, R48)."""
    common = {
        "patron_id": message.patron_id,
        "branch": message.branch,
        "open": True,
        "at": service.clock(),
        "rule_set": message.rule_set,
    }
    booked = []
    if message.fee:
        winners = {kind: rule for one in notices for kind, rule in one.winners.items() if one.fee}
        fee = {"reason": debts.REASONS[FEES[message.kind]], "amount": message.fee, "rules": winners}
        booked.append(debts.add(db, {**common, **fee}))
    invoiced = [one for one in notices if one.invoiced]
    loans = store.loans_now(db, [one.loan_id for one in invoiced]) if invoiced else {}
    for one in invoiced:
        loan = loans[one.loan_id]
        about = {"loan_id": one.loan_id, "item_id": loan.id, "title": loan.called, "rules": one.winners}
        fee = {"reason": INVOICE, "amount": one.invoiced, "invoice": True, "late_fee": one.late_fee}
        booked.append(debts.add(db, {**common, **fee, **about}))
    return booked
