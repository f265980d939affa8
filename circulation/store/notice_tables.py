"""The tables of notices: what was to be sent, what became of it, and addresses that do not work (R67, R74).

A message is one attempt to reach a patron; a notice is what a loan, a debt or a reservation is owed, and belongs to the
message that tells it now. Not responsible for statements (store.notices). Money is minor units.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)

from circulation.store.tables import Instant, metadata

STATES = "state IN ('planned', 'sending', 'sent', 'failed', 'uncertain', 'cancelled', 'skipped')"

# ``run``: of the table task_run, whose rows are forgotten earlier; 0 = of none yet. ``address`` is forgotten too (R89).
# ``made_with``: the text it was made with (notices.types.Message); unknown of those that left before it was kept.
message = Table(
    "message",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(100), nullable=False, unique=True),
    Column("run", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("level", String(8), nullable=False),
    Column("patron_id", String(36), ForeignKey("patron.id"), nullable=True, index=True),
    Column("branch", String(64), ForeignKey("organisation.id"), nullable=False),
    Column("channel", String(8), nullable=False),
    Column("address", Text, nullable=True),
    Column("language", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(32), nullable=True),
    Column("reply", Text, nullable=True),
    Column("tries", Integer, nullable=False),
    Column("try_at", Instant, nullable=True),
    Column("created_at", Instant, nullable=False),
    Column("ended_at", Instant, nullable=True),
    Column("fee", Integer, nullable=False),
    Column("fees", JSON, nullable=False),
    Column("rule_set", Integer, nullable=False),
    Column("made_with", JSON(none_as_null=True), nullable=True),
    CheckConstraint(STATES, name="state"),
)
# Of what is over there is ever more. Whoever looks for what is not says so in these words, or the index is not used.
WAITS = text("state IN ('planned', 'sending')")
UNRESOLVED = text("state = 'uncertain'")  # until staff have said what became of it
Index("ix_message_uncertain", message.c.id, sqlite_where=UNRESOLVED, postgresql_where=UNRESOLVED)
Index("ix_message_waits", message.c.kind, message.c.id, sqlite_where=WAITS, postgresql_where=WAITS)
Index("ix_message_created_at", message.c.created_at, message.c.id)
notice = Table(
    "notice",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("message", Integer, ForeignKey("message.id"), nullable=True, index=True),
    Column("kind", String(16), nullable=False),
    Column("level", String(8), nullable=False),
    Column("loan_id", Integer, ForeignKey("loan.id"), nullable=True, index=True),
    Column("loan_period", Integer, nullable=True),
    Column("due", Date, nullable=True),
    Column("patron_id", String(36), ForeignKey("patron.id"), nullable=True, index=True),
    Column("organisation", String(64), ForeignKey("organisation.id"), nullable=True),
    Column("since", Date, nullable=True),
    Column("reservation_id", String(36), ForeignKey("reservation.id"), nullable=True),
    Column("state", String(16), nullable=False),
    Column("reason", String(32), nullable=True),
    Column("rule", String(64), nullable=True),
    Column("fee", Integer, nullable=False),
    Column("invoiced", Integer, nullable=False),
    Column("late_fee", Integer, nullable=False, server_default="0"),
    Column("winners", JSON, nullable=False),
    Column("at", Instant, nullable=False),
    CheckConstraint(STATES, name="state"),
)
# What was never on its way takes nobody's place: a loan skipped or cancelled today may be told tomorrow.
COUNTS, SKIPPED = "state NOT IN ('skipped', 'cancelled')", "state = 'skipped'"


def _only_one(name: str, of: str, *columns: Column[Any]) -> None:
    where = text(of)
    Index(name, *columns, unique=True, sqlite_where=where, postgresql_where=where)


_n = notice.c
_only_one("uq_notice_loan", f"loan_id IS NOT NULL AND {COUNTS}", _n.kind, _n.loan_id, _n.loan_period, _n.level)
_only_one(
    "uq_notice_debt", f"since IS NOT NULL AND {COUNTS}", _n.kind, _n.patron_id, _n.organisation, _n.since, _n.level
)
_only_one("uq_notice_reservation", f"reservation_id IS NOT NULL AND {COUNTS}", _n.kind, _n.reservation_id)
_only_one(
    "uq_notice_skipped_loan",
    f"loan_id IS NOT NULL AND {SKIPPED}",
    *(_n.kind, _n.loan_id, _n.loan_period, _n.level, _n.reason),
)
_only_one(
    "uq_notice_skipped_debt",
    f"since IS NOT NULL AND {SKIPPED}",
    *(_n.kind, _n.patron_id, _n.organisation, _n.since, _n.level, _n.reason),
)
_only_one(
    "uq_notice_skipped_reservation", f"reservation_id IS NOT NULL AND {SKIPPED}", _n.kind, _n.reservation_id, _n.reason
)
Index("ix_notice_at", notice.c.at, notice.c.id)
# An address counts as bad only as long as it is the patron's.
bad_address = Table(
    "bad_address",
    metadata,
    Column("patron_id", String(36), ForeignKey("patron.id"), nullable=False),
    Column("channel", String(8), nullable=False),
    Column("address", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("reply", Text, nullable=True),
    PrimaryKeyConstraint("patron_id", "channel"),
)
# A run of a task that would send too much at once (R47). It may once somebody has confirmed it.
backlog = Table(
    "backlog",
    metadata,
    Column("task", Integer, ForeignKey("task.id"), primary_key=True),
    Column("would_send", Integer, nullable=False),
    Column("found_at", Instant, nullable=False),
    Column("confirmed_by", String(64), nullable=True),
    Column("confirmed_at", Instant, nullable=True),
)
