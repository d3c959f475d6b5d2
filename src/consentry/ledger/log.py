"""`Log`: what is appended here stays, and everybody can check that it did.

`public` is the part of it that everybody may read.

index = log.append("consent", {"receipt": "…", "person": "…"}, also=save_the_receipt)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Self, TypeAlias

from sqlalchemy import Connection

from consentry.config import Settings
from consentry.errors import LedgerDamagedError, LedgerError, NotFoundError, ProofError
from consentry.ledger.checkpoint import witness_keys
from consentry.ledger.checkpoint_file import CheckpointFile
from consentry.ledger.entry import KINDS, Entry, Kind, Opening, SealedEntry, canonical, seal, unseal
from consentry.ledger.group import Group
from consentry.ledger.merkle import Frontier, TileTree
from consentry.ledger.notary import Notary
from consentry.ledger.opening import check_start, load_key
from consentry.ledger.proof import proof_text
from consentry.ledger.publishing import Published
from consentry.ledger.tiles import reader
from consentry.ledger.verify import leaf_hash
from consentry.storage import Storage

__all__ = ["Also", "Log"]

Also: TypeAlias = Callable[[Connection, int], None]
"""Writes through the connection what belongs to the entry with this index."""

_NEAR: Final = 256  # entries of another process that are caught up one by one


@dataclass(slots=True)
class _Item:
    """One entry on its way into the log."""

    sealed: SealedEntry
    also: Also | None
    durable: bool
    index: int = -1


class Log:
    """The tamper-evident log of one installation; threads and processes may share it."""

    def __init__(self, storage: Storage, public: Published, frontier: Frontier) -> None:
        """Use `Log.open`; this only keeps the parts."""
        self.public = public
        self._storage = storage
        self._store = storage.ledger
        self._vault = storage.vault
        self._frontier = frontier
        self._group: Group[_Item] = Group(self._commit)
        self._notary = Notary(public.checkpoint)

    @classmethod
    def open(cls, settings: Settings, storage: Storage) -> Self:
        """Open the log of an installation, begun if there was none; milliseconds at any size.

        Raises:
            LedgerDamagedError: it was altered or cut short: the system must not run.
            StorageError: its key or the database cannot be used.
            ConfigError: the settings under `[ledger]` do not fit it.
        """
        file = CheckpointFile(storage.home)
        key = load_key(settings, storage, file)
        frontier = check_start(storage, key, file)
        public = Published(storage.ledger, key, file, witness_keys(settings.ledger.witnesses))
        return cls(storage, public, frontier)

    def close(self) -> None:
        """Sign a last checkpoint if there is something new. The storage stays open."""
        self._notary.close()

    def check(self) -> None:
        """Say whether the log does its work.

        Raises:
            LedgerError: entries cannot be signed for; or what stood in the way.
        """
        if self._notary.failure is not None:
            raise LedgerError(f"The log cannot be signed: {self._notary.failure.message}")

    def append(
        self,
        kind: Kind,
        payload: Mapping[str, Any],
        *,
        also: Also | None = None,
        keep: bool = True,
        durable: bool = True,
    ) -> int:
        """Append one entry; when this returns it is in the log, and what it is about may happen.

        What `also` writes and the entry are one transaction: either both are there or neither.
        So append *instead of* opening a transaction of your own, and write your rows in `also`:

            index = log.append("enrolment", {"person": person_id, "templates": 3},
                               also=lambda connection, index: people.insert(connection, ...))

        Calls of several threads join into one commit. Nobody else reads your rows before it.

        Args:
            kind: what it is about, readable by everybody.
            payload: what the entry commits to, as JSON would have it. It is kept encrypted under a
                key of its own until `erase`. Name things by their ids; put in what a dispute would
                turn on, and no picture, template or name.
            also: called with the connection and the index. It writes through the connection only,
                does not commit, is quick (others wait), and may be called again if another entry
                of the same commit failed. What it raises is raised here, and nothing was appended.
            keep: False if the payload is kept elsewhere and is handed in again for a proof; then
                only the salt is kept here.
            durable: wait until it is on the disk (on SQLite about one flush, shared by all who
                wait). Without it a loss of power may take it, together with what `also` wrote.

        Returns:
            The index, from 0, without gaps: the id of the receipt. `prove` makes its proof.

        Raises:
            ValueError: the kind is none of `Kind`, or the payload is not JSON.
            LedgerDamagedError: the log was altered while it was open.
            StorageError: it could not be written; then it is not in the log.
        """
        if kind not in KINDS:
            raise ValueError(f"no entry of the log is of the kind {kind}")
        item = _Item(seal(self._vault, kind, canonical(payload), keep=keep), also, durable)
        self._group.run(item)
        self._notary.wake()
        return item.index

    def append_change(self, kind: Kind, payload: Mapping[str, Any]) -> int:
        """Append an entry only if it says something else than the last that came this way.

        Returns:
            The index of the entry that says it.

        Raises:
            LedgerDamagedError: the last one is not where it should be.
            StorageError: it could not be written.
        """
        with self._store.reading() as connection:
            last = self._store.state(connection).get(f"last.{kind}")
        if last is not None:
            index = int(last)
            opening = self._open(self._record(index))
            if opening is not None and opening.payload == canonical(payload):
                return index

        def remember(connection: Connection, index: int) -> None:
            self._store.set_state(connection, f"last.{kind}", str(index))

        return self.append(kind, payload, also=remember)

    def erase(
        self, indexes: Sequence[int], payload: Mapping[str, Any], *, also: Also | None = None
    ) -> int:
        """Destroy what entries committed to; the entries, and so the tree, stay as they are.

        An entry of the kind `erasure` with `payload` and the indexes says so, in the same
        transaction. Afterwards nobody can open them again, with a backup of the keys neither.
        What `also` writes is in that transaction too, as with `append`.

        Returns:
            The index of that entry: the receipt of the erasure.

        Raises:
            NotFoundError: one of them is not in the log.
            ValueError: one of them is itself an erasure, which must stay readable.
            StorageError: it could not be done.
        """
        for index in indexes:
            if self.entry(index).kind == "erasure":
                raise ValueError("an erasure cannot be erased")
        chosen = sorted(set(indexes))

        def shred(connection: Connection, index: int) -> None:
            self._store.shred(connection, chosen)
            if also is not None:
                also(connection, index)

        receipt = self.append("erasure", {**payload, "erased": chosen}, also=shred)
        self._store.forget_pages()
        return receipt

    def size(self) -> int:
        """How many entries there are.

        Raises:
            StorageError: the database could not be read.
        """
        with self._store.reading() as connection:
            return self._store.size(connection)

    def entry(self, index: int) -> Entry:
        """What everybody can read of an entry.

        Raises:
            NotFoundError: there is none with this index.
            StorageError: the database could not be read.
        """
        return Entry.parse(self._record(index).entry)

    def payload(self, index: int) -> bytes | None:
        """The bytes that an entry commits to; None if they were erased, or are kept elsewhere.

        Raises:
            NotFoundError: there is none with this index.
            StorageError: the database could not be read, or the record was altered.
        """
        opening = self._open(self._record(index))
        return None if opening is None else opening.payload

    def prove(
        self, index: int, payload: Mapping[str, Any] | None = None, *, bare: bool = False
    ) -> str:
        """The proof that an entry is in the log, as a `.tlog-proof` file; it holds the payload.

        Args:
            index: of the entry.
            payload: that it was appended with, if the log does not keep it.
            bare: leave the payload out.

        Raises:
            NotFoundError: there is none with this index.
            ProofError: the entry commits to another payload than this.
            StorageError: the database could not be read.
        """
        record = self._record(index)
        opening = None if bare else self._open(record)
        if opening is not None and opening.payload is None:
            opening = None if payload is None else Opening(opening.salt, canonical(payload))
        if opening is not None and not opening.fits(Entry.parse(record.entry).commitment):
            raise ProofError(f"Entry {index} of the log commits to something else.")
        note, path = self.public.inclusion(index)
        return proof_text(index, record.entry, path, note, opening)

    def _commit(self, items: Sequence[_Item]) -> None:
        durable = any(item.durable for item in items)
        with self._store.appending(len(items), durable=durable) as (connection, first):
            edge = self._edge(connection, first)
            tiles = [tile for item in items for tile in edge.append(leaf_hash(item.sealed.entry))]
            self._store.insert(connection, [_row(first + at, i) for at, i in enumerate(items)])
            self._store.insert_tiles(connection, [asdict(tile) for tile in tiles])
            for at, item in enumerate(items):
                item.index = first + at
                if item.also is not None:
                    item.also(connection, item.index)
        self._frontier = edge

    def _edge(self, connection: Connection, size: int) -> Frontier:
        """The edge of the log at `size`, which other processes may have moved on."""
        edge = self._frontier.copy()
        if size < edge.size:
            raise LedgerDamagedError(f"The log had {edge.size} entries and now has {size}.")
        if size - edge.size > _NEAR:
            return Frontier.of(TileTree(size, reader(self._store, connection)))
        missed = size - edge.size
        entries = self._store.entries(connection, edge.size, missed) if missed else []
        if len(entries) != missed:
            raise LedgerDamagedError("Entries of the log are missing.")
        for entry in entries:
            edge.append(leaf_hash(entry))
        return edge

    def _record(self, index: int) -> Any:  # noqa: ANN401  a row of log_entries
        rows: Sequence[Any] = ()
        if index >= 0:
            with self._store.reading() as connection:
                rows = self._store.records(connection, index, 1)
        if not rows or rows[0].id != index:
            raise NotFoundError(f"The log has no entry {index}.")
        return rows[0]

    def _open(self, record: Any) -> Opening | None:  # noqa: ANN401  a row of log_entries
        if record.sealed is None or record.wrapped_key is None:
            return None
        return unseal(self._vault, Entry.parse(record.entry), record.sealed, record.wrapped_key)


def _row(index: int, item: _Item) -> dict[str, Any]:
    sealed = item.sealed
    return {
        "id": index,
        "entry": sealed.entry,
        "sealed": sealed.sealed,
        "wrapped_key": sealed.wrapped_key,
    }
