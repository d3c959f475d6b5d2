"""Secret keys of 32 bytes, each in a file that is this user's alone."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from consentry.errors import StorageError
from consentry.storage.home import private_file, private_folder

__all__ = ["KEY_BYTES", "key_file"]

KEY_BYTES: Final = 32


def key_file(home: Path, name: str, *, make: bool = True) -> bytes:
    """The key in `keys/<name>` of the installation in `home`; made on first use, if `make`.

    Raises:
        StorageError: the file cannot be made, is missing or damaged, or others may read it.
    """
    path = private_folder(home / "keys") / name
    try:
        if make and not path.exists():
            _create(path)
        key = private_file(path).read_bytes()
    except FileNotFoundError as error:
        hint = "Restore it from a backup."
        raise StorageError(f"The key {path} is missing.", hint=hint) from error
    except OSError as error:
        raise StorageError(f"The key {path} cannot be used: {error.strerror}.") from error
    if len(key) != KEY_BYTES:
        raise StorageError(f"The key {path} is damaged.", hint="Restore it from a backup.")
    return key


def _create(path: Path) -> None:
    """Write a new key beside `path` and link it there: two processes at once end with one key."""
    draft = path.with_name(f".{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        return  # the other process was first: its key holds
    finally:
        draft.unlink()
