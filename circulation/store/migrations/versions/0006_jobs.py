"""Tasks of the job scheduler and their runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """The two tables; tasks of the system are made by the first server that starts."""
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "task",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("schedule", sa.JSON(), nullable=False),
        sa.Column("system", sa.Boolean(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("next_slot", sa.String(16), nullable=True),
        sa.Column("next_due", instant, nullable=True),
        sa.Column("again_at", instant, nullable=True),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("changed_by", sa.String(64), nullable=False),
        sa.Column("changed_at", instant, nullable=False),
        sa.Column("deleted_at", instant, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_task"),
    )
    there = sa.text("deleted_at IS NULL")
    op.create_index("uq_task_name", "task", ["name"], unique=True, sqlite_where=there, postgresql_where=there)
    op.create_table(
        "task_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("task", sa.Integer(), nullable=False),
        sa.Column("slot", sa.String(16), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("by_hand", sa.Boolean(), nullable=False),
        sa.Column("made_up", sa.Boolean(), nullable=False),
        sa.Column("started", instant, nullable=False),
        sa.Column("ended", instant, nullable=True),
        sa.Column("claimed_by", sa.String(120), nullable=False),
        sa.Column("claim_until", instant, nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('running', 'done', 'failed', 'taken_over')", name="ck_task_run_state"),
        sa.ForeignKeyConstraint(["task"], ["task.id"], name="fk_task_run_task"),
        sa.PrimaryKeyConstraint("id", name="pk_task_run"),
        sa.UniqueConstraint("task", "slot", "attempt", name="uq_task_run_task"),
    )
    going = sa.text("state = 'running'")
    op.create_index("uq_task_run_going", "task_run", ["task"], unique=True, sqlite_where=going, postgresql_where=going)
