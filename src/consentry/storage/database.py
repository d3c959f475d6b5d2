"""Opening the database: SQLite with safe modes and pragmas, or PostgreSQL, always up to date."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from consentry.config import Settings
from consentry.errors import ConfigError, StorageError
from consentry.storage.home import private_file
from consentry.storage.migrate import bring_up_to_date

__all__ = ["engine_for", "forget_pages", "now", "open_database", "storage_errors"]

_PRAGMAS: Final = (
    "busy_timeout=10000",  # first: the next one may have to wait
    "journal_mode=WAL",
    "synchronous=NORMAL",  # a crash of the machine may lose the last commits, never the file
    "foreign_keys=ON",
    "secure_delete=ON",  # a destroyed key is overwritten, not only unlinked
)


def open_database(settings: Settings) -> Engine:
    """The database that `settings` names, made if it is not there, migrated if it is old.

    Raises:
        StorageError: it cannot be opened, others may read it, or it is newer than this code.
        ConfigError: the URL is of no kind that we work on, or its driver is not installed.
    """
    engine = engine_for(settings.database_url)
    try:
        with storage_errors():
            bring_up_to_date(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def engine_for(url: str) -> Engine:
    """An engine for `url`, with our modes and pragmas; no migration is run.

    Raises:
        StorageError: the SQLite file cannot be made or is open to others.
        ConfigError: as for `open_database`.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigError("storage.url is not a database URL.") from error
    kind = parsed.drivername.partition("+")[0]
    if kind == "sqlite":
        return _sqlite(parsed)
    if kind in {"postgres", "postgresql"}:
        return _postgresql(parsed)
    raise ConfigError(f"Consentry works on SQLite and PostgreSQL, not on {kind}.")


def _sqlite(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise ConfigError("A database in memory cannot be shared by threads: name a file.")
    path = Path(url.database)
    _make_private(path)
    engine = create_engine(url.set(drivername="sqlite+pysqlite"), hide_parameters=True)
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    return engine


def _make_private(path: Path) -> None:
    """Make the file with mode 0600 before SQLite does with a wider one; -wal and -shm copy it."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise StorageError(f"The database {path} cannot be opened: {error.strerror}.") from error
    private_file(path)


def _set_pragmas(connection: Any, _: object) -> None:  # noqa: ANN401  a DB-API connection
    connection.isolation_level = None  # BEGIN is ours, below: DDL becomes transactional
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Any) -> None:  # noqa: ANN401  typed as Any by SQLAlchemy's events
    connection.connection.driver_connection.execute("BEGIN")


def _postgresql(url: URL) -> Engine:
    if importlib.util.find_spec("psycopg") is None:
        raise ConfigError(
            "storage.url names PostgreSQL, but its driver is not installed.",
            hint="Run `pip install 'psycopg[binary]>=3.2'`.",
        )
    return create_engine(
        url.set(drivername="postgresql+psycopg"), hide_parameters=True, pool_pre_ping=True
    )


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn the database's own errors into ours, without the values that they may carry.

    Raises:
        StorageError: the database raised.
    """
    try:
        yield
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        kind = type(cause).__name__
        detail = f"{cause}" if kind in {"OperationalError", "DatabaseError"} else kind
        raise StorageError(f"The database cannot be used: {detail}.".replace("\n", " ")) from error


def forget_pages(engine: Engine) -> None:
    """Empty SQLite's write-ahead log, which may still hold a page with a key that was destroyed."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None  # noqa: S101  for the type checker: it is connected
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def now() -> str:
    """The present, ISO 8601, UTC, to the microsecond: it sorts as text."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
