"""Open loans of a patron by due date: a run of notices finds who has one that is due without reading every loan."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

NAME, OPEN = "ix_loan_open_patron", sa.text("returned_at IS NULL")


def upgrade() -> None:
    """One more column of the index there is."""
    op.drop_index(NAME, table_name="loan")
    op.create_index(NAME, "loan", ["patron_id", "due"], sqlite_where=OPEN, postgresql_where=OPEN)
