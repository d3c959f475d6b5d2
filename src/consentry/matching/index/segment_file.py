"""The form of a segment on disk: named arrays in one file, each with its own SHA-256.

    bytes 0-7    the magic, which names the format and its version
    bytes 8-15   length of the description, little-endian
    bytes 16-47  SHA-256 of the description
    then         the description, JSON: layout, entries, arrays (place, shape, type, SHA-256)
    then         the arrays, each at a multiple of 4,096 bytes

The first page is written last, so a file that was torn while being written has no magic.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from consentry.errors import IndexDamagedError
from consentry.matching.index.files import put_in_place, temporary_beside

__all__ = ["Arrays", "Shapes", "read_segment", "write_segment"]

MAGIC = b"CSNTSEG1"
PAGE = 4096
_FIXED = len(MAGIC) + 8 + 32
_STEP = 16 * 1024 * 1024

Arrays = Mapping[str, NDArray[Any]]
Shapes = Mapping[str, tuple[tuple[int, ...], str]]
"""Name to shape and numpy type of each array."""


@dataclass(frozen=True, slots=True)
class _Place:
    name: str
    shape: tuple[int, ...]
    type: str
    start: int

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64)) * np.dtype(self.type).itemsize

    def view(self, memory: mmap.mmap) -> NDArray[Any]:
        count = int(np.prod(self.shape, dtype=np.int64))
        flat = np.frombuffer(memory, self.type, count, self.start)
        return flat.reshape(self.shape)


def write_segment(
    path: Path, facts: Mapping[str, Any], shapes: Shapes, fill: Callable[[Arrays], None]
) -> None:
    """Write a segment: `fill` gets the empty arrays, in the mapped file, and fills them."""
    places = _lay_out(shapes)
    temporary = temporary_beside(path)
    try:
        with temporary.open("w+b") as file:
            # Space is taken now: a full disk is an error here, not a dead process while filling.
            os.posix_fallocate(file.fileno(), 0, places[-1].start + max(places[-1].size, PAGE))
            memory = mmap.mmap(file.fileno(), 0)
            fill({place.name: place.view(memory) for place in places})
            memory[: 2 * PAGE] = _first_pages(memory, facts, places)
            memory.flush()
        put_in_place(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _lay_out(shapes: Shapes) -> list[_Place]:
    places, start = [], 2 * PAGE
    for name, (shape, type_name) in shapes.items():
        place = _Place(name, shape, type_name, start)
        places.append(place)
        start += -(-place.size // PAGE) * PAGE
    return places


def _first_pages(memory: mmap.mmap, facts: Mapping[str, Any], places: list[_Place]) -> bytes:
    arrays = [
        {
            "name": place.name,
            "shape": place.shape,
            "type": place.type,
            "start": place.start,
            "sha256": _digest(memory, place),
        }
        for place in places
    ]
    text = json.dumps({**facts, "arrays": arrays}).encode()
    if len(text) > 2 * PAGE - _FIXED:
        raise ValueError("the description of a segment is too long")
    head = MAGIC + len(text).to_bytes(8, "little") + hashlib.sha256(text).digest() + text
    return head.ljust(2 * PAGE, b"\0")


def _digest(memory: mmap.mmap, place: _Place) -> str:
    digest = hashlib.sha256()
    with memoryview(memory) as view:
        for start in range(place.start, place.start + place.size, _STEP):
            digest.update(view[start : min(start + _STEP, place.start + place.size)])
    return digest.hexdigest()


def read_segment(path: Path) -> tuple[dict[str, Any], Arrays]:
    """Map a segment and check every byte of it; gives its facts and its arrays, read-only.

    Raises:
        IndexDamagedError: it is missing, torn or altered.
    """
    try:
        with path.open("rb") as file:
            memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:  # ValueError: the file is empty
        raise IndexDamagedError(f"The index file {path.name} cannot be read: {error}.") from error
    facts, places = _description(path, memory)
    for place, expected in places:
        if place.start + place.size > len(memory) or _digest(memory, place) != expected:
            raise IndexDamagedError(f"The index file {path.name} is damaged ({place.name}).")
    return facts, {place.name: place.view(memory) for place, _ in places}


def _description(path: Path, memory: mmap.mmap) -> tuple[dict[str, Any], list[tuple[_Place, str]]]:
    length = int.from_bytes(memory[8:16], "little")
    text = memory[_FIXED : _FIXED + length] if length <= 2 * PAGE else b""
    if memory[:8] != MAGIC or hashlib.sha256(text).digest() != memory[16:_FIXED]:
        raise IndexDamagedError(f"The index file {path.name} is torn or of another version.")
    facts = json.loads(text)
    places = [
        (_Place(a["name"], tuple(a["shape"]), a["type"], a["start"]), a["sha256"])
        for a in facts.pop("arrays")
    ]
    return facts, places
