"""Due dates that staff have moved for a later closing (R41)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Nothing was moved before."""
    with op.batch_alter_table("loan") as table:
        table.add_column(sa.Column("moved", sa.JSON(none_as_null=True), nullable=True))
