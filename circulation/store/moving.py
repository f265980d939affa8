"""Open loans by their due dates, and moving these: statements. Not responsible for where to (moving)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, select, update

from circulation.store import tables as t
from circulation.store.circulating import ITEM_COLUMNS, OPEN

_LOAN = (
    t.loan.c.id.label("loan"),
    t.loan.c.branch.label("lent_at"),
    t.loan.c.due,
    t.loan.c.moved,
    t.item.c.title.label("called"),
    t.patron.c.category,
    t.patron.c.born,
)


def _due(columns: Sequence[Any], branches: Collection[str], first: date, last: date) -> Select[Any]:
    query = select(*columns).join(t.item, t.item.c.id == t.loan.c.item_id)
    return query.where(t.loan.c.branch.in_(branches), t.loan.c.due.between(first, last), OPEN)


def due(db: Connection, branches: Collection[str], first: date, last: date) -> list[Row[Any]]:
    """Open loans of these branches that are due on these days, both inclusive, with their item and what rules ask."""
    query = _due((*_LOAN, *ITEM_COLUMNS), branches, first, last)
    query = query.outerjoin(t.patron, t.patron.c.id == t.loan.c.patron_id)
    return list(db.execute(query.order_by(t.loan.c.due, t.loan.c.id)))


def hold_items(db: Connection, branches: Collection[str], first: date, last: date) -> frozenset[str]:
    """Lock the items of these loans, by their ids: none of them is returned or renewed meanwhile (decision 0016)."""
    query = _due((t.item.c.id,), branches, first, last).order_by(t.item.c.id)
    return frozenset(db.execute(query.with_for_update(of=t.item, key_share=True)).scalars())


def moved(db: Connection, branches: Collection[str]) -> list[Row[Any]]:
    """Open loans of these branches whose due date was moved since checkout or renewal."""
    query = select(t.loan.c.id, t.loan.c.item_id, t.loan.c.branch, t.loan.c.due, t.loan.c.moved, t.item.c.title)
    query = query.join(t.item, t.item.c.id == t.loan.c.item_id)
    query = query.where(t.loan.c.branch.in_(branches), t.loan.c.moved.is_not(None), OPEN)
    return list(db.execute(query.order_by(t.loan.c.due, t.loan.c.id)))


_MOVE = (
    update(t.loan).where(t.loan.c.id == bindparam("loan")).values(due=bindparam("to_day"), moved=bindparam("history"))
)


def move(db: Connection, loans: Sequence[Mapping[str, Any]]) -> None:
    """Move due dates. ``loans``: each with "loan" (its number), "to_day" and "history"."""
    if loans:
        db.execute(_MOVE, loans)
