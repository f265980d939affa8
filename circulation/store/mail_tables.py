"""The tables of mail accounts and gateways for text messages. Not responsible for statements (store.mail).

Passwords are encrypted with a key that is not in the database (secrets).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Boolean, CheckConstraint, Column, Double, Integer, String, Table, Text

from circulation.store.tables import Instant, metadata


def _state() -> tuple[Column[Any], ...]:
    """How a test went, what has gone wrong since, and who changed it.

    ``version`` counts the changes; ``last_turn``: when the last message was to leave, seconds since 1970.
    """
    return (
        Column("active", Boolean, nullable=False),
        Column("version", Integer, nullable=False),
        Column("tested_at", Instant, nullable=True),
        Column("tested_ok", Boolean, nullable=True),
        Column("test_stage", String(16), nullable=True),
        Column("test_answer", Text, nullable=True),
        Column("trouble_at", Instant, nullable=True),
        Column("trouble_stage", String(16), nullable=True),
        Column("trouble", Text, nullable=True),
        Column("last_turn", Double, nullable=True),
        Column("changed_by", String(64), nullable=False),
        Column("changed_at", Instant, nullable=False),
    )


mail_account = Table(
    "mail_account",
    metadata,
    Column("code", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("port", Integer, nullable=False),
    Column("security", String(8), nullable=False),
    Column("user", Text, nullable=True),
    Column("password", Text, nullable=True),
    Column("authority", Text, nullable=True),
    Column("sender", Text, nullable=False),
    Column("sender_name", Text, nullable=False),
    Column("reply_to", Text, nullable=True),
    Column("unsubscribe", Text, nullable=True),
    Column("per_minute", Integer, nullable=False),
    *_state(),
    CheckConstraint("security IN ('starttls', 'tls', 'none')", name="security"),
)
sms_gateway = Table(
    "sms_gateway",
    metadata,
    Column("code", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("method", String(8), nullable=False),
    Column("body", String(8), nullable=False),
    Column("fields", JSON, nullable=False),
    Column("header", Text, nullable=True),
    Column("password", Text, nullable=True),
    Column("authority", Text, nullable=True),
    Column("taken", JSON, nullable=False),
    Column("id_pattern", Text, nullable=True),
    Column("per_minute", Integer, nullable=False),
    *_state(),
    CheckConstraint("body IN ('json', 'form')", name="body"),
)
