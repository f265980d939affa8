"""An index of the messages nobody knows the fate of: the start page counts them each time it is opened."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """One small index."""
    uncertain = sa.text("state = 'uncertain'")
    op.create_index("ix_message_uncertain", "message", ["id"], sqlite_where=uncertain, postgresql_where=uncertain)
