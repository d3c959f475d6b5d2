"""Files that are whole or absent: written aside, flushed to the disk, then renamed into place."""

from __future__ import annotations

import fcntl
import os
import secrets
from pathlib import Path

__all__ = ["TEMPORARY", "exclusive", "put_in_place", "replace_bytes", "temporary_beside"]

TEMPORARY = ".part"
"""Names that end so are unfinished; whoever holds the lock may delete them."""


def temporary_beside(path: Path) -> Path:
    """A free name in the same folder, for writing what will become `path`."""
    return path.with_name(f"{path.name}.{secrets.token_hex(4)}{TEMPORARY}")


def put_in_place(temporary: Path, path: Path) -> None:
    """Flush `temporary` and give it the name `path`; after this it survives a loss of power."""
    _flush(temporary)
    temporary.replace(path)
    _flush(path.parent)


def replace_bytes(path: Path, data: bytes) -> None:
    """Write `data` as `path`: readers see the old content or the new, never a part."""
    temporary = temporary_beside(path)
    temporary.write_bytes(data)
    put_in_place(temporary, path)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class exclusive:  # noqa: N801  used as a function is: `with exclusive(path, wait=True):`
    """Hold the lock file `path`; entering gives False when somebody else does and `wait` is off.

    The kernel frees the lock when its holder dies, however it dies.
    """

    def __init__(self, path: Path, *, wait: bool) -> None:
        """Nothing is locked yet."""
        self._path = path
        self._wait = wait
        self._handle = -1

    def __enter__(self) -> bool:
        """Lock; whether it is ours."""
        self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | (0 if self._wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True

    def __exit__(self, *_: object) -> None:
        """Unlock."""
        os.close(self._handle)
