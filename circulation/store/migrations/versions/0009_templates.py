"""Texts of notices a library writes itself, with their versions, and letterheads."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_PLACE = ("organisation", "kind", "level", "channel", "language")


def upgrade() -> None:
    """Nobody had texts of their own."""
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "template_version",
        *_place(),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("written_by", sa.String(64), nullable=False),
        sa.Column("written_at", instant, nullable=False),
        sa.PrimaryKeyConstraint(*_PLACE, "number", name="pk_template_version"),
        sa.ForeignKeyConstraint(["organisation"], ["organisation.id"], name="fk_template_version_organisation"),
        sa.CheckConstraint("number >= 1", name="ck_template_version_number"),
    )
    op.create_table(
        "template_in_use",
        *_place(),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("used_by", sa.String(64), nullable=False),
        sa.Column("used_at", instant, nullable=False),
        sa.PrimaryKeyConstraint(*_PLACE, name="pk_template_in_use"),
        sa.ForeignKeyConstraint(["organisation"], ["organisation.id"], name="fk_template_in_use_organisation"),
    )
    op.create_table(
        "letterhead",
        sa.Column("organisation", sa.String(64), nullable=False),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.Column("changed_by", sa.String(64), nullable=False),
        sa.Column("changed_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("organisation", name="pk_letterhead"),
        sa.ForeignKeyConstraint(["organisation"], ["organisation.id"], name="fk_letterhead_organisation"),
    )


def _place() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("organisation", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("level", sa.String(8), nullable=False),
        sa.Column("channel", sa.String(8), nullable=False),
        sa.Column("language", sa.String(16), nullable=False),
    )
