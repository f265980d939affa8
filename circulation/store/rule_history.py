"""Published sets one after another, and how often rules decided recorded operations: statements.

What grows with the years is read row by row or summed up by the database, never held as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Connection, Row, column, func, select, true

from circulation.store import tables as t
from circulation.store.rulesets import SET_COLUMNS

SETS_AT_ONCE = 10


def sets_with_rules(db: Connection) -> Iterator[Row[Any]]:
    """Every published set with its rules as they are stored, the oldest first."""
    query = select(*SET_COLUMNS, t.rule_set.c.rules).order_by(t.rule_set.c.number)
    return iter(db.execute(query, execution_options={"yield_per": SETS_AT_ONCE}))


def sets_between(db: Connection, first: datetime, before: datetime) -> list[Row[Any]]:
    """Sets that were live at some time between two instants, without their rules, in their order."""
    earlier = select(func.max(t.rule_set.c.number)).where(t.rule_set.c.published_at <= first).scalar_subquery()
    query = select(*SET_COLUMNS).where(
        t.rule_set.c.published_at < before, t.rule_set.c.number >= func.coalesce(earlier, 0)
    )
    return list(db.execute(query.order_by(t.rule_set.c.number)))


def operations_since(db: Connection, since: datetime) -> int:
    """How many operations were recorded from an instant on."""
    return int(db.execute(select(func.count()).where(t.operation.c.at >= since)).scalar_one())


def decided_since(db: Connection, since: datetime) -> list[Row[Any]]:
    """What decided the operations recorded from an instant on, as far as their traces are kept.

    Rows of kind, winner (None = the default), times, first and last instant.
    """
    trace = t.operation.c.trace
    each = {
        "sqlite": lambda: func.json_each(trace, "$.steps"),
        "postgresql": lambda: func.json_array_elements(trace["steps"]),
    }
    step = each[db.dialect.name]().table_valued(column("value", JSON), name="step")
    kind, winner = (step.c.value[key].as_string() for key in ("kind", "winner"))
    at = t.operation.c.at
    told = (func.count().label("times"), func.min(at).label("first"), func.max(at).label("last"))
    query = select(kind.label("kind"), winner.label("winner"), *told).select_from(t.operation).join(step, true())
    return list(db.execute(query.where(at >= since).group_by(kind, winner)))
