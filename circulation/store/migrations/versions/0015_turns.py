"""When the last message left by a mail account or gateway, so that all who send by it keep its pace together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Nobody is waiting."""
    for name in ("mail_account", "sms_gateway"):
        with op.batch_alter_table(name) as table:
            table.add_column(sa.Column("last_turn", sa.Double(), nullable=True))
