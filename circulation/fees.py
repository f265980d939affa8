"""One fee as staff look at it: what is owed of it, how it was settled, and why it is as high as it is (R28, R33, R45).

The numbers are those recorded with the transaction that booked it. Once that record has had its time (R89) they are
worked out again as they were then, by the same code (domain.charges) and the same rule set. Amounts are minor units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from circulation.clock import local_day
from circulation.domain import charges
from circulation.domain.records import Loan, Place
from circulation.errors import CirculationError
from circulation.service import Service
from circulation.store import circulating, debts, house
from circulation.store import operations as recorded
from circulation.store import people as store

KINDS = GRACE, FEE, MOST = "periods.grace", "fees.overdue", "fees.overdue_max"


@dataclass(frozen=True, slots=True)
class Story:
    """How an overdue fee came about.

    Attributes:
        on: the day the item came back or was renewed.
        due: the day it was due; None where the loan was renewed since and nothing tells any more.
        late: calendar days after the due date; None as ``due``.
        counted: days late that count: without closed days where the branch leaves them out.
        charged: of them, those after the grace period.
        uncapped: the fee without the cap.
        amount: the fee.
        invoiced: what an invoice had asked for of it before (R48), and that is not in the amount.
        earlier: what was charged before a renewal of the same loan, and left so much less of the upper limit (R28).
        steps: the kinds that decided, as they are recorded.
        operation: the transaction that booked it; None once its record has had its time.
    """

    on: date
    due: date | None
    late: int | None
    counted: int
    charged: int
    uncapped: int
    amount: int
    invoiced: int
    earlier: int
    steps: Sequence[Mapping[str, Any]]
    operation: str | None

    @property
    def closed(self) -> int:
        """Closed days that were left out."""
        return self.late - self.counted if self.late is not None else 0

    @property
    def grace(self) -> int:
        """Days of grace that were used."""
        return self.counted - self.charged

    def value(self, kind: str) -> object:
        """What decided a kind, in its plain form; None = nothing did."""
        return next((step["value"] for step in self.steps if step["kind"] == kind), None)


def fee(service: Service, number: int) -> dict[str, Any]:
    """A fee: its row as "fee" with what is "owed" of it, its "payments", and its "story" where it is an overdue fee.

    Raises:
        CirculationError: there is no such fee.
    """
    with service.database.reading() as db:
        row = debts.fee(db, number, locked=False)
        if row is None:
            raise CirculationError("fee_unknown", "there is no such fee", 404)
        paid = debts.history(db, row.patron_id).payments if row.patron_id is not None else ()
        parts = [(one, amount) for one in paid for fee_id, amount in one.parts if fee_id == number]
        return {
            "fee": row._mapping,  # noqa: SLF001
            "payments": [{"at": one.at, "by": one.by, "branch": one.branch, "amount": amount} for one, amount in parts],
            "story": _story(db, row) if row.reason == debts.LATE and row.loan_id is not None else None,
        }


def _story(db: Connection, row: Any) -> Story | None:
    loan = store.loan(db, row.loan_id)
    if loan is None:
        return None
    on = local_day(row.at, house.installation(db).time_zone)
    due = loan.due if loan.renewed_at is None or loan.renewed_at < row.at else None
    found = _recorded(db, row)
    if found is not None:
        operation, line, steps = found
        late = (on - due).days if due is not None else None
        numbers = (line["days_late"], line["charged_days"], line["uncapped"], line["amount"])
        before = (line.get("invoiced", 0), line.get("earlier", 0))
        return Story(on, due, late, *numbers, *before, steps, operation)
    return _worked_out(db, row, loan, on) if due is not None and row.rule_set is not None else None


def _recorded(db: Connection, row: Any) -> tuple[str, Mapping[str, Any], Sequence[Mapping[str, Any]]] | None:
    """The transaction that booked a fee, what it tells of it, and the kinds it decided for it."""
    for one in recorded.at_instant(db, row.at):
        trace = one.trace or {}
        line = next((line for line in trace.get("charged", ()) if line["fee"] == row.id), None)
        if line is not None and "charged_days" in line:
            return one.id, line, [step for step in trace["steps"] if step["kind"] in KINDS]
    return None


def _worked_out(db: Connection, row: Any, loan: Any, on: date) -> Story | None:
    item = circulating.item(db, loan.item_id, locked=False)
    borrower = circulating.person(db, row.patron_id) if row.patron_id is not None else None
    if item is None or borrower is None:
        return None
    here = house.installation(db)
    place = Place("desk", loan.branch, on, house.house_of(db, house.rule_set(db, row.rule_set), here, on.year))
    before = debts.late_before(db, loan.id, row.id)
    lent = Loan(loan.id, row.patron_id, loan.branch, loan.due, loan.renewals, *before)
    found, steps, charge = charges.overdue(place, item, lent, borrower)
    if charge is None or charge.amount.minor != row.amount:
        return None  # the branch's settings or its calendar have changed since: numbers of today would mislead
    numbers = (found.days_late, found.charged_days, found.uncapped.minor, row.amount)
    taken = (charge.invoiced.minor, charge.earlier.minor)
    return Story(on, loan.due, (on - loan.due).days, *numbers, *taken, [step.to_plain() for step in steps], None)
