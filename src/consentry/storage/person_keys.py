"""A key for each person, each in a file of its own: destroying it destroys all that it opens.

The files are not in the database: no backup of it, no free page and no write-ahead log of it ever
held one. Each is wrapped under the master key, so that a copy of the folder alone opens nothing.
"""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from consentry.errors import PersonUnknownError, StorageError
from consentry.storage.home import private_file, private_folder
from consentry.storage.vault import KEY_BYTES, Vault

__all__ = ["PersonKeys"]

_NAME: Final = re.compile(r"[0-9a-f]{32}")


class PersonKeys:
    """The folder `keys/persons` of an installation."""

    def __init__(self, home: Path, vault: Vault) -> None:
        """Use the folder in `home`; the files in it are wrapped by `vault`."""
        self._home = home
        self._vault = vault

    def create(self, person_id: str) -> Vault:
        """Make the key of a new person; on the disk when this returns.

        Raises:
            StorageError: it could not be written.
        """
        key = secrets.token_bytes(KEY_BYTES)
        sealed = self._vault.seal(key, purpose=f"person-key:{person_id}")
        path = self._path(person_id)
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(sealed)
                file.flush()
                os.fsync(file.fileno())
            _flush_folder(path.parent)
        except OSError as error:
            raise StorageError(f"The key {path} cannot be written: {error.strerror}.") from error
        return Vault(key)

    def open(self, person_id: str) -> Vault:
        """What the key of a person seals and opens.

        Raises:
            PersonUnknownError: there is none: the person was erased, or never was.
            StorageError: it is damaged, or others may read it.
        """
        path = self._path(person_id)
        try:
            sealed = private_file(path).read_bytes()
        except FileNotFoundError as error:
            raise PersonUnknownError("Nobody has a key under this id.") from error
        except OSError as error:
            raise StorageError(f"The key {path} cannot be used: {error.strerror}.") from error
        return Vault(self._vault.open(sealed, purpose=f"person-key:{person_id}"))

    def destroy(self, person_id: str) -> None:
        """Overwrite and remove a key; one that is gone already is no error.

        What the disk itself keeps of overwritten blocks is not in our hands: the wrapped key is
        useless without the master key, and docs/guide/likeness.md says what to do besides.

        Raises:
            StorageError: it is still there.
        """
        path = self._path(person_id)
        try:
            size = path.stat().st_size
            with path.open("r+b") as file:
                file.write(secrets.token_bytes(size))
                file.flush()
                os.fsync(file.fileno())
            path.unlink()
            _flush_folder(path.parent)
        except FileNotFoundError:
            return
        except OSError as error:
            raise StorageError(f"The key {path} cannot be removed: {error.strerror}.") from error

    def held(self) -> dict[str, float]:
        """Whose keys there are, and when each was made (seconds since 1970).

        Raises:
            StorageError: the folder cannot be read.
        """
        found = {}
        for one in self._folder().iterdir():
            with suppress(FileNotFoundError):  # destroyed meanwhile
                if _NAME.fullmatch(one.name):
                    found[one.name] = one.stat().st_mtime
        return found

    def _folder(self) -> Path:
        return private_folder(private_folder(self._home / "keys") / "persons")

    def _path(self, person_id: str) -> Path:
        if not _NAME.fullmatch(person_id):
            raise PersonUnknownError("This is not the id of a person.")
        return self._folder() / person_id


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
