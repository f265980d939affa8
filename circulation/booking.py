"""Booking charges, and how they are told to staff. Not responsible for amounts (domain.charges) or payments (desk)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from circulation.domain.charges import Charge
from circulation.domain.records import Item, Loan, Place
from circulation.store import circulating as store
from circulation.store import debts


def book(db: Connection, place: Place, charge: Charge, now: datetime, item: Item, loan: Loan | None) -> int:
    """Book a charge with the rules that decided it (R78); the number of the fee."""
    about = {
        "title": store.title_of(db, item.id),
        "item_id": item.id,
        "loan_id": loan.id if loan is not None else None,
        "rule_set": place.rules.number,
    }
    return debts.book(db, charge, now, about)


def charged_line(charge: Charge, number: int, item: Item, loan: Loan | None) -> dict[str, Any]:
    """A charge as staff are told of it; who it is for is known by number only."""
    line: dict[str, Any] = {
        "fee": number,
        "kind": charge.kind,
        "amount": charge.amount.minor,
        "item": item.id,
        "loan": loan.id if loan is not None else None,
        "branch": charge.branch,
        "rules": dict(charge.winners),
    }
    if charge.overdue is not None:
        line |= {
            "days_late": charge.overdue.days_late,
            "charged_days": charge.overdue.charged_days,
            "uncapped": charge.overdue.uncapped.minor,
        }
    if charge.invoiced.minor:
        line["invoiced"] = charge.invoiced.minor
    if charge.earlier.minor:
        line["earlier"] = charge.earlier.minor
    return line
