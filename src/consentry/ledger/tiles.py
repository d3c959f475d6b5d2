"""Tiles and bundles of entries as C2SP's tlog-tiles names and serves them, read from storage."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from consentry.errors import LedgerDamagedError
from consentry.ledger.merkle import TILE_WIDTH, ReadTile, tile_width
from consentry.ledger.verify import leaf_hash
from consentry.storage.ledger import LedgerStore

__all__ = ["ENTRIES", "TilePath", "bundle", "paths", "reader"]

ENTRIES: Final = -1
"""Stands for the level of bundles of entries."""

_HASH_BYTES: Final = 32
_MOST_LEVEL: Final = 63
_PATH: Final = re.compile(r"((?:x[0-9]{3}/)*)([0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


@dataclass(frozen=True, slots=True)
class TilePath:
    """Which part of the tree a path under `tile/` names.

    Attributes:
        level: 0 to 63, or `ENTRIES`.
        number: of the tile within its level.
        width: 1 to 256 hashes or entries.
    """

    level: int
    number: int
    width: int

    @classmethod
    def parse(cls, text: str) -> TilePath | None:
        """Read what follows `tile/`; None if it is no such path, or not written in the one way."""
        head, _, rest = text.partition("/")
        parts = _PATH.fullmatch(rest)
        if parts is None or len(rest) > TILE_WIDTH or not (head == "entries" or head.isdecimal()):
            return None
        level = ENTRIES if head == "entries" else int(head)
        number = int(parts[1].replace("x", "").replace("/", "") + parts[2])
        path = cls(level, number, int(parts[3] or TILE_WIDTH))
        return path if level <= _MOST_LEVEL and str(path) == text else None

    def __str__(self) -> str:
        """The path, without `tile/`."""
        digits = f"{self.number:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        parts = [digits[place : place + 3] for place in range(0, len(digits), 3)]
        name = "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])
        head = "entries" if self.level == ENTRIES else str(self.level)
        return f"{head}/{name}" + ("" if self.width == TILE_WIDTH else f".p/{self.width}")

    def within(self, size: int) -> bool:
        """Whether a log of `size` entries has it."""
        return self.width <= tile_width(size, max(self.level, 0), self.number)


def paths(size: int) -> Iterator[TilePath]:
    """Every tile and bundle of a log of `size` entries."""
    level, count = 0, size
    while count:
        for number in range(-(-count // TILE_WIDTH)):
            width = tile_width(size, level, number)
            yield TilePath(level, number, width)
            if level == 0:
                yield TilePath(ENTRIES, number, width)
        level, count = level + 1, count // TILE_WIDTH


def reader(store: LedgerStore, connection: Connection) -> ReadTile:
    """Reads the hashes of tiles; a partial tile is made from what it stands for.

    What it gives raises `LedgerDamagedError` when something is missing.
    """

    def read(level: int, number: int, width: int) -> Sequence[bytes]:
        first = number * TILE_WIDTH
        if width == TILE_WIDTH:
            hashes = store.tile(connection, level, number) or b""
        elif level:
            hashes = b"".join(store.roots(connection, level - 1, first, width))
        else:
            hashes = b"".join(map(leaf_hash, store.entries(connection, first, width)))
        found = [hashes[at : at + _HASH_BYTES] for at in range(0, len(hashes), _HASH_BYTES)]
        if len(hashes) != width * _HASH_BYTES:
            raise LedgerDamagedError(f"The log lacks a part of tile {number} of level {level}.")
        return found

    return read


def bundle(store: LedgerStore, connection: Connection, number: int, width: int) -> bytes:
    """Entries, each after its length (two bytes, the higher first).

    Raises:
        LedgerDamagedError: one is missing.
    """
    entries = store.entries(connection, number * TILE_WIDTH, width)
    if len(entries) != width:
        raise LedgerDamagedError(f"The log lacks entries of bundle {number}.")
    return b"".join(len(one).to_bytes(2, "big") + one for one in entries)
