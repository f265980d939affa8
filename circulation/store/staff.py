"""Staff, their sessions and tokens, and the audit log: statements. Not responsible for who may do what (staffing)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, insert, or_, select, update

from circulation.store import tables as t
from circulation.store.engine import hold

STAFF_COLUMNS = (t.staff.c.name, t.staff.c.roles, t.staff.c.may_override, t.staff.c.active, t.staff.c.created_at)
IS_SESSION = t.staff_session.c.label.is_(None)  # a token has a label


def hold_staff(db: Connection) -> None:
    """Keep other changes of staff waiting, so that two cannot take the last administrator away together."""
    hold(db, "staff")


def member(db: Connection, name: str) -> Row[Any] | None:
    """One member of staff, with the password's hash."""
    return db.execute(select(t.staff).where(t.staff.c.name == name)).one_or_none()


def members(db: Connection) -> list[Row[Any]]:
    """All members of staff, without their passwords' hashes."""
    return list(db.execute(select(*STAFF_COLUMNS).order_by(t.staff.c.name)))


def add_member(db: Connection, values: Mapping[str, Any]) -> None:
    """A new member of staff."""
    db.execute(insert(t.staff).values(**values))


def change_member(db: Connection, name: str, values: Mapping[str, Any]) -> None:
    """Change columns of a member of staff."""
    if values:
        db.execute(update(t.staff).where(t.staff.c.name == name).values(**values))


def session(db: Connection, token_hash: str) -> Row[Any] | None:
    """A session or token, with the member of staff it belongs to."""
    query = select(t.staff_session, t.staff.c.roles, t.staff.c.may_override, t.staff.c.active)
    query = query.join(t.staff, t.staff.c.name == t.staff_session.c.staff)
    return db.execute(query.where(t.staff_session.c.token_hash == token_hash)).one_or_none()


def open_session(db: Connection, values: Mapping[str, Any]) -> None:
    """A new session or token."""
    db.execute(insert(t.staff_session).values(**values))


def use_session(db: Connection, token_hash: str, now: datetime) -> None:
    """Note that a session was used."""
    db.execute(update(t.staff_session).where(t.staff_session.c.token_hash == token_hash).values(used_at=now))


def end_session(db: Connection, token_hash: str) -> int:
    """End one session or token; how many there were."""
    return db.execute(delete(t.staff_session).where(t.staff_session.c.token_hash == token_hash)).rowcount


def end_sessions(db: Connection, name: str, *, tokens: bool, but: str = "") -> None:
    """End every session of a member of staff, and with ``tokens`` also every token; ``but``: hash of one that stays."""
    whose = and_(t.staff_session.c.staff == name, t.staff_session.c.token_hash != but)
    db.execute(delete(t.staff_session).where(whose if tokens else and_(whose, IS_SESSION)))


def over(now: datetime, idle_since: datetime) -> Any:
    """The condition for sessions nobody used since ``idle_since``, and tokens whose days are over."""
    idle = and_(IS_SESSION, t.staff_session.c.used_at < idle_since)
    return or_(idle, t.staff_session.c.expires <= now)


def tokens(db: Connection) -> list[Row[Any]]:
    """All tokens, by member of staff."""
    order = (t.staff_session.c.staff, t.staff_session.c.label, t.staff_session.c.token_hash)
    return list(db.execute(select(t.staff_session).where(~IS_SESSION).order_by(*order)))


def add_audit(db: Connection, values: Mapping[str, Any]) -> None:
    """A new line of the audit log."""
    db.execute(insert(t.audit).values(**values))


def audit(db: Connection, wanted: Mapping[str, str], before: int | None, most: int) -> list[Row[Any]]:
    """Lines of the audit log, newest first: those whose columns have the wanted values, older than ``before``."""
    query = select(t.audit).order_by(t.audit.c.id.desc()).limit(most)
    query = query.where(*(t.audit.c[column] == value for column, value in wanted.items()))
    return list(db.execute(query if before is None else query.where(t.audit.c.id < before)))
