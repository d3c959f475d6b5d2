"""Checking a whole log against everything that is known of it: what `consentry ledger verify` does.

Every entry is hashed again, every tile compared, every record opened, every decision held against
its entry. Each fault is one sentence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection

from consentry.config import Settings
from consentry.errors import ConsentryError, LedgerDamagedError, StorageError
from consentry.ledger.checkpoint import LogKey, genuine
from consentry.ledger.checkpoint_file import CheckpointFile
from consentry.ledger.entry import Entry, Opening, canonical, decision_payload, unseal
from consentry.ledger.merkle import Frontier, Tile
from consentry.ledger.opening import check_start, load_key
from consentry.ledger.verify import Checkpoint, leaf_hash
from consentry.storage import Storage
from consentry.storage.decisions import COLUMNS

__all__ = ["audit"]

_MANY: Final = 500
_LAST: Final = "last."


def audit(settings: Settings, storage: Storage) -> Iterator[str]:
    """Every fault of the log, each as one sentence; none if it is whole.

    It reads everything: about 20,000 entries a second, and one bit of memory for each.
    """
    file = CheckpointFile(storage.home)
    try:
        key = load_key(settings, storage, file)
        check_start(storage, key, file)
        with storage.ledger.reading() as connection:
            work = _Audit(storage, connection, key)
            yield from work.checkpoints(file)
            yield from work.entries()
            yield from work.tiles_left()
            yield from work.state()
        yield from work.decisions()
    except ConsentryError as error:
        yield error.message


class _Audit:
    """The state of one audit."""

    def __init__(self, storage: Storage, connection: Connection, key: LogKey) -> None:
        self._storage = storage
        self._store = storage.ledger
        self._connection = connection
        self._key = key
        self._size = self._store.size(connection)
        self._roots: dict[int, list[Checkpoint]] = {}
        self._erased: set[int] = set()  # entries that have no payload any more
        self._said_erased: set[int] = set()  # entries of which an erasure says so
        self._last: dict[str, int] = {}  # kind to the index of its last entry
        self._owed = bytearray()  # a bit for each decision that must still be found
        self._began = "9999"  # when the first entry was made
        self._counts = self._store.tile_counts(connection)

    def checkpoints(self, file: CheckpointFile) -> Iterator[str]:
        """Checkpoints that are not genuine, or of a larger log."""
        kept = file.read(self._key.public)
        found = [] if kept is None else [kept]
        for row in self._store.checkpoints(self._connection):
            one = genuine(row.note, self._key.public)
            found.append(one)
            if one.size != row.size or row.cosigned != (len(one.signatures) > 1):
                yield f"The checkpoint of size {row.size} is not filed as it should be."
        said = self._store.state(self._connection).get("cosigned")
        notes = [row.note for row in self._store.checkpoints(self._connection) if row.cosigned]
        if [sha256(one.encode()).hexdigest() for one in notes] != [said] * (said is not None):
            yield "The checkpoint that witnesses signed is not the one that was taken in."
        for one in found:
            self._roots.setdefault(one.size, []).append(one)
            if one.size > self._size:
                yield f"A checkpoint was signed for {one.size} entries; there are {self._size}."

    def entries(self) -> Iterator[str]:
        """Entries that are missing or altered, and records that do not open."""
        edge = Frontier()
        yield from self._compare_root(edge)
        self._owed = bytearray(self._size // 8 + 1)
        while edge.size < self._size:
            records = self._store.records(self._connection, edge.size, _MANY)
            if not records:
                yield f"The log ends at {edge.size} entries; {self._size} were appended."
                return
            for record in records:
                if edge.size < self._size:
                    yield from self._entry(record, edge)
        for index in sorted(self._erased ^ self._said_erased):
            yield f"What entry {index} committed to is gone, or is there, against the log's word."

    def _entry(self, record: Any, edge: Frontier) -> Iterator[str]:  # noqa: ANN401  a row
        if record.id != edge.size:
            raise LedgerDamagedError(f"Entry {edge.size} is missing.")
        try:
            entry = Entry.parse(record.entry)
            self._last[entry.kind] = record.id
            self._began = min(self._began, entry.time)
            self._open(record, entry)
        except (LedgerDamagedError, StorageError) as error:
            yield f"Entry {record.id}: {error.message}"
        for tile in edge.append(leaf_hash(record.entry)):
            yield from self._tile(tile)
        yield from self._compare_root(edge)

    def _open(self, record: Any, entry: Entry) -> None:  # noqa: ANN401  a row
        if (record.sealed is None) != (record.wrapped_key is None):
            raise LedgerDamagedError("Half of its record is missing.")
        if record.sealed is None:
            self._erased.add(record.id)
            return
        opening = unseal(self._storage.vault, entry, record.sealed, record.wrapped_key)
        if opening.payload is None:
            self._owed[record.id // 8] |= 1 << record.id % 8
        elif not opening.fits(entry.commitment):
            raise LedgerDamagedError("It commits to another payload.")
        elif entry.kind == "erasure":
            self._said_erased |= set(json.loads(opening.payload)["erased"])

    def _compare_root(self, edge: Frontier) -> Iterator[str]:
        for checkpoint in self._roots.get(edge.size, ()):
            if edge.root() != checkpoint.root:
                yield f"The first {edge.size} entries are not those that were signed for."

    def _tile(self, tile: Tile) -> Iterator[str]:
        rows = self._store.tiles(self._connection, tile.level, tile.number, 1)
        self._counts[tile.level] = self._counts.get(tile.level, 0) - 1
        if not rows or rows[0].number != tile.number:
            yield f"Tile {tile.number} of level {tile.level} is missing."
        elif (bytes(rows[0].root), bytes(rows[0].hashes)) != (tile.root, tile.hashes):
            yield f"Tile {tile.number} of level {tile.level} was altered."

    def tiles_left(self) -> Iterator[str]:
        """Tiles that stand for nothing."""
        with self._store.reading() as connection:
            quiet = self._store.size(connection) == self._size
        if quiet and any(self._counts.values()):
            yield "There are tiles that no entries stand behind."

    def state(self) -> Iterator[str]:
        """Pointers to the last entries of some kinds that point elsewhere."""
        state = self._store.state(self._connection)
        for name, value in state.items():
            kind = name.removeprefix(_LAST)
            if name.startswith(_LAST) and str(self._last.get(kind)) != value:
                yield f"The note of the last entry of the kind {kind} is wrong."
        for kind in ("policy", "models"):
            if kind in self._last and _LAST + kind not in state:
                yield f"The note of the last entry of the kind {kind} is gone."

    def decisions(self) -> Iterator[str]:
        """Decisions that are not what their entries commit to, or have no entry, or are gone."""
        last = ""
        while rows := self._storage.decisions.rows(last, _MANY):
            last = rows[-1].id
            for row in rows:
                if not self._is_logged(row):
                    yield f"Decision {row.id} is not what its entry in the log commits to."
        for index in range(self._size):
            if self._owed[index // 8] >> index % 8 & 1:
                yield f"The decision of entry {index} is gone."

    def _is_logged(self, row: Any) -> bool:  # noqa: ANN401  a row of decisions
        document = row.document
        if not isinstance(document, dict):
            return False
        receipt = document.get("receipt")
        same = all(document.get(name) == getattr(row, name) for name in COLUMNS)
        if receipt is None:  # right for one that was made before there was a log
            return same and str(row.created_at)[:19] <= self._began[:19]
        if not re.fullmatch(r"[0-9]{1,18}", str(receipt)):
            return False
        index = int(receipt)
        return index >= self._size or (self._fits(document, index) and same)

    def _fits(self, document: dict[str, Any], index: int) -> bool:
        self._owed[index // 8] &= ~(1 << index % 8)
        with self._store.reading() as connection:
            (record,) = self._store.records(connection, index, 1)
        if record.sealed is None or record.wrapped_key is None:
            return False
        entry = Entry.parse(record.entry)
        opening = unseal(self._storage.vault, entry, record.sealed, record.wrapped_key)
        return Opening(opening.salt, canonical(decision_payload(document))).fits(entry.commitment)
