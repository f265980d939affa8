"""The days a loan was given at checkout, which a renewal no longer replaces (R64)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Unknown of loans that were renewed before; the days of the last renewal stand for them."""
    with op.batch_alter_table("loan") as table:
        table.add_column(sa.Column("first_period", sa.Integer(), nullable=True))
