"""Run by Alembic: the connection is the one that ``gateway.storage.upgrade`` opened and locked."""

from alembic import context

from gateway.storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
