"""The folder of an installation: made on first use for this user alone, refused when unsafe."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from consentry.errors import StorageError

__all__ = ["prepare_home", "private_file", "private_folder"]

_WRITABLE_BY_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH
_OPEN_TO_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def prepare_home(home: Path) -> Path:
    """Make `home` (mode 0700) if it is not there, and check that it is safe to use.

    A home that others may read is accepted, for everything inside is closed to them; one that
    others may write is not, for they could exchange the keys and the database.

    Raises:
        StorageError: it cannot be made or written, or other users may write in it.
    """
    _make(home)
    mode = home.stat().st_mode
    if not stat.S_ISDIR(mode):
        raise StorageError(
            f"CONSENTRY_HOME, {home}, is not a folder.", hint="Name a folder that may be made."
        )
    if mode & _WRITABLE_BY_OTHERS:
        raise StorageError(
            f"Other users of this machine may write in {home}.", hint=f"Run `chmod 700 {home}`."
        )
    if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        raise StorageError(f"This user may not write in {home}.")
    return home


def private_folder(path: Path) -> Path:
    """Make the folder `path` (mode 0700) if it is not there, and check that it is ours alone.

    Raises:
        StorageError: it cannot be made, or other users may use it.
    """
    _make(path)
    if path.stat().st_mode & _OPEN_TO_OTHERS:
        raise StorageError(
            f"Other users of this machine may use {path}.", hint=f"Run `chmod 700 {path}`."
        )
    return path


def private_file(path: Path) -> Path:
    """Check that the existing file `path` is closed to every other user.

    Raises:
        StorageError: others may read or write it.
    """
    if path.stat().st_mode & _OPEN_TO_OTHERS:
        raise StorageError(
            f"Other users of this machine may read {path}.", hint=f"Run `chmod 600 {path}`."
        )
    return path


def _make(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError:
        return  # a file is there: the caller says so in its own words
    except OSError as error:
        raise StorageError(f"The folder {path} cannot be made: {error.strerror}.") from error
