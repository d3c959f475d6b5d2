"""Alembic's entry: it runs the migrations on the connection that `storage.migrate` hands it."""

from alembic import context

from consentry.storage.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
    transactional_ddl=True,
)
context.run_migrations()
