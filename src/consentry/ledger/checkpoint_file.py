"""The last checkpoint as a file beside the database: a database that was cut short contradicts it.

It is written after the checkpoint is in the database and on the disk, so it is never ahead of it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from consentry.errors import LedgerDamagedError, StorageError
from consentry.ledger.checkpoint import genuine
from consentry.ledger.verify import Checkpoint, Key
from consentry.storage.home import private_folder

__all__ = ["CheckpointFile"]


class CheckpointFile:
    """`log/checkpoint` in the folder of the installation."""

    def __init__(self, home: Path) -> None:
        """Use the folder `log` in `home`, made if it is not there."""
        self._folder = private_folder(home / "log")
        self.path = self._folder / "checkpoint"

    def read(self, key: Key) -> Checkpoint | None:
        """What it says; None if it is not there.

        Raises:
            LedgerDamagedError: it cannot be read, or was not signed by `key`.
        """
        try:
            return genuine(self.path.read_bytes().decode(), key)
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise LedgerDamagedError(f"{self.path} cannot be read.") from error

    def write(self, note: str, key: Key) -> None:
        """Keep `note`, unless a later one is kept already: every process of ours writes here.

        Raises:
            LedgerDamagedError: as for `read`.
            StorageError: it could not be written.
        """
        try:
            with self._locked():
                kept = self.read(key)
                if kept is None or kept.size < genuine(note, key).size:
                    self._replace(note)
        except OSError as error:
            raise StorageError(f"{self.path} cannot be written: {error.strerror}.") from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(self._folder / ".lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _replace(self, note: str) -> None:
        draft = self._folder / ".checkpoint"
        flags = os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC
        with os.fdopen(os.open(draft, flags, 0o600), "wb") as file:
            file.write(note.encode())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
