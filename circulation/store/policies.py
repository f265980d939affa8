"""What organisations and machines say of machine settings: statements. Not responsible for what it means (policy)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select, update

from circulation.store import tables as t


def of_organisations(db: Connection) -> dict[str, dict[str, Any]]:
    """What each organisation says itself."""
    return {row.id: row.policy or {} for row in db.execute(select(t.organisation.c.id, t.organisation.c.policy))}


_MACHINE: tuple[ColumnElement[Any], ...] = (t.machine.c.id, t.machine.c.branch, t.machine.c.policy)


def machine(db: Connection, id_: str, channel: str) -> Row[Any] | None:
    """A machine of a channel with what it says itself; its row is locked in a transaction that writes."""
    query = select(*_MACHINE).where(t.machine.c.id == id_, t.machine.c.channel == channel)
    writes = db.get_execution_options().get("writes", False)
    return db.execute(query.with_for_update(key_share=True) if writes else query).one_or_none()


def set_machine(db: Connection, id_: str, own: Mapping[str, Any]) -> None:
    """Replace what a machine says itself."""
    db.execute(update(t.machine).where(t.machine.c.id == id_).values(policy=dict(own)))
