"""How far an installation has come, and how much waits for staff: counts for the start page."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, exists, func, select

from circulation.store import tables as t


def has_media_types(db: Connection) -> bool:
    """Whether a media type was named."""
    return _some(db, select(t.media_type.c.code))


def has_items(db: Connection) -> bool:
    """Whether there is an item."""
    return _some(db, select(t.item.c.id))


def has_machines(db: Connection, channel: str) -> bool:
    """Whether something is enrolled of a channel."""
    return _some(db, select(t.machine.c.id).where(t.machine.c.channel == channel, t.machine.c.withdrawn_at.is_(None)))


def count_drafts(db: Connection) -> int:
    """Drafts of rule sets."""
    return int(db.execute(select(func.count()).select_from(t.draft)).scalar_one())


def _some(db: Connection, rows: Select[Any]) -> bool:
    return bool(db.execute(select(exists(rows))).scalar_one())
