"""Pictures that a policy rule said to keep: one file and one key each, the key under the vault's.

To delete one is to destroy its wrapped key, then its file: a copy of the file in a backup stays
shut for good.
"""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, delete, insert, select

from consentry.errors import NotFoundError, StorageError
from consentry.storage.database import forget_pages, now, storage_errors
from consentry.storage.home import private_folder
from consentry.storage.schema import objects
from consentry.storage.vault import KEY_BYTES, Vault

__all__ = ["ObjectStore"]

_ID: Final = re.compile(r"[0-9a-f]{32}")


class ObjectStore:
    """The folder of encrypted objects and the table of their keys."""

    def __init__(self, engine: Engine, folder: Path, vault: Vault) -> None:
        """Keep files in `folder`, and their keys in `engine`, sealed by `vault`."""
        self._engine = engine
        self._folder = folder
        self._vault = vault

    def put(self, data: bytes, *, purpose: str) -> str:
        """Keep `data` and give its id, 32 hexadecimal digits.

        Raises:
            StorageError: it could not be written.
        """
        object_id, key = secrets.token_hex(16), secrets.token_bytes(KEY_BYTES)
        self._write(object_id, Vault(key).seal(data, purpose=purpose))
        row = {
            "id": object_id,
            "purpose": purpose,
            "size": len(data),
            "wrapped_key": self._vault.seal(key, purpose=f"object:{object_id}"),
            "created_at": now(),
        }
        with storage_errors(), self._engine.begin() as connection:
            connection.execute(insert(objects), row)
        return object_id

    def get(self, object_id: str) -> bytes:
        """The bytes that were kept.

        Raises:
            NotFoundError: there is no such object, or it was deleted.
            StorageError: the file is missing or was altered.
        """
        query = select(objects.c.wrapped_key, objects.c.purpose).where(objects.c.id == object_id)
        with storage_errors(), self._engine.connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise NotFoundError("No object has this id.")
        try:
            sealed = self._path(object_id).read_bytes()
        except OSError as error:
            raise StorageError(f"The object {object_id} is missing its file.") from error
        key = self._vault.open(row.wrapped_key, purpose=f"object:{object_id}")
        return Vault(key).open(sealed, purpose=row.purpose)

    def delete(self, object_id: str) -> None:
        """Destroy the key, then the file; an object that is not there is no error.

        Raises:
            StorageError: the key could not be destroyed.
        """
        with storage_errors():
            with self._engine.begin() as connection:
                connection.execute(delete(objects).where(objects.c.id == object_id))
            forget_pages(self._engine)
        if _ID.fullmatch(object_id):
            self._path(object_id).unlink(missing_ok=True)

    def _path(self, object_id: str) -> Path:
        return self._folder / object_id[:2] / object_id

    def _write(self, object_id: str, sealed: bytes) -> None:
        try:
            private_folder(self._folder)
            path = private_folder(self._path(object_id).parent) / object_id
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
            with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
                file.write(sealed)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StorageError(f"An object could not be kept: {error.strerror}.") from error
