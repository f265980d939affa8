"""Notices and their messages; postal addresses, the channel a patron prefers, and what an item costs to replace."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

INSTANT = sa.DateTime(timezone=True)
STATES = "state IN ('planned', 'sending', 'sent', 'failed', 'uncertain', 'cancelled', 'skipped')"
COUNTS, SKIPPED = "state NOT IN ('skipped', 'cancelled')", "state = 'skipped'"
WAITS = "state IN ('planned', 'sending')"
LOAN, DEBT = ("kind", "loan_id", "loan_period", "level"), ("kind", "patron_id", "organisation", "since", "level")
RESERVATION = ("kind", "reservation_id")
ONLY_ONE = (
    ("uq_notice_loan", f"loan_id IS NOT NULL AND {COUNTS}", LOAN),
    ("uq_notice_debt", f"since IS NOT NULL AND {COUNTS}", DEBT),
    ("uq_notice_reservation", f"reservation_id IS NOT NULL AND {COUNTS}", RESERVATION),
    ("uq_notice_skipped_loan", f"loan_id IS NOT NULL AND {SKIPPED}", (*LOAN, "reason")),
    ("uq_notice_skipped_debt", f"since IS NOT NULL AND {SKIPPED}", (*DEBT, "reason")),
    ("uq_notice_skipped_reservation", f"reservation_id IS NOT NULL AND {SKIPPED}", (*RESERVATION, "reason")),
)


def upgrade() -> None:
    """Nothing was sent before."""
    with op.batch_alter_table("patron") as table:
        table.add_column(sa.Column("postal", sa.Text(), nullable=True))
        table.add_column(sa.Column("prefers", sa.String(8), nullable=True))
    with op.batch_alter_table("item") as table:
        table.add_column(sa.Column("price", sa.Integer(), nullable=True))
    op.create_table(
        "message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(100), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("level", sa.String(8), nullable=False),
        sa.Column("patron_id", sa.String(36), nullable=True),
        sa.Column("branch", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(8), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("language", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(32), nullable=True),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("try_at", INSTANT, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("fee", sa.Integer(), nullable=False),
        sa.Column("fees", sa.JSON(), nullable=False),
        sa.Column("rule_set", sa.Integer(), nullable=False),
        *_keys("message", patron_id="patron.id", branch="organisation.id"),
        sa.UniqueConstraint("key", name="uq_message_key"),
        sa.CheckConstraint(STATES, name="ck_message_state"),
    )
    op.create_index("ix_message_patron_id", "message", ["patron_id"])
    op.create_index("ix_message_created_at", "message", ["created_at", "id"])
    _index("ix_message_waits", "message", ("kind", "id"), WAITS)
    _notices()
    op.create_table(
        "bad_address",
        sa.Column("patron_id", sa.String(36), nullable=False),
        sa.Column("channel", sa.String(8), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("reply", sa.Text(), nullable=True),
        *_keys("bad_address", ("patron_id", "channel"), patron_id="patron.id"),
    )
    op.create_table(
        "backlog",
        sa.Column("task", sa.Integer(), nullable=False),
        sa.Column("would_send", sa.Integer(), nullable=False),
        sa.Column("found_at", INSTANT, nullable=False),
        sa.Column("confirmed_by", sa.String(64), nullable=True),
        sa.Column("confirmed_at", INSTANT, nullable=True),
        *_keys("backlog", ("task",), task="task.id"),
    )


def _notices() -> None:
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("level", sa.String(8), nullable=False),
        sa.Column("loan_id", sa.Integer(), nullable=True),
        sa.Column("loan_period", sa.Integer(), nullable=True),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("patron_id", sa.String(36), nullable=True),
        sa.Column("organisation", sa.String(64), nullable=True),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("reservation_id", sa.String(36), nullable=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(32), nullable=True),
        sa.Column("rule", sa.String(64), nullable=True),
        sa.Column("fee", sa.Integer(), nullable=False),
        sa.Column("invoiced", sa.Integer(), nullable=False),
        sa.Column("winners", sa.JSON(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        *_keys(
            "notice",
            message="message.id",
            loan_id="loan.id",
            patron_id="patron.id",
            organisation="organisation.id",
            reservation_id="reservation.id",
        ),
        sa.CheckConstraint(STATES, name="ck_notice_state"),
    )
    for column in ("message", "loan_id", "patron_id"):
        op.create_index(f"ix_notice_{column}", "notice", [column])
    op.create_index("ix_notice_at", "notice", ["at", "id"])
    for name, where, columns in ONLY_ONE:
        _index(name, "notice", columns, where, unique=True)


def _keys(table: str, primary: tuple[str, ...] = ("id",), **foreign: str) -> tuple[Any, ...]:
    return (
        sa.PrimaryKeyConstraint(*primary, name=f"pk_{table}"),
        *(sa.ForeignKeyConstraint([column], [to], name=f"fk_{table}_{column}") for column, to in foreign.items()),
    )


def _index(name: str, table: str, columns: tuple[str, ...], where: str, *, unique: bool = False) -> None:
    partly = sa.text(where)
    op.create_index(name, table, list(columns), unique=unique, sqlite_where=partly, postgresql_where=partly)
