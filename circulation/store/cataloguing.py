"""Items as staff enter and change them by hand: statements. What changes an item's columns is in people."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Row, exists, insert, or_, select

from circulation.store import tables as t
from circulation.store.engine import hold

COPY_COLUMNS: tuple[Any, ...] = (
    t.item.c.id,
    t.item.c.title,
    t.item.c.author,
    t.item.c.media_type,
    t.item.c.branch,
    t.item.c.at,
    t.item.c.state,
    t.item.c.set_aside_for,
    t.loan.c.id.label("loan"),
    t.loan.c.due,
)


def hold_item(db: Connection, item: str) -> None:
    """Keep others who enter the same item waiting."""
    hold(db, f"item:{item}")


def has_item(db: Connection, item: str) -> bool:
    """Whether there is an item of this id."""
    return db.execute(select(t.item.c.id).where(t.item.c.id == item)).first() is not None


def has_title(db: Connection, title: str) -> bool:
    """Whether an item is a copy of this title."""
    return db.execute(select(t.item.c.id).where(t.item.c.title_id == title).limit(1)).first() is not None


def add(db: Connection, values: Mapping[str, Any]) -> None:
    """A new item."""
    db.execute(insert(t.item).values(**values))


def is_reserved(db: Connection, item: str) -> bool:
    """Whether an open reservation is for this copy, or was given it."""
    of = or_(t.reservation.c.item_id == item, t.reservation.c.copy_id == item)
    return bool(db.execute(select(exists().where(of, t.reservation.c.ended_at.is_(None)))).scalar_one())


def copies(db: Connection, title: str) -> list[Row[Any]]:
    """Every copy of a title, with its open loan."""
    query = select(*COPY_COLUMNS).outerjoin(t.loan, (t.loan.c.item_id == t.item.c.id) & t.loan.c.returned_at.is_(None))
    return list(db.execute(query.where(t.item.c.title_id == title).order_by(t.item.c.branch, t.item.c.id)))


def titles(db: Connection, items: Collection[str]) -> dict[str, str]:
    """What some items are called; those there are not are left out."""
    query = select(t.item.c.id, t.item.c.title).where(t.item.c.id.in_(items))
    return {row.id: row.title for row in db.execute(query)}
