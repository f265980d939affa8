"""What was lent, returned, renewed and refused each day: statements. Nobody is named."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, Row, cast, delete, extract, func, insert, literal, select

from circulation.store import tables as t
from circulation.store.searching import Span

COLUMNS = tuple(t.usage.c.keys())
COUNTED = (t.usage.c.channel, t.usage.c.action, t.usage.c.media_type, t.usage.c.reason)


def last_day(db: Connection) -> date | None:
    """The last day on which anything was counted."""
    found: date | None = db.execute(select(func.max(t.usage.c.day))).scalar_one()
    return found


def first_operation(db: Connection) -> datetime | None:
    """The instant of the oldest operation that is still recorded."""
    found: datetime | None = db.execute(select(func.min(t.operation.c.at))).scalar_one()
    return found


def count(db: Connection, day: date, span: Span) -> None:
    """Count the operations of a day, which may have been counted before."""
    db.execute(delete(t.usage).where(t.usage.c.day == day))
    told = t.operation.c.outcome
    each = (
        select(
            t.machine.c.branch,
            t.machine.c.channel,
            told["action"].as_string().label("action"),
            func.coalesce(t.item.c.media_type, "").label("media_type"),
            func.coalesce(told[("reason", "code")].as_string(), "").label("reason"),
        )
        .join(t.machine, t.machine.c.id == t.operation.c.machine_id)
        .outerjoin(t.item, t.item.c.id == told["item"].as_string())
        .where(*span.of(t.operation.c.at), told["outcome"].as_string().is_not(None))
        .subquery()
    )
    lines = select(literal(day, t.usage.c.day.type), *each.c, func.count()).group_by(*each.c)
    db.execute(insert(t.usage).from_select(list(COLUMNS), lines))


def by_month(db: Connection, first: date, last: date, branch: str | None) -> list[Row[Any]]:
    """Numbers from one day to another, both inclusive, of one branch or of all, by year, month and what was counted."""
    keys: tuple[Any, ...] = (
        *(cast(extract(one, t.usage.c.day), Integer).label(one) for one in ("year", "month")),
        *COUNTED,
    )
    query = select(*keys, func.sum(t.usage.c.number).label("number")).where(*_within(first, last, branch))
    return list(db.execute(query.group_by(*keys).order_by(*keys)))


def days(db: Connection, first: date, last: date, branch: str | None) -> list[Row[Any]]:
    """Every line from one day to another, both inclusive, in the order of days."""
    query = select(t.usage).where(*_within(first, last, branch))
    return list(db.execute(query.order_by(*t.usage.primary_key.columns)))


def _within(first: date, last: date, branch: str | None) -> list[ColumnElement[bool]]:
    mine = [t.usage.c.branch == branch] if branch is not None else []
    return [t.usage.c.day.between(first, last), *mine]
