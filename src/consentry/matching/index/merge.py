"""Writing segments: from the delta and small old segments, or from the whole log.

Whoever calls this holds the index's lock file. Readers, here and in other processes, go on with
the files they have mapped; the system keeps a deleted file for as long as it is mapped.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from consentry.matching.index.files import TEMPORARY
from consentry.matching.index.log import ChangeLog, Changes
from consentry.matching.index.manifest import Listed, Manifest, write_dead
from consentry.matching.index.segment import Layout, build_segment
from consentry.matching.index.view import LiveSegment

__all__ = ["Snapshot", "Writing", "merge", "rebuild", "sweep"]

Ids = NDArray[np.uint64]
Words = NDArray[np.uint64]

_ABSORB = 4  # a segment up to four times as large as what is being written is written with it
_MOST_DEAD = 4  # a segment of which more than a quarter is dead is written anew


@dataclass(frozen=True, slots=True)
class Writing:
    """How segments are written.

    Attributes:
        layout: of large segments.
        compact_from: segments with fewer entries are always `fast`.
        threads: that build tables at the same time.
        batch: changes read from the log at a time.
    """

    layout: Layout = "fast"
    compact_from: int = 2_000_000
    threads: int = 1
    batch: int = 65_536

    def layout_for(self, entries: int) -> Layout:
        """The layout of a segment with so many entries."""
        return self.layout if entries >= self.compact_from else "fast"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a view held at one change: the material of a merge.

    Attributes:
        log: identity of the log.
        sequence: the change.
        entry_ids: of the delta's live entries, rising.
        hashes: theirs.
        segments: each with a copy of its dead bits.
    """

    log: str
    sequence: int
    entry_ids: Ids
    hashes: Words
    segments: tuple[tuple[LiveSegment, NDArray[np.uint8]], ...]


def merge(
    folder: Path, snapshot: Snapshot, writing: Writing, *, thorough: bool = False
) -> Manifest:
    """Write the delta, and the segments that are small or mostly dead beside it, as one segment.

    With `thorough`, every segment with a dead row is written anew, so that no file holds what was
    taken away. Gives the manifest, already in force.
    """
    absorbed, kept = _plan(snapshot, 0 if thorough else 1)
    listed = [_keep(folder, live, dead) for live, dead in kept]
    parts = [(snapshot.entry_ids, snapshot.hashes)]
    parts += [_living(live, dead) for live, dead in absorbed]
    entry_ids, hashes = _in_order(parts)
    if len(entry_ids):
        listed.append(_write(folder, snapshot.sequence, entry_ids, hashes, writing))
    manifest = Manifest(snapshot.log, snapshot.sequence, tuple(listed))
    manifest.write(folder)
    return manifest


_Pair = tuple[LiveSegment, NDArray[np.uint8]]


def _plan(snapshot: Snapshot, patience: int) -> tuple[list[_Pair], list[_Pair]]:
    """Which segments are written anew and which are kept; without patience, all with dead rows."""
    absorbed: list[_Pair] = []
    kept: list[_Pair] = []
    size = len(snapshot.entry_ids)
    for live, dead in sorted(snapshot.segments, key=lambda pair: len(pair[0].segment)):
        total, gone = len(live.segment), int(np.bitwise_count(dead).sum())
        if total - gone <= _ABSORB * size or gone * _MOST_DEAD > total * patience:
            absorbed.append((live, dead))
            size += total - gone
        else:
            kept.append((live, dead))
    return absorbed, kept


def _keep(folder: Path, live: LiveSegment, dead: NDArray[np.uint8]) -> Listed:
    if int(np.bitwise_count(dead).sum()) == live.written_dead:
        return live.listed
    name, digest = write_dead(folder, dead)
    return replace(live.listed, dead_file=name, dead_sha256=digest)


def _living(live: LiveSegment, dead: NDArray[np.uint8]) -> tuple[Ids, Words]:
    count = len(live.segment)
    alive = np.unpackbits(dead, count=count, bitorder="little") == 0
    return live.segment.entry_ids(alive), live.segment.hashes[alive]


def _in_order(parts: Sequence[tuple[Ids, Words]]) -> tuple[Ids, Words]:
    entry_ids = np.concatenate([ids for ids, _ in parts])
    hashes = np.concatenate([words for _, words in parts])
    order = np.argsort(entry_ids, kind="stable")
    return entry_ids[order], hashes[order]


def _write(folder: Path, sequence: int, entry_ids: Ids, hashes: Words, writing: Writing) -> Listed:
    name = f"segment-{sequence:016x}-{secrets.token_hex(4)}.bin"
    layout = writing.layout_for(len(entry_ids))
    build_segment(folder / name, entry_ids, hashes, layout, writing.threads)
    return Listed(name, len(entry_ids))


def rebuild(folder: Path, log: ChangeLog, writing: Writing) -> Manifest:
    """Write everything anew from the log; gives the manifest, already in force.

    Raises:
        ConsentryError: the log cannot be read.
    """
    parts: list[Changes] = []
    sequence = 0
    while len(changes := log.read(sequence, writing.batch)):
        parts.append(changes)
        sequence = int(changes.sequences[-1])
    final = Changes.joined(parts).last_of_each()
    parts.clear()
    if final.removed.any():
        final = final.where(~final.removed)
    listed: tuple[Listed, ...] = ()
    if len(final):
        # Nobody can be answered before this is done, so it may have every processor.
        hurried = replace(writing, threads=max(writing.threads, os.cpu_count() or 1))
        listed = (_write(folder, sequence, final.entry_ids, final.hashes, hurried),)
    manifest = Manifest(log.identity, sequence, listed)
    manifest.write(folder)
    return manifest


def sweep(folder: Path, manifest: Manifest) -> None:
    """Delete files that the manifest does not name: replaced ones, and those of dead writers."""
    named = manifest.files()
    for pattern in ("segment-*.bin", "dead-*.bits", f"*{TEMPORARY}"):
        for path in folder.glob(pattern):
            if path.name not in named:
                path.unlink(missing_ok=True)
