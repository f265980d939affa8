"""Runs migrations on the connection that is handed over."""

from __future__ import annotations

from alembic import context

from circulation.store import (  # noqa: F401 - their tables are part of the metadata
    job_tables,
    mail_tables,
    notice_tables,
    template_tables,
)
from circulation.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
