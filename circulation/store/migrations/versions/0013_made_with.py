"""Which text a message was made with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Of messages that are there nobody knows it."""
    with op.batch_alter_table("message") as table:
        table.add_column(sa.Column("made_with", sa.JSON(none_as_null=True), nullable=True))
