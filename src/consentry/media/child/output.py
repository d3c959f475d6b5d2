"""Where a child puts pixels and metadata: one arena, seen from the child's side."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from consentry.errors import MediaTooCostlyError
from consentry.media.protocol import PAGE, FrameSpot

__all__ = ["Output", "Region"]

_WINDOW_BYTES: Final = 16 * 1024 * 1024
"""As much of each arena stays mapped; larger frames are mapped one at a time."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Region:
    """A place for one frame, from a page's start."""

    offset: int
    size: int

    def spot(self, width: int, height: int, time_s: float) -> FrameSpot:
        """The frame that lies here."""
        return FrameSpot(self.offset, width, height, time_s)


class Output:
    """Hands out places in one arena, from its start."""

    def __init__(self, fd: int, capacity: int) -> None:
        """Map the window; `capacity` in bytes."""
        self._fd = fd
        self._capacity = capacity
        self._window = mmap.mmap(fd, min(_WINDOW_BYTES, -(-capacity // PAGE) * PAGE))
        self.used = 0

    def begin(self) -> None:
        """Forget what was handed out."""
        self.used = 0

    def reserve(self, width: int, height: int) -> Region:
        """A place for a frame of RGB pixels.

        Raises:
            MediaTooCostlyError: the arena is full.
        """
        return self._reserve(width * height * 3)

    def reclaim(self, old: FrameSpot | None, width: int, height: int) -> Region | None:
        """The place of a frame that is no longer wanted, if a new one of this size fits in."""
        size = width * height * 3
        if old is None or old.width * old.height * 3 < size:
            return None
        return Region(old.offset, size)

    @contextmanager
    def pixels(self, region: Region, width: int, height: int) -> Iterator[Pixels]:
        """The frame's memory, writable, shape (height, width, 3)."""
        size = width * height * 3
        if region.offset + size <= len(self._window):
            flat = np.frombuffer(self._window, np.uint8, size, region.offset)
        else:
            flat = np.frombuffer(self._map(size, region.offset), np.uint8)
        yield flat.reshape(height, width, 3)

    def write(self, block: bytes) -> int:
        """Write bytes behind all frames; the answer is their offset.

        Raises:
            MediaTooCostlyError: the arena is full.
        """
        region = self._reserve(len(block))
        if block:
            last = region.offset + len(block)
            if last <= len(self._window):
                self._window[region.offset : last] = block
            else:
                with self._map(len(block), region.offset) as place:
                    place[:] = block
        return region.offset

    def _map(self, size: int, offset: int) -> mmap.mmap:
        try:
            return mmap.mmap(self._fd, size, offset=offset)
        except OSError as error:
            raise MemoryError from error

    def _reserve(self, size: int) -> Region:
        offset = -(-self.used // PAGE) * PAGE
        if offset + size > self._capacity:
            megabytes = self._capacity // 2**20
            raise MediaTooCostlyError(f"The pixels need more than {megabytes:,} MiB of memory.")
        self.used = offset + size
        return Region(offset, size)
