"""How much of an invoice is the overdue fee so far."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Of invoices that are there nobody knows it: a return after one of them charges as it did."""
    for name in ("fee", "notice"):
        with op.batch_alter_table(name) as table:
            table.add_column(sa.Column("late_fee", sa.Integer(), nullable=False, server_default="0"))
