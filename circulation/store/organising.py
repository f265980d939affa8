"""Organisations, their calendars and settings, and codes: statements. Not responsible for what is allowed (organising).

Whoever changes something here tells it with ``house.changed``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Row, Table, delete, func, insert, select, update

from circulation.store import tables as t
from circulation.store.engine import hold


def hold_house(db: Connection) -> None:
    """Keep other changes of the house waiting: what is checked before one still holds when it is written."""
    hold(db, "house")


def organisation(db: Connection, id_: str) -> Row[Any] | None:
    """One organisation."""
    return db.execute(select(t.organisation).where(t.organisation.c.id == id_)).one_or_none()


def add_organisation(db: Connection, values: Mapping[str, Any]) -> None:
    """A new organisation."""
    db.execute(insert(t.organisation).values(**values))


def change_organisation(db: Connection, id_: str, values: Mapping[str, Any]) -> None:
    """Change columns of an organisation."""
    if values:
        db.execute(update(t.organisation).where(t.organisation.c.id == id_).values(**values))


def closings(db: Connection, organisation: str) -> Sequence[Row[Any]]:
    """Exceptional closings and openings of an organisation itself, first day first."""
    query = select(t.closing).where(t.closing.c.organisation == organisation)
    return db.execute(query.order_by(t.closing.c.first, t.closing.c.id)).all()


def add_closing(db: Connection, values: Mapping[str, Any]) -> int:
    """A new exceptional closing or opening; its id."""
    return int(db.execute(insert(t.closing).values(**values).returning(t.closing.c.id)).scalar_one())


def delete_closing(db: Connection, id_: int) -> None:
    """Take an exceptional closing or opening back."""
    db.execute(delete(t.closing).where(t.closing.c.id == id_))


def coded(db: Connection, table: Table) -> Sequence[Row[Any]]:
    """Every row of one of the tables of codes."""
    return db.execute(select(table).order_by(table.c.code)).all()


def add_code(db: Connection, table: Table, values: Mapping[str, Any]) -> None:
    """A new code with what belongs to it."""
    db.execute(insert(table).values(**values))


def change_code(db: Connection, table: Table, code: str, values: Mapping[str, Any]) -> int:
    """Change what belongs to a code; how many there were of it."""
    return db.execute(update(table).where(table.c.code == code).values(**values)).rowcount


def delete_code(db: Connection, table: Table, code: str) -> int:
    """Take a code away; how many there were of it."""
    return db.execute(delete(table).where(table.c.code == code)).rowcount


def count_rows(db: Connection, column: Column[Any], code: str) -> int:
    """How many rows of a table name a code."""
    return int(db.execute(select(func.count()).where(column == code)).scalar_one())


def draft_rules(db: Connection) -> Sequence[Any]:
    """Every draft's id, name and rules."""
    return db.execute(select(t.draft.c.id, t.draft.c.name, t.draft.c.rules)).all()
