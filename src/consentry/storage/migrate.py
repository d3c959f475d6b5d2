"""Bringing a database up to date, one process at a time.

Alembic takes half a second to import, so it is left out when the database is at `HEAD` already,
and when it is new: then the tables are made as `storage.schema` says, which a test holds to what
the migrations make.
"""

from __future__ import annotations

import fcntl
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Engine, insert, inspect, text

from consentry.errors import StorageError
from consentry.storage.schema import COUNTERS, metadata, sequences

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = ["HEAD", "REVISIONS", "alembic_config", "bring_up_to_date", "migrate", "revision_of"]

REVISIONS: Final = ("0001", "0002", "0003", "0004", "0005")
"""Every migration, oldest first; a test holds it to migrations/versions."""

HEAD: Final = REVISIONS[-1]

_ADVISORY_LOCK: Final = 0x636F6E73656E7472  # "consentr": any number that is ours alone


def bring_up_to_date(engine: Engine) -> None:
    """Upgrade to `HEAD` under a lock; do nothing when it is there already.

    Raises:
        StorageError: a newer Consentry has used this database.
    """
    if _is_current(engine):
        return
    with _lock(engine):
        if not _is_current(engine):  # another process may have done it while we waited
            _make(engine) if _is_new(engine) else migrate(engine, HEAD)


def revision_of(engine: Engine) -> str | None:
    """The revision that the database is at, or None for an empty one."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def migrate(engine: Engine, revision: str) -> None:
    """Go up or down to `revision`, `base` for an empty database, in one transaction."""
    from alembic import command

    known = ("base", *REVISIONS)
    current = revision_of(engine) or "base"
    with engine.begin() as connection:
        go = command.upgrade if known.index(revision) >= known.index(current) else command.downgrade
        go(alembic_config(connection), revision)


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, in code: there is no alembic.ini to lose."""
    from alembic.config import Config

    folder = Path(__file__).parent / "migrations"
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _is_current(engine: Engine) -> bool:
    found = revision_of(engine)
    if found is not None and found not in REVISIONS:
        raise StorageError(
            f"The database is at revision {found}, which this version does not know.",
            hint="A newer Consentry has used it: run that version, or restore a backup.",
        )
    return found == HEAD


def _is_new(engine: Engine) -> bool:
    """Whether nothing at all is in it, in SQLite; PostgreSQL always goes through the migrations."""
    return engine.dialect.name == "sqlite" and not inspect(engine).get_table_names()


def _make(engine: Engine) -> None:
    """Every table at once, in one transaction with the note that this is `HEAD`."""
    with engine.begin() as connection:
        metadata.create_all(connection)
        identity = uuid.uuid4().hex
        counters = [{"name": name, "value": 0, "identity": identity} for name in COUNTERS]
        connection.execute(insert(sequences), counters)
        connection.execute(
            text(
                "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
                "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
            )
        )
        connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})


@contextmanager
def _lock(engine: Engine) -> Iterator[None]:
    if engine.dialect.name == "sqlite":
        with Path(f"{engine.url.database}.lock").open("w") as file:
            Path(file.name).chmod(0o600)
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
    else:
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:id)"), {"id": _ADVISORY_LOCK})
            try:
                yield
            finally:
                connection.execute(text("SELECT pg_advisory_unlock(:id)"), {"id": _ADVISORY_LOCK})
