"""The file that a child was handed, as a file object: for what is too large to hold twice."""

from __future__ import annotations

import io
import os

__all__ = ["Inbox"]


class Inbox(io.RawIOBase):
    """The first `size` bytes of a shared memory, read in place."""

    def __init__(self, fd: int, size: int) -> None:
        """Read from `fd`, which is not closed; other readers do not disturb."""
        super().__init__()
        self._fd, self._size, self._place = fd, size, 0

    def at(self, offset: int, size: int) -> bytes:
        """Some bytes, fewer at the end."""
        return os.pread(self._fd, max(min(size, self._size - offset), 0), offset)

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes."""
        raw = self.at(self._place, self._size if size < 0 else size)
        self._place += len(raw)
        return raw

    def tell(self) -> int:
        """The place of the next byte."""
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move to another place."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("a place before the start")
        self._place = base + offset
        return self._place
