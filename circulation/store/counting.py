"""What a limit of loans may count, and of what kinds the items are: statements."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select

from circulation.store import tables as t
from circulation.store.rulesets import ITEM_FACTS


def item_kinds(db: Connection) -> list[Row[Any]]:
    """Every combination of what rules may ask of an item that some item has."""
    return list(db.execute(select(*ITEM_FACTS).distinct()))


def open_loans(db: Connection, patron_id: str) -> list[Row[Any]]:
    """A patron's open loans with what rules may ask of their items, next due first."""
    told: tuple[Any, ...] = (t.loan.c.id, t.loan.c.item_id, t.item.c.title, t.loan.c.branch, t.loan.c.due)
    query = select(*told, *ITEM_FACTS).join(t.item, t.item.c.id == t.loan.c.item_id)
    query = query.where(t.loan.c.patron_id == patron_id, t.loan.c.returned_at.is_(None))
    return list(db.execute(query.order_by(t.loan.c.due, t.loan.c.id)))
