"""Whether what was written down still holds, looked at once more right before it is sent (R74).

Not responsible for what is done then (sending).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from circulation import money
from circulation.domain.item_states import STATES
from circulation.domain.noticing import DUNNING, NOT_REMINDED, REMINDERS, rank
from circulation.domain.records import Place
from circulation.notices import addressees
from circulation.notices.content import DUE_WARNING, OVERDUE, PAYMENT, RECEIPT, RESERVATION
from circulation.notices.due import loans
from circulation.notices.subjects import Subjects
from circulation.store import notices as store

# Why something is no longer sent; codes.
PATRON_GONE, ADDRESS_CHANGED = "patron_gone", "address_changed"
RETURNED, RENEWED, DUE_MOVED, NOW_OVERDUE = "returned", "renewed", "due_moved", "now_overdue"
LEVEL_REACHED, SERIES_OVER, NOT_ON_SHELF, TOO_OLD = "level_reached", "series_over", "not_on_shelf", "too_old"
LATEST_DAYS = 3  # days for which a message that is not bound to a due date is tried


@dataclass(frozen=True, slots=True)
class Checked:
    """What of a message still holds.

    Attributes:
        holding: its notices that are to be told.
        over: the others, each with the reason.
    """

    holding: tuple[Row[Any], ...]
    over: Mapping[int, str]

    @property
    def reason(self) -> str | None:
        """Why nothing of it is sent; None = something is."""
        return None if self.holding else next(iter(self.over.values()), PATRON_GONE)


def check(db: Connection, place: Place, message: Row[Any], notices: Sequence[Row[Any]], subjects: Subjects) -> Checked:
    """Look at a message and all it tells.

    Args:
        db: the transaction.
        place: the moment at the installation.
        message: a row of the ledger.
        notices: all it tells.
        subjects: as they are now.
    """
    patron = subjects.patrons.get(message.patron_id)
    if patron is None:
        return _nothing(notices, PATRON_GONE)
    whole = _whole(db, place, message, patron)
    if whole is not None:
        return _nothing(notices, whole)
    whys = _CHECKS[message.kind](db, place, notices, subjects)
    over = {id_: why for id_, why in whys.items() if why is not None}
    return Checked(tuple(row for row in notices if row.id not in over), over)


def _nothing(notices: Sequence[Row[Any]], why: str) -> Checked:
    return Checked((), {row.id: why for row in notices})


def _whole(db: Connection, place: Place, message: Row[Any], patron: Row[Any]) -> str | None:
    """Why the message as a whole is no longer sent."""
    (who,) = addressees.of_rows(db, place, frozenset({message.channel}), [patron]).values()
    if who.addresses.get(message.channel) != message.address:
        return ADDRESS_CHANGED
    there = place.at(message.branch)
    old = message.kind != DUE_WARNING and (there.today - there.day(message.created_at)).days > LATEST_DAYS
    return TOO_OLD if old else None


_Whys = dict[int, str | None]


def _loans(_: Connection, place: Place, notices: Sequence[Row[Any]], subjects: Subjects) -> _Whys:
    return {row.id: _loan(place, row, subjects.loans.get(row.loan_id)) for row in notices}


def _loan(place: Place, notice: Row[Any], loan: Row[Any] | None) -> str | None:
    if loan is None or loan.returned_at is not None:
        return RETURNED
    if loans.period_of(place, notice.kind, loan.lent_at, loan.renewals) != notice.loan_period:
        return RENEWED
    if loan.due != notice.due:
        return DUE_MOVED
    if not STATES[loan.state].reminds:
        return NOT_REMINDED
    if notice.kind == DUE_WARNING:
        return NOW_OVERDUE if place.at(loan.lent_at).today > loan.due else None
    return LEVEL_REACHED if loan.reminded >= rank(REMINDERS.levels, notice.level) else None


def _debts(db: Connection, place: Place, notices: Sequence[Row[Any]], _: Subjects) -> _Whys:
    return {row.id: _debt(db, place, row) for row in notices}


def _debt(db: Connection, place: Place, notice: Row[Any]) -> str | None:
    if money.running(db, place, notice.patron_id, notice.organisation).reached_on is None:
        return SERIES_OVER
    running = store.series(db, notice.patron_id).get(notice.organisation)
    if running is None:
        return None
    if running.reached_on != notice.since:
        return SERIES_OVER
    return LEVEL_REACHED if running.level >= rank(DUNNING.levels, notice.level) else None


def _reservations(_: Connection, place: Place, notices: Sequence[Row[Any]], subjects: Subjects) -> _Whys:
    return {row.id: _reservation(place, subjects.reservations.get(row.reservation_id)) for row in notices}


def _reservation(place: Place, row: Row[Any] | None) -> str | None:
    waits = row is not None and (row.until is None or row.until >= place.at(row.pickup).today)
    return None if waits else NOT_ON_SHELF


def _done(_: Connection, __: Place, notices: Sequence[Row[Any]], ___: Subjects) -> _Whys:
    """What was done stays done, whatever becomes of the loan."""
    return dict.fromkeys(row.id for row in notices)


_CHECKS: Mapping[str, Callable[[Connection, Place, Sequence[Row[Any]], Subjects], _Whys]] = {
    DUE_WARNING: _loans,
    OVERDUE: _loans,
    PAYMENT: _debts,
    RESERVATION: _reservations,
    RECEIPT: _done,
}
