"""A place for a request's body while it arrives: memory first, then an encrypted, nameless file.

The file is never in the folder under a name, its key lives only in this object, and nothing in
plain text touches the disk. When the spool is closed, or the process dies, it is gone.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from consentry.errors import StorageError
from consentry.storage.home import private_folder

__all__ = ["EncryptedSpool"]

_LENGTH_BYTES: Final = 4
_NONCE_BYTES: Final = 12
_RECORD_BYTES: Final = 1024 * 1024


class EncryptedSpool:
    """Bytes that are written once and read back; used by one request at a time."""

    def __init__(self, folder: Path, max_memory_bytes: int) -> None:
        """Hold up to `max_memory_bytes` in memory; beyond, use a nameless file in `folder`."""
        self._folder = folder
        self._max_memory = max_memory_bytes
        self._memory: list[bytes] = []
        self._disk: _SealedFile | None = None
        self.size = 0

    @property
    def on_disk(self) -> bool:
        """Whether it has grown out of memory."""
        return self._disk is not None

    def write(self, chunk: bytes) -> None:
        """Append `chunk`.

        Raises:
            StorageError: the spool folder cannot be used, or the disk is full.
        """
        self.size += len(chunk)
        if self._disk is None and self.size <= self._max_memory:
            self._memory.append(chunk)
            return
        try:
            if self._disk is None:
                self._disk = self._move_to_disk()
            self._disk.append(chunk)
        except OSError as error:
            raise StorageError(f"The spool cannot be written: {error.strerror}.") from error

    def chunks(self) -> Iterator[bytes]:
        """What was written, in order, in pieces of any size."""
        yield from self._memory
        if self._disk is not None:
            yield from self._disk.pieces()

    def read_all(self) -> bytes:
        """What was written, as one piece."""
        return b"".join(self.chunks())

    def close(self) -> None:
        """Forget the bytes and the key; the file vanishes."""
        self._memory.clear()
        if self._disk is not None:
            self._disk.close()
            self._disk = None

    def __enter__(self) -> Self:
        """Use it in a `with`: it is closed at the end."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def _move_to_disk(self) -> _SealedFile:
        disk = _SealedFile(private_folder(self._folder))
        kept, self._memory = self._memory, []
        for chunk in kept:
            disk.append(chunk)
        return disk


class _SealedFile:
    """A nameless file of records: four bytes of length, then AES-256-GCM under a key of its own."""

    def __init__(self, folder: Path) -> None:
        # TemporaryFile uses O_TMPFILE where the file system has it, and unlinks at once elsewhere.
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  `close` closes it
        self._cipher = AESGCM(AESGCM.generate_key(256))
        self._records = 0

    def append(self, chunk: bytes) -> None:
        for start in range(0, len(chunk), _RECORD_BYTES):
            piece = chunk[start : start + _RECORD_BYTES]
            sealed = self._cipher.encrypt(_nonce(self._records), piece, None)
            self._file.write(len(sealed).to_bytes(_LENGTH_BYTES, "big") + sealed)
            self._records += 1

    def pieces(self) -> Iterator[bytes]:
        self._file.seek(0)
        for number in range(self._records):
            length = int.from_bytes(self._file.read(_LENGTH_BYTES), "big")
            yield self._cipher.decrypt(_nonce(number), self._file.read(length), None)
        self._file.seek(0, os.SEEK_END)

    def close(self) -> None:
        del self._cipher
        self._file.close()


def _nonce(number: int) -> bytes:
    """A counter is a safe nonce here: each file has a key of its own."""
    return number.to_bytes(_NONCE_BYTES, "big")
