"""Mail accounts and gateways for text messages."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """None was known before."""
    op.create_table(
        "mail_account",
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("security", sa.String(8), nullable=False),
        sa.Column("user", sa.Text(), nullable=True),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("authority", sa.Text(), nullable=True),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("sender_name", sa.Text(), nullable=False),
        sa.Column("reply_to", sa.Text(), nullable=True),
        sa.Column("unsubscribe", sa.Text(), nullable=True),
        sa.Column("per_minute", sa.Integer(), nullable=False),
        *_state(),
        sa.CheckConstraint("security IN ('starttls', 'tls', 'none')", name="ck_mail_account_security"),
        sa.PrimaryKeyConstraint("code", name="pk_mail_account"),
    )
    op.create_table(
        "sms_gateway",
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("method", sa.String(8), nullable=False),
        sa.Column("body", sa.String(8), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("header", sa.Text(), nullable=True),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("authority", sa.Text(), nullable=True),
        sa.Column("taken", sa.JSON(), nullable=False),
        sa.Column("id_pattern", sa.Text(), nullable=True),
        sa.Column("per_minute", sa.Integer(), nullable=False),
        *_state(),
        sa.CheckConstraint("body IN ('json', 'form')", name="ck_sms_gateway_body"),
        sa.PrimaryKeyConstraint("code", name="pk_sms_gateway"),
    )


def _state() -> tuple[sa.Column[Any], ...]:
    instant = sa.DateTime(timezone=True)
    return (
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("tested_at", instant, nullable=True),
        sa.Column("tested_ok", sa.Boolean(), nullable=True),
        sa.Column("test_stage", sa.String(16), nullable=True),
        sa.Column("test_answer", sa.Text(), nullable=True),
        sa.Column("trouble_at", instant, nullable=True),
        sa.Column("trouble_stage", sa.String(16), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.Column("changed_by", sa.String(64), nullable=False),
        sa.Column("changed_at", instant, nullable=False),
    )
