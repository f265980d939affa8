"""Published rule sets and drafts as staff see them: statements. Not responsible for what is in them (drafts)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select, update

from circulation.store import tables as t
from circulation.store.engine import hold

SET_COLUMNS: tuple[ColumnElement[Any], ...] = (
    t.rule_set.c.number,
    t.rule_set.c.checksum,
    t.rule_set.c.published_at,
    t.rule_set.c.published_by,
    t.rule_set.c.note,
    func.json_array_length(t.rule_set.c.rules).label("count"),
)
DRAFT_COLUMNS: tuple[ColumnElement[Any], ...] = (
    t.draft.c.id,
    t.draft.c.name,
    t.draft.c.based_on,
    t.draft.c.changed_by,
    t.draft.c.changed_at,
    func.json_array_length(t.draft.c.rules).label("count"),
)
ITEM_FACTS = (t.item.c.media_type, t.item.c.material_type, t.item.c.department, t.item.c.audience, t.item.c.fiction)


def hold_publishing(db: Connection) -> None:
    """Keep others who publish waiting."""
    hold(db, "publish")


def sets(db: Connection) -> list[Row[Any]]:
    """Every published set without its rules, newest first."""
    return list(db.execute(select(*SET_COLUMNS).order_by(t.rule_set.c.number.desc())))


def set_of(db: Connection, number: int) -> Row[Any] | None:
    """One published set without its rules."""
    return db.execute(select(*SET_COLUMNS).where(t.rule_set.c.number == number)).one_or_none()


def set_rules(db: Connection, number: int) -> list[Any]:
    """The rules of a published set, as they are stored."""
    found: list[Any] = db.execute(select(t.rule_set.c.rules).where(t.rule_set.c.number == number)).scalar_one()
    return found


def drafts(db: Connection) -> list[Row[Any]]:
    """Every draft without its rules, by name."""
    return list(db.execute(select(*DRAFT_COLUMNS).order_by(t.draft.c.name, t.draft.c.id)))


def draft(db: Connection, id_: str) -> Row[Any] | None:
    """One draft; its row is locked in a transaction that writes, so that no change of it is lost."""
    query = select(t.draft).where(t.draft.c.id == id_)
    writes = db.get_execution_options().get("writes", False)
    return db.execute(query.with_for_update() if writes else query).one_or_none()


def add_draft(db: Connection, values: Mapping[str, Any]) -> None:
    """A new draft."""
    db.execute(insert(t.draft).values(**values))


def change_draft(db: Connection, id_: str, values: Mapping[str, Any]) -> None:
    """Change columns of a draft."""
    db.execute(update(t.draft).where(t.draft.c.id == id_).values(**values))


def delete_draft(db: Connection, id_: str) -> None:
    """Forget a draft."""
    db.execute(delete(t.draft).where(t.draft.c.id == id_))


def loans_by_facts(db: Connection) -> list[Row[Any]]:
    """How many open loans there are of each branch and of each combination of what rules may ask; no names."""
    known = (t.loan.c.branch, t.patron.c.category, t.patron.c.born, *ITEM_FACTS)
    query = select(*known, func.count().label("loans")).join(t.item, t.item.c.id == t.loan.c.item_id)
    query = query.outerjoin(t.patron, t.patron.c.id == t.loan.c.patron_id)
    return list(db.execute(query.where(t.loan.c.returned_at.is_(None)).group_by(*known)))


def live_at(db: Connection, at: datetime) -> int | None:
    """Number of the set that was live at an instant, None before the first."""
    query = select(func.max(t.rule_set.c.number)).where(t.rule_set.c.published_at <= at)
    found: int | None = db.execute(query).scalar_one()
    return found
