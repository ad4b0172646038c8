"""Runs the revisions on the connection that `hub.storage.migrate` opened, in its transaction."""

from __future__ import annotations

from alembic import context

from hub.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
context.run_migrations()
