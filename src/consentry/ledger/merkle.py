"""The Merkle tree of RFC 6962 over stored tiles: roots of any size, proofs, and how it grows.

A tile is 256 neighbouring hashes (c2sp.org/tlog-tiles, height 8). Those of level 0 are leaf hashes;
a hash of level L is the root of a full tile of level L - 1, so it stands for 256^L leaves. Every
question is answered from at most two tiles a level.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Self, TypeAlias

from consentry.ledger.verify import node_hash

__all__ = [
    "EMPTY_ROOT",
    "TILE_WIDTH",
    "Edge",
    "Frontier",
    "ReadTile",
    "Tile",
    "TileTree",
    "tile_width",
]

TILE_WIDTH: Final = 256
_TILE_HEIGHT: Final = 8
_MOST_LEVELS: Final = 8

EMPTY_ROOT: Final = sha256(b"").digest()
"""The root of a tree without leaves."""

ReadTile: TypeAlias = Callable[[int, int, int], Sequence[bytes]]
"""Gives the first `width` hashes of a tile, from its level, its number and the width."""


Edge: TypeAlias = dict[tuple[int, int], bytes]
"""Hashes in the tiles of one tree that are not full, by height and place."""


def tile_width(size: int, level: int, number: int) -> int:
    """How many hashes a tile has in a tree of `size` leaves: 0 to 256."""
    return max(0, min(TILE_WIDTH, (size >> (_TILE_HEIGHT * level)) - number * TILE_WIDTH))


class TileTree:
    """A tree of `size` leaves that stands in tiles; tiles are read once each."""

    def __init__(self, size: int, read: ReadTile, edge: Edge | None = None) -> None:
        """Ask `read` for tiles when they are needed; `edge` is what an equal tree learnt."""
        self.size = size
        self._read = read
        self._edge = {} if edge is None else edge
        self._tiles: dict[tuple[int, int], Sequence[bytes]] = {}

    def root(self, size: int | None = None) -> bytes:
        """The root of the first `size` leaves, without it of all.

        Raises:
            ValueError: the tree is smaller.
        """
        size = self.size if size is None else size
        self._within(size)
        return self._subtree(0, size) if size else EMPTY_ROOT

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """The audit path of a leaf in the tree of the first `size` (RFC 6962, 2.1.1).

        Raises:
            ValueError: the tree is smaller, or the leaf is not in it.
        """
        self._within(size)
        if not 0 <= index < size:
            raise ValueError(f"leaf {index} is not in a tree of {size}")
        first, end = 0, size
        ranges = []
        while end - first > 1:
            middle = first + _split(end - first)
            if index < middle:
                ranges.append((middle, end))
                end = middle
            else:
                ranges.append((first, middle))
                first = middle
        return [self._subtree(*one) for one in reversed(ranges)]

    def consistency(self, old: int, new: int) -> list[bytes]:
        """The proof that the first `new` leaves begin with the first `old` (RFC 6962, 2.1.2).

        Raises:
            ValueError: the tree is smaller, or `old` is larger than `new`.
        """
        self._within(new)
        if not 0 <= old <= new:
            raise ValueError(f"a tree of {new} does not begin with {old} leaves")
        if old in {0, new}:
            return []
        first, end = 0, new
        ranges = []
        while end != old:
            middle = first + _split(end - first)
            if old <= middle:
                ranges.append((middle, end))
                end = middle
            else:
                ranges.append((first, middle))
                first = middle
        if first:  # else it is the old root itself, which the verifier has
            ranges.append((first, end))
        return [self._subtree(*one) for one in reversed(ranges)]

    def peaks(self) -> list[bytes]:
        """Roots of the perfect subtrees that the tree is made of, the largest first."""
        return [self._node(height, place) for height, place in _perfect_parts(0, self.size)]

    def edge(self) -> list[list[bytes]]:
        """The hashes of the partial tile of each level, which may be none."""
        levels = []
        for level in range(_MOST_LEVELS):
            count = self.size >> (_TILE_HEIGHT * level)
            if not count:
                break
            partial = count % TILE_WIDTH
            levels.append(list(self._tile(level, count // TILE_WIDTH)) if partial else [])
        return levels

    def _within(self, size: int) -> None:
        if not 0 <= size <= self.size:
            raise ValueError(f"a tree of {self.size} leaves has no part of {size}")

    def _subtree(self, first: int, end: int) -> bytes:
        """The hash of leaves `first` to `end`, as RFC 6962 splits them."""
        parts = [self._node(height, place) for height, place in _perfect_parts(first, end)]
        root = parts.pop()
        while parts:
            root = node_hash(parts.pop(), root)
        return root

    def _node(self, height: int, place: int) -> bytes:
        level, inner = divmod(height, _TILE_HEIGHT)
        number, start = divmod(place << inner, TILE_WIDTH)
        full = (number + 1) * TILE_WIDTH <= self.size >> (_TILE_HEIGHT * level)
        if full:
            return self._fold(level, number, start, 1 << inner)
        if (height, place) not in self._edge:  # every proof needs these
            self._edge[height, place] = self._fold(level, number, start, 1 << inner)
        return self._edge[height, place]

    def _fold(self, level: int, number: int, start: int, count: int) -> bytes:
        hashes = list(self._tile(level, number)[start : start + count])
        while len(hashes) > 1:  # node_hash, written out: this is most of the work of a proof
            pairs = iter(hashes)
            hashes = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs)]  # noqa: B905  an even number
        return hashes[0]

    def _tile(self, level: int, number: int) -> Sequence[bytes]:
        key = (level, number)
        if key not in self._tiles:
            self._tiles[key] = self._read(level, number, tile_width(self.size, level, number))
        return self._tiles[key]


@dataclass(frozen=True, slots=True)
class Tile:
    """A full tile: 256 hashes of 32 bytes, and their root."""

    level: int
    number: int
    root: bytes
    hashes: bytes


@dataclass(slots=True)
class Frontier:
    """The right edge of a tree: all that is needed to go on adding leaves.

    Attributes:
        size: leaves so far.
        peaks: roots of perfect subtrees, the largest first; one for each bit that is set in `size`.
        partial: for each level, the hashes of its tile that is not full.
    """

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)
    partial: list[list[bytes]] = field(default_factory=list)

    @classmethod
    def of(cls, tree: TileTree) -> Self:
        """The edge of a tree that stands in tiles."""
        return cls(tree.size, tree.peaks(), tree.edge())

    def copy(self) -> Frontier:
        """One that can grow on its own."""
        return Frontier(self.size, list(self.peaks), [list(level) for level in self.partial])

    def root(self) -> bytes:
        """The root of the tree so far."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for left in reversed(self.peaks[:-1]):
            root = node_hash(left, root)
        return root

    def append(self, leaf: bytes) -> list[Tile]:
        """Add a leaf hash; gives the tiles that became full."""
        node, full = leaf, []
        self._level(0).append(leaf)
        merges = (self.size ^ (self.size + 1)).bit_length() - 1
        for height in range(1, merges + 1):
            node = node_hash(self.peaks.pop(), node)
            level, rest = divmod(height, _TILE_HEIGHT)
            if not rest:  # the tile of the level below is full, and `node` is its root
                full.append(self._take(level - 1, node))
                self._level(level).append(node)
        self.peaks.append(node)
        self.size += 1
        return full

    def _level(self, level: int) -> list[bytes]:
        if level == len(self.partial):
            self.partial.append([])
        return self.partial[level]

    def _take(self, level: int, root: bytes) -> Tile:
        hashes, self.partial[level] = self.partial[level], []
        return Tile(level, self.size >> (_TILE_HEIGHT * (level + 1)), root, b"".join(hashes))


def _split(count: int) -> int:
    """The largest power of two that is smaller than `count`, which is at least 2."""
    return 1 << ((count - 1).bit_length() - 1)


def _perfect_parts(first: int, end: int) -> Iterator[tuple[int, int]]:
    """Height and place of each perfect subtree in leaves `first` to `end`, from the left."""
    while first < end:
        fits = (end - first).bit_length() - 1
        height = min(fits, (first & -first).bit_length() - 1) if first else fits
        yield height, first >> height
        first += 1 << height
