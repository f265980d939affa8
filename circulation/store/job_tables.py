"""The tables of the job scheduler. Not responsible for statements (store.jobs).

A slot is a local date and time of day of the installation, as text ("2027-03-28T02:30").
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from circulation.store.tables import Instant, metadata

task = Table(
    "task",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("type", String(32), nullable=False),
    Column("name", String(80), nullable=False),
    Column("options", JSON, nullable=False),
    Column("schedule", JSON, nullable=False),
    Column("system", Boolean, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("next_slot", String(16), nullable=True),
    Column("next_due", Instant, nullable=True),
    Column("again_at", Instant, nullable=True),
    Column("created_by", String(64), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("changed_by", String(64), nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("deleted_at", Instant, nullable=True),
)
THERE = text("deleted_at IS NULL")
Index("uq_task_name", task.c.name, unique=True, sqlite_where=THERE, postgresql_where=THERE)
# A slot has one run, and one more only if the process of the first one died. A run without a slot was asked for: by
# hand, or by the run before it. A task has at most one run that is going on.
task_run = Table(
    "task_run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("task", Integer, ForeignKey("task.id"), nullable=False),
    Column("slot", String(16), nullable=True),
    Column("attempt", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("by_hand", Boolean, nullable=False),
    Column("made_up", Boolean, nullable=False),
    Column("started", Instant, nullable=False),
    Column("ended", Instant, nullable=True),
    Column("claimed_by", String(120), nullable=False),
    Column("claim_until", Instant, nullable=False),
    Column("counts", JSON, nullable=False),
    Column("note", Text, nullable=True),
    CheckConstraint("state IN ('running', 'done', 'failed', 'taken_over')", name="state"),
    UniqueConstraint("task", "slot", "attempt"),
)
GOING = text("state = 'running'")
Index("uq_task_run_going", task_run.c.task, unique=True, sqlite_where=GOING, postgresql_where=GOING)
