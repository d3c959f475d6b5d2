"""What is kept, in one bundle: decisions, policies, API keys and encrypted objects."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from consentry.config import Settings

if TYPE_CHECKING:  # SQLAlchemy takes half a second to import: only who opens a database waits
    from sqlalchemy import Connection, Engine

    from consentry.storage.api_keys import KeyStore
    from consentry.storage.decisions import DecisionStore
    from consentry.storage.exchanges import ExchangeStore
    from consentry.storage.ledger import LedgerStore
    from consentry.storage.objects import ObjectStore
    from consentry.storage.person_keys import PersonKeys
    from consentry.storage.persons import PersonStore
    from consentry.storage.policies import PolicyStore
    from consentry.storage.seen import SeenStore
    from consentry.storage.sequences import Sequences
    from consentry.storage.vault import Vault
    from consentry.storage.watch import ChangeWatch

__all__ = ["Storage", "open_storage"]


class Storage:
    """Everything that an installation keeps; one per process, used by all its threads."""

    def __init__(self, engine: Engine, home: Path) -> None:
        """Keep the open database and the folder of the installation."""
        self._engine = engine
        self.home = home

    @cached_property
    def decisions(self) -> DecisionStore:
        """Where decisions are saved and read back."""
        from consentry.storage.decisions import DecisionStore

        return DecisionStore(self._engine)

    @cached_property
    def policies(self) -> PolicyStore:
        """The sources of the policies that decisions were made by."""
        from consentry.storage.policies import PolicyStore

        return PolicyStore(self._engine)

    @cached_property
    def keys(self) -> KeyStore:
        """Who may call the API."""
        from consentry.storage.api_keys import KeyStore

        return KeyStore(self._engine, self.watch)

    @cached_property
    def watch(self) -> ChangeWatch:
        """Tells whether anybody has written to the database since."""
        from consentry.storage.watch import ChangeWatch

        return ChangeWatch(self._engine)

    @cached_property
    def objects(self) -> ObjectStore:
        """Encrypted pictures that a policy rule said to keep.

        Raises:
            StorageError: the master key cannot be read, or other users can read it.
        """
        from consentry.storage.objects import ObjectStore

        return ObjectStore(self._engine, self.home / "objects", self.vault)

    @cached_property
    def vault(self) -> Vault:
        """The master key of the installation, made on first use.

        Raises:
            StorageError: it cannot be read, or other users can read it.
        """
        from consentry.storage.vault import Vault

        return Vault.load(self.home)

    @cached_property
    def sequences(self) -> Sequences:
        """The counters that number changes of banks, and the lock under which they are made."""
        from consentry.storage.sequences import Sequences

        return Sequences(self._engine)

    @cached_property
    def ledger(self) -> LedgerStore:
        """The rows of the tamper-evident log; `consentry.ledger.log` gives them their meaning."""
        from consentry.storage.ledger import LedgerStore

        return LedgerStore(self._engine, self.sequences)

    @cached_property
    def seen(self) -> SeenStore:
        """Hashes of inputs that were decided on."""
        from consentry.storage.seen import SeenStore

        return SeenStore(self._engine, self.sequences)

    @cached_property
    def persons(self) -> PersonStore:
        """Persons who enrolled, their consents and where they were depicted; all of it sealed."""
        from consentry.storage.persons import PersonStore

        return PersonStore(self._engine, self.sequences)

    @cached_property
    def person_keys(self) -> PersonKeys:
        """A key for each person; not in the database, so that its backups hold none.

        Raises:
            StorageError: the master key cannot be read, or other users can read it.
        """
        from consentry.storage.person_keys import PersonKeys

        return PersonKeys(self.home, self.vault)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for queries.

        Raises:
            StorageError: the database could not be read.
        """
        from consentry.storage.database import storage_errors

        with storage_errors(), self._engine.connect() as connection:
            yield connection

    @cached_property
    def exchanges(self) -> ExchangeStore:
        """Hash exchanges as they were set up.

        Raises:
            StorageError: the master key cannot be read, or other users can read it.
        """
        from consentry.storage.exchanges import ExchangeStore

        return ExchangeStore(self._engine, self.vault)

    def ping(self) -> None:
        """Ask the database for a sign of life.

        Raises:
            StorageError: it gives none.
        """
        from sqlalchemy import text

        from consentry.storage.database import storage_errors

        with storage_errors(), self._engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close every connection; the bundle cannot be used afterwards."""
        if "watch" in self.__dict__:
            self.watch.close()
        self._engine.dispose()


def open_storage(settings: Settings) -> Storage:
    """Open the database, made or brought up to date where needed.

    Raises:
        StorageError: home or the database cannot be used safely; the message says what to do.
        ConfigError: `storage.url` is of no kind that we work on.
    """
    from consentry.storage.database import open_database
    from consentry.storage.home import prepare_home

    home = prepare_home(settings.home)
    return Storage(open_database(settings), home)
