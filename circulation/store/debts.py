"""Fees, payments and reminder series: what is owed, and how it is settled. Money is minor units."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, case, delete, func, insert, select, update

from circulation.domain.charges import Charge
from circulation.store import tables as t
from rules.values import Amount

OWED = t.fee.c.amount - t.fee.c.paid
LATE = "overdue"  # the reason of an overdue fee, which is booked when a loan period ends
_PERIOD_BEGAN = func.coalesce(t.loan.c.renewed_at, t.loan.c.out_at)
# Of a loan: the overdue fee that an invoice of its loan period asked for (R48).
INVOICED_LATE = (
    select(func.coalesce(func.sum(t.fee.c.late_fee), 0))
    .where(t.fee.c.loan_id == t.loan.c.id, t.fee.c.at >= _PERIOD_BEGAN)
    .correlate(t.loan)
    .scalar_subquery()
)
_EARLIER = case((t.fee.c.reason == LATE, t.fee.c.amount), (t.fee.c.at < _PERIOD_BEGAN, t.fee.c.late_fee), else_=0)
# Of a loan: the overdue fees of its earlier loan periods, booked by themselves or asked for by an invoice (R28).
EARLIER_LATE = (
    select(func.coalesce(func.sum(_EARLIER), 0))
    .where(t.fee.c.loan_id == t.loan.c.id)
    .correlate(t.loan)
    .scalar_subquery()
)


def _sums() -> Select[Any, Any, Any, Any]:
    patron: Any = bindparam("patron")

    def total(invoice: bool) -> Any:
        part = case((t.fee.c.invoice == invoice, OWED), else_=0)
        mine = (t.fee.c.patron_id == patron, t.fee.c.open)
        return select(func.coalesce(func.sum(part), 0)).where(*mine).scalar_subquery()

    def highest(column: Any, *where: Any) -> Any:
        return select(func.coalesce(func.max(column), 0)).where(*where).scalar_subquery()

    return select(
        total(False),
        total(True),
        highest(t.loan.c.reminded, t.loan.c.patron_id == patron, t.loan.c.returned_at.is_(None)),
        highest(t.debt_series.c.level, t.debt_series.c.patron_id == patron),
    )


_SUMS = _sums()  # built once: every checkout asks


def sums(db: Connection, patron_id: str) -> tuple[int, int, int, int]:
    """Open fees, open invoices, highest reminder level of an open loan, level of a running payment series."""
    row = db.execute(_SUMS, {"patron": patron_id}).one()
    return int(row[0]), int(row[1]), int(row[2]), int(row[3])


def count_reminded(db: Connection, patron_id: str, level: int) -> int:
    """Open loans that have reached a reminder level."""
    query = select(func.count()).select_from(t.loan)
    of = (t.loan.c.patron_id == patron_id, t.loan.c.returned_at.is_(None), t.loan.c.reminded >= level)
    return int(db.execute(query.where(*of)).scalar_one())


def invoices_of_returned(db: Connection) -> list[Row[Any]]:
    """Open invoices whose items came back after them, oldest first, with what is owed, and the day of the return."""
    query = select(t.fee, OWED.label("owed"), t.loan.c.returned_at).join(t.loan, t.loan.c.id == t.fee.c.loan_id)
    back = (t.fee.c.open, t.fee.c.invoice, t.loan.c.returned_at >= t.fee.c.at)
    return list(db.execute(query.where(*back).order_by(t.fee.c.at, t.fee.c.id)))


def late_before(db: Connection, loan_id: int, fee_id: int) -> tuple[Amount, Amount]:
    """Overdue fees asked for before one of a loan: by invoices of its last period, and in its earlier periods."""
    invoiced, earlier = db.execute(select(INVOICED_LATE, EARLIER_LATE).where(t.loan.c.id == loan_id)).one()
    since = (t.fee.c.loan_id == loan_id, t.fee.c.reason == LATE, t.fee.c.id >= fee_id)
    later = db.execute(select(func.coalesce(func.sum(t.fee.c.amount), 0)).where(*since)).scalar_one()
    return Amount(int(invoiced)), Amount(int(earlier) - int(later))


def book(db: Connection, charge: Charge, now: datetime, about: Mapping[str, Any]) -> int:
    """Book a charge; its number. ``about``: title, loan_id, item_id, rule_set."""
    values = {
        "patron_id": charge.patron,
        "reason": REASONS[charge.kind],
        "amount": charge.amount.minor,
        "branch": charge.branch,
        "rules": dict(charge.winners),
        "open": True,
        "at": now,
        **about,
    }
    return add(db, values)


REASONS = {
    "fees.overdue": LATE,
    "fees.uncollected_reservation": "uncollected",
    "fees.due_warning": "due_warning",
    "fees.overdue_reminder": "overdue_reminder",
    "fees.payment_reminder": "payment_reminder",
}


_OPEN_FEES = (
    select(t.fee, OWED.label("owed"))
    .where(t.fee.c.patron_id.in_(bindparam("patrons", expanding=True)), t.fee.c.open)
    .order_by(t.fee.c.at, t.fee.c.id)
)


def open_fees(db: Connection, patron_id: str) -> Sequence[Row[Any]]:
    """Open fees, oldest first, with what is still owed of each."""
    return db.execute(_OPEN_FEES, {"patrons": [patron_id]}).all()


def open_fees_of(db: Connection, patrons: Collection[str]) -> dict[str, list[Row[Any]]]:
    """The same of several patrons."""
    found: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in db.execute(_OPEN_FEES, {"patrons": list(patrons)}):
        found[row.patron_id].append(row)
    return found


def fee(db: Connection, fee_id: int, *, locked: bool = True) -> Row[Any] | None:
    """One fee; its row is locked unless it is only looked at."""
    query = select(t.fee, OWED.label("owed")).where(t.fee.c.id == fee_id)
    return db.execute(query.with_for_update() if locked else query).one_or_none()


def add(db: Connection, values: Mapping[str, Any]) -> int:
    """A fee; its number."""
    key = db.execute(insert(t.fee).values(**values)).inserted_primary_key
    return int(key[0]) if key is not None else 0


@dataclass(frozen=True, slots=True)
class History:
    """Every fee and payment of a patron."""

    fees: Sequence[Row[Any]]
    payments: Sequence[Row[Any]]


def history(db: Connection, patron_id: str) -> History:
    """Fees and payments of a patron, oldest first."""
    fees = select(t.fee).where(t.fee.c.patron_id == patron_id).order_by(t.fee.c.at, t.fee.c.id)
    payments = select(t.payment).where(t.payment.c.patron_id == patron_id).order_by(t.payment.c.at, t.payment.c.id)
    return History(db.execute(fees).all(), db.execute(payments).all())


def series_of(db: Connection, patron_id: str) -> list[str]:
    """Organisations at which a payment reminder series of a patron runs."""
    query = select(t.debt_series.c.organisation).where(t.debt_series.c.patron_id == patron_id)
    return list(db.execute(query).scalars())


def series_levels(db: Connection, patron_id: str) -> dict[str, int]:
    """Level of each payment reminder series of a patron, by organisation."""
    query = select(t.debt_series.c.organisation, t.debt_series.c.level).where(t.debt_series.c.patron_id == patron_id)
    return {row.organisation: row.level for row in db.execute(query)}


def settle(db: Connection, fee_id: int, paid: int, whole: bool, by: tuple[str, datetime], waived: str | None) -> None:
    """Note what was paid of a fee; one that is settled as a whole is closed, with who did it and why it was waived."""
    values: dict[str, Any] = {"paid": paid}
    if whole:
        values |= {"open": False, "settled_by": by[0], "settled_at": by[1], "waived_for": waived}
    db.execute(update(t.fee).where(t.fee.c.id == fee_id).values(**values))


def add_payment(db: Connection, values: Mapping[str, Any], parts: Sequence[tuple[int, int]]) -> int:
    """A payment, with the fees it settled: (fee, amount)."""
    key = db.execute(insert(t.payment).values(**values, parts=[list(part) for part in parts])).inserted_primary_key
    return int(key[0]) if key is not None else 0


def end_series(db: Connection, patron_id: str, organisations: Sequence[str]) -> None:
    """End payment reminder series of a patron."""
    of = (t.debt_series.c.patron_id == patron_id, t.debt_series.c.organisation.in_(organisations))
    db.execute(delete(t.debt_series).where(*of))
