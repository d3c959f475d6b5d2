"""The public part of the log: signed checkpoints, tiles, and the proofs that lead to them.

Only what a checkpoint was signed for is given out, and it is signed only when it is on the disk.
"""

from __future__ import annotations

from collections.abc import Sequence

from consentry.errors import LedgerDamagedError, NotFoundError, ProofError
from consentry.ledger.checkpoint import LogKey, genuine, join_cosignatures
from consentry.ledger.checkpoint_file import CheckpointFile
from consentry.ledger.merkle import Edge, TileTree
from consentry.ledger.opening import matches
from consentry.ledger.tiles import ENTRIES, TilePath, bundle, reader
from consentry.ledger.verify import Checkpoint, Key, parse_checkpoint
from consentry.storage.ledger import LedgerStore

__all__ = ["Published"]


class Published:
    """What everybody may see of a log."""

    def __init__(
        self, store: LedgerStore, key: LogKey, file: CheckpointFile, witnesses: Sequence[Key]
    ) -> None:
        """Use `Log.open`; this only keeps the parts."""
        self._store = store
        self._key = key
        self._file = file
        self._witnesses = witnesses
        self._edge: tuple[int, Edge] = (0, {})  # of the tree that was last asked for

    @property
    def verifier(self) -> str:
        """The public key, one line: give it to whoever is to check the log."""
        return self._key.public.text()

    @property
    def origin(self) -> str:
        """The name of the log, and so of the installation."""
        return self._key.public.name

    def newest(self) -> str:
        """The newest signed checkpoint.

        Raises:
            StorageError: the database could not be read.
        """
        with self._store.reading() as connection:
            return self._store.newest_checkpoint(connection)

    def checkpoint(self) -> str:
        """A signed checkpoint over everything that was appended before, which is on the disk now.

        Raises:
            LedgerDamagedError: the log does not continue what was signed before.
            StorageError: it could not be written.
        """
        with self._store.reading() as connection:
            note = self._store.newest_checkpoint(connection)
            size = self._store.size(connection)
        if size != self._read(note).size:
            note = self._sign()
        self._file.write(note, self._key.public)
        return note

    def take_cosigned(self, note: str) -> list[str]:
        """Keep a checkpoint of this log that witnesses have signed; gives their names.

        Raises:
            ProofError: it is not ours, contradicts the log, or no known witness signed it.
            StorageError: it could not be written.
        """
        joined, names = join_cosignatures(note, self._key.public, self._witnesses)
        checkpoint = parse_checkpoint(joined)
        with self._store.sealing() as connection:
            tree = TileTree(self._store.size(connection), reader(self._store, connection))
            _same_log(tree, checkpoint)
            self._store.save_checkpoint(connection, checkpoint.size, joined, cosigned=True)
        return names

    def tile(self, path: TilePath) -> bytes:
        """A tile or a bundle of entries, as far as a checkpoint was signed for it.

        Raises:
            NotFoundError: there is none, or not yet.
            StorageError: the database could not be read.
        """
        with self._store.reading() as connection:
            newest = self._read(self._store.newest_checkpoint(connection))
            if not path.within(newest.size):
                raise NotFoundError("The log has no such tile.")
            if path.level == ENTRIES:
                return bundle(self._store, connection, path.number, path.width)
            read = reader(self._store, connection)
            return b"".join(read(path.level, path.number, path.width))

    def inclusion(self, index: int) -> tuple[str, list[bytes]]:
        """A checkpoint that covers an entry, and the path from the entry to its root.

        The newest that witnesses have signed is taken, if one covers it.

        Raises:
            StorageError: the database could not be read or written.
        """
        if index >= parse_checkpoint(self.newest()).size:
            self.checkpoint()
        with self._store.reading() as connection:
            kept = [one for one in self._store.checkpoints(connection) if one.size > index]
            best = max(kept, key=lambda one: (one.cosigned, one.size))
            size = self._read(best.note).size
            edge = self._edge  # once: another thread may ask for another tree
            if edge[0] != size:
                edge = self._edge = (size, {})
            tree = TileTree(size, reader(self._store, connection), edge[1])
            return str(best.note), tree.inclusion(index, size)

    def growth(self, old_note: str) -> tuple[str, list[bytes]]:
        """The newest checkpoint, and the proof that its log begins with an earlier one's.

        Raises:
            ProofError: the earlier one is not ours, or contradicts the log.
            StorageError: the database could not be read or written.
        """
        note = self.checkpoint()
        size = self._read(note).size
        try:
            old = self._read(old_note)
        except LedgerDamagedError as error:
            raise ProofError("The earlier checkpoint is not of this log.") from error
        with self._store.reading() as connection:
            tree = TileTree(size, reader(self._store, connection))
            _same_log(tree, old)
            return note, tree.consistency(old.size, size)

    def _sign(self) -> str:
        with self._store.sealing() as connection:
            size = self._store.size(connection)
            note = self._store.newest_checkpoint(connection)
            before = self._read(note)
            if size != before.size:
                tree = TileTree(size, reader(self._store, connection))
                matches(tree, before, "the database")
                note = self._key.sign(size, tree.root())
                self._store.save_checkpoint(connection, size, note, cosigned=False)
        return note

    def _read(self, note: str) -> Checkpoint:
        return genuine(note, self._key.public)


def _same_log(tree: TileTree, checkpoint: Checkpoint) -> None:
    try:
        matches(tree, checkpoint, "your hands")
    except LedgerDamagedError as error:
        raise ProofError(error.message) from error
