"""What a message may say, of what was read for it. Not responsible for words (composing) or for whether it is due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row

from circulation.domain.records import Place
from circulation.money import kept_by
from circulation.notices.content import (
    PAYMENT,
    RECEIPT,
    RESERVATION,
    RETURNED,
    BranchSaid,
    Content,
    FeeSaid,
    LoanSaid,
    Reader,
    ReservationSaid,
    Sums,
)
from circulation.notices.subjects import Subjects

_Part = Mapping[str, Any]


def of(
    place: Place,
    message: Row[Any],
    notices: Sequence[Row[Any]],
    subjects: Subjects,
    open_fees: Sequence[Row[Any]],
    fee: int,
) -> Content:
    """The content of a message about those of its notices that still hold.

    Args:
        place: the moment at the installation.
        message: a row of the ledger.
        notices: rows of the ledger.
        subjects: as they are now.
        open_fees: of the patron.
        fee: what the message costs, minor units.
    """
    place = place.at(message.branch)
    patron = subjects.patrons[message.patron_id]
    owed = sum(row.owed for row in open_fees if message.kind != PAYMENT or kept_by(place, message.branch)(row))
    invoiced = sum(row.invoiced for row in notices)
    return Content(
        key=message.key,
        kind=message.kind,
        level=message.level,
        language=message.language,
        channel=message.channel,
        to=message.address,
        patron=Reader(patron.id, patron.first_name, patron.last_name),
        branch=BranchSaid(message.branch, place.rules.organisations.nodes[message.branch].name),
        library=place.house.library,
        currency=place.house.currency,
        today=_day(place, message),
        sums=Sums(fee, invoiced, owed),
        **_about(place, message, notices, subjects, open_fees),
    )


def _day(place: Place, message: Row[Any]) -> date:
    """The day a message speaks of as today."""
    return place.day(message.created_at) if message.kind == RECEIPT else place.today


def _about(
    place: Place, message: Row[Any], notices: Sequence[Row[Any]], subjects: Subjects, open_fees: Sequence[Row[Any]]
) -> _Part:
    if message.kind == PAYMENT:
        mine = kept_by(place, message.branch)
        return {"fees": tuple(_fee(place, row) for row in open_fees if mine(row))}
    if message.kind == RESERVATION:
        told = (subjects.reservations.get(row.reservation_id) for row in notices)
        return {"reservations": tuple(_reservation(row) for row in told if row is not None)}
    loans = subjects.loans
    if message.kind == RECEIPT:
        return {"loans": tuple(_done(loans[row.loan_id], row) for row in sorted(notices, key=lambda row: row.id))}
    return {"loans": tuple(_loan(place, loans[row.loan_id], row) for row in notices)}


def _loan(place: Place, loan: Row[Any], notice: Row[Any]) -> LoanSaid:
    late = max((place.today - loan.due).days, 0)
    said = (loan.loan, loan.id, loan.called, loan.author, loan.media_type, loan.due)
    return LoanSaid(*said, late, notice.invoiced)


def _done(loan: Row[Any], notice: Row[Any]) -> LoanSaid:
    """A loan as it was when what a receipt tells of it was done."""
    due = notice.due if notice.level != RETURNED else None
    return LoanSaid(loan.loan, loan.id, loan.called, loan.author, loan.media_type, due, done=notice.level)


def _fee(place: Place, row: Row[Any]) -> FeeSaid:
    return FeeSaid(row.reason, row.title, place.day(row.at), row.owed, row.invoice)


def _reservation(row: Row[Any]) -> ReservationSaid:
    return ReservationSaid(row.reservation, row.called, row.author, row.until, row.shelf)
