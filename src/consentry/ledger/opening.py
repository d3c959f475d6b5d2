"""Opening the log: whose it is, and whether it is whole. If not, the system does not start.

At start the tail and the roots are checked, which takes milliseconds at any size: an entry, a tile
or a checkpoint that is missing at the end, another key, a database that is older than the last
checkpoint beside it. Everything is checked by `consentry ledger verify`.
"""

from __future__ import annotations

import secrets
from typing import Final

from consentry.config import Settings
from consentry.errors import ConfigError, LedgerDamagedError
from consentry.ledger.checkpoint import LogKey, genuine
from consentry.ledger.checkpoint_file import CheckpointFile
from consentry.ledger.merkle import EMPTY_ROOT, Frontier, TileTree
from consentry.ledger.tiles import reader
from consentry.ledger.verify import Checkpoint
from consentry.storage import Storage
from consentry.storage.key_file import key_file

__all__ = ["check_start", "load_key", "matches"]

_KEY: Final = "log.key"
_GONE: Final = (
    "Restore the database from a backup. To begin a new log on purpose, first move log/ and "
    "keys/log.key away, where they are kept."
)


def load_key(settings: Settings, storage: Storage, file: CheckpointFile) -> LogKey:
    """The key of the log in `storage`; a log that was never there is begun.

    Raises:
        LedgerDamagedError: the key is not the log's, or there was a log that is gone.
        StorageError: the key is missing or unsafe, or the database cannot be used.
        ConfigError: the log has another name than `ledger.origin` says.
    """
    verifier = _verifier(storage)
    if verifier is None:
        _begin(settings, storage, file)
        verifier = _verifier(storage) or ""
    origin = verifier.partition("+")[0]
    key = LogKey(origin, key_file(storage.home, _KEY, make=False))
    if key.public.text() != verifier:
        raise LedgerDamagedError(
            "keys/log.key is not the key of this log.", hint="Restore it from a backup."
        )
    if settings.ledger.origin not in {None, origin}:
        raise ConfigError(
            f"The log is called {origin}, and ledger.origin says {settings.ledger.origin}.",
            hint="The name of a log cannot change: set it back.",
        )
    return key


def _verifier(storage: Storage) -> str | None:
    with storage.ledger.reading() as connection:
        return storage.ledger.state(connection).get("verifier")


def _begin(settings: Settings, storage: Storage, file: CheckpointFile) -> None:
    with storage.ledger.reading() as connection:
        store = storage.ledger
        if any(store.sizes(connection)) or store.newest_checkpoint(connection):
            raise LedgerDamagedError("The log in the database has lost its name.")
    if file.path.exists():
        raise LedgerDamagedError(
            f"The database has no log, but {file.path} says that there was one.", hint=_GONE
        )
    origin = settings.ledger.origin or f"consentry.internal/{secrets.token_hex(6)}/log"
    key = LogKey(origin, key_file(storage.home, _KEY))
    note = key.sign(0, EMPTY_ROOT)
    if store.begin({"verifier": key.public.text()}, note):
        file.write(note, key.public)


def check_start(storage: Storage, key: LogKey, file: CheckpointFile) -> Frontier:
    """Check the tail of the log and its checkpoints; gives the edge to go on from.

    Raises:
        LedgerDamagedError: the log was altered or cut short.
        StorageError: the database could not be read.
    """
    store = storage.ledger
    kept = file.read(key.public)  # first: the log may grow meanwhile, never shrink
    with store.reading() as connection:
        newest = genuine(store.newest_checkpoint(connection), key.public)
        size, stored = store.sizes(connection)
        if size != stored:
            raise LedgerDamagedError(f"The log has {stored} entries, and {size} were appended.")
        tree = TileTree(size, reader(store, connection))
        frontier = Frontier.of(tree)
        matches(tree, newest, "the database")
        if kept is not None:
            matches(tree, kept, str(file.path))
            if kept.size > newest.size:
                raise LedgerDamagedError("The last checkpoint is missing in the database.")
    if kept is None:
        _write_first(file, newest, key)
    return frontier


def _write_first(file: CheckpointFile, newest: Checkpoint, key: LogKey) -> None:
    """A crash at the very first start leaves no file; later it is never missing."""
    if newest.size:
        raise LedgerDamagedError(
            f"{file.path} is missing, which shows whether the database was cut short.",
            hint="Copy log/ from a backup, or from another machine that uses this database.",
        )
    file.write(key.sign(0, EMPTY_ROOT), key.public)


def matches(tree: TileTree, checkpoint: Checkpoint, where: str) -> None:
    """Check that the log still begins with what `checkpoint` was signed for.

    Raises:
        LedgerDamagedError: it does not.
    """
    if checkpoint.size > tree.size:
        raise LedgerDamagedError(
            f"The log has {tree.size} entries, and the checkpoint in {where} was signed for "
            f"{checkpoint.size}: the end of it is gone."
        )
    if tree.root(checkpoint.size) != checkpoint.root:
        raise LedgerDamagedError(
            f"The log is not the one that the checkpoint in {where} was signed for."
        )
