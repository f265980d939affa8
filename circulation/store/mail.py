"""Mail accounts and gateways for text messages: statements, the same for both tables.

Not responsible for what may be kept or for reading passwords (notices.accounts, notices.gateways).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, func, insert, literal, select, update

from circulation.store.engine import hold
from circulation.store.mail_tables import mail_account, sms_gateway


def hold_codes(db: Connection, table: Table) -> None:
    """Keep others that enter one waiting, so that no two have the same code."""
    hold(db, table.name)


def rows(db: Connection, table: Table) -> list[Row[Any]]:
    """All of them, by code."""
    return list(db.execute(select(table).order_by(table.c.code)))


def in_trouble(db: Connection) -> int:
    """How many accounts and gateways that are in use could not send when they were last tried."""
    counts = (
        select(func.count()).where(table.c.active, table.c.trouble_at.is_not(None)).scalar_subquery()
        for table in (mail_account, sms_gateway)
    )
    return int(db.execute(select(sum(counts, literal(0)))).scalar_one())


def row(db: Connection, table: Table, code: str, *, locked: bool = False) -> Row[Any] | None:
    """One of them."""
    query = select(table).where(table.c.code == code)
    return db.execute(query.with_for_update() if locked else query).one_or_none()


def add(db: Connection, table: Table, values: Mapping[str, Any]) -> None:
    """A new one."""
    db.execute(insert(table).values(**values))


def change(db: Connection, table: Table, code: str, values: Mapping[str, Any], version: int | None = None) -> bool:
    """Change columns of one, if it is still of this version; whether it was."""
    query = update(table).where(table.c.code == code)
    if version is not None:
        query = query.where(table.c.version == version)
    return bool(db.execute(query.values(**values)).rowcount)


def remove(db: Connection, table: Table, code: str) -> None:
    """Take one out."""
    db.execute(delete(table).where(table.c.code == code))
