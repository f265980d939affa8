"""Recorded operations, and what staff must look at among them: statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select, update

from circulation.store import tables as t


def by_id(db: Connection, operation: str) -> Row[Any] | None:
    """A recorded operation of whatever machine or desk; ids are random, so that none has two."""
    query = select(t.operation).where(t.operation.c.id == operation)
    return db.execute(query.order_by(t.operation.c.at).limit(1)).first()


def borrower(db: Connection, item: str | None, at: datetime) -> str | None:
    """Who has the loan that an operation of this instant made or renewed; None once nobody does (R89)."""
    made = or_(t.loan.c.out_at == at, t.loan.c.renewed_at == at, t.loan.c.returned_at == at)
    found: str | None = db.execute(select(t.loan.c.patron_id).where(t.loan.c.item_id == item, made)).scalar()
    return found


def of_loan(db: Connection, item: str, at: datetime) -> str | None:
    """The operation that lent or renewed an item at an instant."""
    of = (t.operation.c.at == at, t.operation.c.outcome["item"].as_string() == item)
    found: str | None = db.execute(select(t.operation.c.id).where(*of).limit(1)).scalar()
    return found


def of_workplace(db: Connection, machine: str, operations: Sequence[str]) -> list[Row[Any]]:
    """Recorded operations of a machine or desk."""
    query = select(t.operation).where(t.operation.c.machine_id == machine, t.operation.c.id.in_(operations))
    return list(db.execute(query))


def loans_at(db: Connection, patron: str, items: Sequence[str], ended: Sequence[datetime]) -> list[Row[Any]]:
    """A patron's loans of some items: those that are open, and those that ended at one of some instants."""
    mine = (t.loan.c.patron_id == patron, t.loan.c.item_id.in_(items))
    found = list(db.execute(select(t.loan).where(*mine, t.loan.c.returned_at.is_(None))))
    if ended:  # no index has them: they are looked for only where something was returned
        found += db.execute(select(t.loan).where(*mine, t.loan.c.returned_at.in_(ended)))
    return found


def at_instant(db: Connection, at: datetime) -> list[Row[Any]]:
    """What was recorded at an instant; what an operation books bears the same."""
    return list(db.execute(select(t.operation).where(t.operation.c.at == at)))


def add_breach(db: Connection, values: Mapping[str, Any]) -> None:
    """Something staff must look at."""
    db.execute(insert(t.breach).values(**values))


def has_breach(db: Connection, operation: str) -> bool:
    """Whether staff are told of an operation already."""
    query = select(t.breach.c.id).where(t.breach.c.operation == operation).limit(1)
    return db.execute(query).first() is not None


def breaches(db: Connection, *, cleared: bool = False) -> list[Row[Any]]:
    """What staff must look at, oldest first."""
    seen = t.breach.c.cleared_at.is_not(None) if cleared else t.breach.c.cleared_at.is_(None)
    return list(db.execute(select(t.breach).where(seen).order_by(t.breach.c.at, t.breach.c.id)))


def clear_breach(db: Connection, breach: int, by: str, now: datetime) -> bool:
    """Staff have looked at it; False if there is none that is open."""
    of = (t.breach.c.id == breach, t.breach.c.cleared_at.is_(None))
    return db.execute(update(t.breach).where(*of).values(cleared_at=now, cleared_by=by)).rowcount == 1
