"""Shared memory between the parent and one child, and the arrays that are lent from it.

An arena is a sealed memfd that keeps its pages from one file to the next: fresh pages cost more
than decoding a JPEG into warm ones. The parent's arrays look straight into it; when the last one
is gone, the arena goes back to its child. It cannot shrink, so the parent cannot be made to fault.
"""

from __future__ import annotations

import fcntl
import mmap
import os
from collections import deque
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from consentry.media.protocol import PAGE, Answer, FrameSpot

__all__ = ["KEEP_BYTES", "Arena", "lend"]

KEEP_BYTES: Final = 16 * 1024 * 1024
"""Memory that an arena keeps between files; what went beyond is given back to the system."""

Pixels = NDArray[np.uint8]


class Arena:
    """A memfd of fixed, sparse size, mapped in the parent and inherited by one child.

    Attributes:
        fd: its file descriptor, until `forget_fd`; the mapping holds its own.
        capacity: bytes.
    """

    def __init__(self, name: str, size: int) -> None:
        """Reserve `size` bytes, rounded up to pages; memory is taken only when written.

        Raises:
            OSError: the system has no descriptor or address space left.
        """
        self.capacity = -(-size // PAGE) * PAGE
        self.fd = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.ftruncate(self.fd, self.capacity)
            seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
            fcntl.fcntl(self.fd, fcntl.F_ADD_SEALS, seals)
            self._map = mmap.mmap(self.fd, self.capacity)
        except BaseException:
            self.forget_fd()
            raise
        self._bytes: Pixels = np.frombuffer(self._map, np.uint8)
        self.address = int(self._bytes.__array_interface__["data"][0])

    def forget_fd(self) -> None:
        """Close the descriptor once the child has inherited it."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def fill(self, data: bytes) -> None:
        """Copy `data` to the start: the only copy that is made of a file."""
        self._bytes[: len(data)] = np.frombuffer(data, np.uint8)

    def read(self, offset: int, size: int) -> bytes:
        """Copy bytes out."""
        return self._bytes[offset : offset + size].tobytes()

    def copy(self, spot: FrameSpot) -> Pixels:
        """Copy a frame out, read-only."""
        size = spot.width * spot.height * 3
        pixels = self._bytes[spot.offset : spot.offset + size].copy()
        pixels.flags.writeable = False
        return pixels.reshape(spot.height, spot.width, 3)

    def trim(self, used: int) -> None:
        """Give memory between `KEEP_BYTES` and `used` back to the system."""
        if used > KEEP_BYTES:
            length = min(-(-used // PAGE) * PAGE, self.capacity) - KEEP_BYTES
            self._map.madvise(mmap.MADV_REMOVE, KEEP_BYTES, length)


class _Loan:
    """Gives an arena back to its child when the last array that looks into it is gone."""

    __slots__ = ("arena", "home", "used")

    def __init__(self, arena: Arena, home: deque[Arena], used: int) -> None:
        self.arena, self.home, self.used = arena, home, used

    def __del__(self) -> None:
        self.arena.trim(self.used)
        self.home.append(self.arena)


class _Window:
    """What numpy takes for the owner of one frame's memory; read-only for ever."""

    __slots__ = ("__array_interface__", "loan")

    def __init__(self, loan: _Loan, spot: FrameSpot) -> None:
        self.loan = loan
        self.__array_interface__: dict[str, Any] = {
            "data": (loan.arena.address + spot.offset, True),
            "shape": (spot.height, spot.width, 3),
            "typestr": "|u1",
            "version": 3,
        }


def lend(arena: Arena, home: deque[Arena], answer: Answer) -> list[Pixels]:
    """The frames of `answer` as read-only arrays; `arena` returns to `home` after the last one.

    When `home` is empty, the child would be left without an arena: then the frames are copied
    and it returns at once.
    """
    if not home:
        copies = [arena.copy(spot) for spot in answer.frames]
        arena.trim(answer.used)
        home.append(arena)
        return copies
    loan = _Loan(arena, home, answer.used)
    return [np.asarray(_Window(loan, spot)) for spot in answer.frames]
