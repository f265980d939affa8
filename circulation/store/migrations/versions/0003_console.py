"""What the staff console reads: searched text, the order of its lists, and what organisations want of machines."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from circulation.store.folding import sought

revision = "0003"
down_revision = "0002"

ROWS_AT_ONCE = 1000
SOUGHT = {"patron": ("last_name", "first_name"), "item": ("title", "author")}
INDEXES = (
    ("ix_patron_sought", "patron", ["sought", "id"]),
    ("ix_item_sought", "item", ["sought", "id"]),
    ("ix_item_branch", "item", ["branch", "sought", "id"]),
    ("ix_fee_at", "fee", ["at", "id"]),
    ("ix_reservation_made_at", "reservation", ["made_at", "id"]),
)


def upgrade() -> None:
    """Add columns and fill what is searched, then make the indexes over it."""
    for name in ("organisation", "machine"):
        with op.batch_alter_table(name) as table:
            table.add_column(sa.Column("policy", sa.JSON(), nullable=True))
    for name, parts in SOUGHT.items():
        with op.batch_alter_table(name) as table:
            table.add_column(sa.Column("sought", sa.Text(), nullable=False, server_default=""))
        _fill(op.get_bind(), name, parts)
    for index, name, columns in INDEXES:
        op.create_index(index, name, columns)
    still = sa.text("returned_at IS NULL")
    op.create_index("ix_loan_open_due", "loan", ["due", "id"], sqlite_where=still, postgresql_where=still)
    owed = (sa.text("open = 1"), sa.text("open"))
    op.create_index("ix_fee_open", "fee", ["at", "id"], sqlite_where=owed[0], postgresql_where=owed[1])


def _fill(db: sa.Connection, name: str, parts: tuple[str, ...]) -> None:
    """Make the searched text of every row, some rows at a time."""
    table = sa.table(name, sa.column("id"), sa.column("sought"), *map(sa.column, parts))
    some = sa.select(table.c.id, *(table.c[part] for part in parts)).order_by(table.c.id).limit(ROWS_AT_ONCE)
    renewed = sa.update(table).where(table.c.id == sa.bindparam("row")).values(sought=sa.bindparam("made"))
    rows = db.execute(some).all()
    while rows:
        db.execute(renewed, [_made(row) for row in rows])
        rows = db.execute(some.where(table.c.id > rows[-1].id)).all()


def _made(row: sa.Row[Any]) -> dict[str, str]:
    return {"row": row[0], "made": sought(*row[1:])}
