"""The tables of templates and letterheads. Not responsible for statements (store.templates).

A version of a template is never changed and never deleted; which of them is in use stands in a table of its own.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, CheckConstraint, Column, ForeignKey, Integer, PrimaryKeyConstraint, String, Table, Text

from circulation.store.tables import Instant, metadata

PLACE = ("organisation", "kind", "level", "channel", "language")


def _place() -> tuple[Column[Any], ...]:
    """Which text: whose, of what, by which way, in which language. Level "" = all that have none of their own."""
    return (
        Column("organisation", String(64), ForeignKey("organisation.id"), nullable=False),
        Column("kind", String(16), nullable=False),
        Column("level", String(8), nullable=False),
        Column("channel", String(8), nullable=False),
        Column("language", String(16), nullable=False),
    )


template_version = Table(
    "template_version",
    metadata,
    *_place(),
    Column("number", Integer, nullable=False, autoincrement=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("written_by", String(64), nullable=False),
    Column("written_at", Instant, nullable=False),
    PrimaryKeyConstraint(*PLACE, "number"),
    CheckConstraint("number >= 1", name="number"),
)
template_in_use = Table(
    "template_in_use",
    metadata,
    *_place(),
    Column("number", Integer, nullable=False),
    Column("used_by", String(64), nullable=False),
    Column("used_at", Instant, nullable=False),
    PrimaryKeyConstraint(*PLACE),
)
letterhead = Table(
    "letterhead",
    metadata,
    Column("organisation", String(64), ForeignKey("organisation.id"), primary_key=True),
    Column("said", JSON, nullable=False),
    Column("changed_by", String(64), nullable=False),
    Column("changed_at", Instant, nullable=False),
)
