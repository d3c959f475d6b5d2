"""What was seen: hashes of past inputs, so that copies are found when one is banked later.

A row is also the log of its changes, as with banked hashes: one that was forgotten stays for a
while, without its hashes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Engine, bindparam, delete, func, insert, select, update

from consentry.storage.database import now, storage_errors
from consentry.storage.schema import seen
from consentry.storage.sequences import Sequences

__all__ = ["MAX_HASHES", "SeenRow", "SeenStore"]

MAX_HASHES: Final = 4096
"""Hashes of one input, at most."""

_HASH_BYTES: Final = 32
_MARKED: Final = timedelta(days=7)  # an index that slept longer keeps what nobody resolves
_MANY: Final = 500
_LEAP: Final = 1_000_000
_HEAD: Final = select(func.coalesce(func.max(seen.c.sequence), 0))
_READ: Final = (
    select(seen.c.id, seen.c.sequence, seen.c.live, seen.c.hashes, seen.c.entries.label("frames"))
    .where(seen.c.sequence > bindparam("after"))
    .order_by(seen.c.sequence)
    .limit(bindparam("limit"))
)


@dataclass(frozen=True, slots=True)
class SeenRow:
    """One input that was decided on.

    Attributes:
        id: never given twice.
        decision_id: of the decision.
        stage: at which it was seen.
        at: ISO 8601, UTC.
        expires_at: the same; it is forgotten then.
    """

    id: int
    decision_id: str
    stage: str
    at: str
    expires_at: str


class SeenStore:
    """The table of what was seen."""

    def __init__(self, engine: Engine, sequences: Sequences) -> None:
        """Use the open database `engine`, and its counters."""
        self._engine = engine
        self._sequences = sequences
        self._leapt = False

    @property
    def identity(self) -> str:
        """Of the database and this log."""
        return f"{self._sequences.identity}:seen"

    def remember(self, decision_id: str, stage: str, hashes: bytes, expires_at: datetime) -> int:
        """Keep the hashes of an input until `expires_at` (aware); gives the number of the change.

        Args:
            decision_id: of the decision about it.
            stage: at which it was seen.
            hashes: 1 to 4,096 times 32 bytes: four big-endian uint64 each.
            expires_at: it is forgotten then.

        Raises:
            ValueError: there are no hashes, too many, or a part of one.
            StorageError: it could not be saved.
        """
        entries, rest = divmod(len(hashes), _HASH_BYTES)
        if rest or not 0 < entries <= MAX_HASHES:
            raise ValueError(f"hashes are 1 to {MAX_HASHES} times {_HASH_BYTES} bytes")
        row = {
            "decision_id": decision_id,
            "stage": stage,
            "at": now(),
            "expires_at": _iso(expires_at),
            "hashes": hashes,
            "entries": entries,
            "live": True,
        }
        self._leap()
        with self._sequences.changing("seen", durable=False) as change:
            numbered = {**row, "id": change.sequence, "sequence": change.sequence}
            change.connection.execute(insert(seen), numbered)
        return change.sequence

    def forget(self, decision_id: str) -> int:
        """Forget what was seen with a decision; gives how many inputs.

        Raises:
            StorageError: it could not be saved.
        """
        return self._withdraw(seen.c.decision_id == decision_id)

    def expire(self, at: datetime | None = None) -> int:
        """Forget what has expired; gives how many inputs.

        Raises:
            StorageError: it could not be saved.
        """
        when = at or datetime.now(UTC)
        count = self._withdraw(seen.c.expires_at <= _iso(when))
        self._clear(when)
        return count

    def decisions(self, seen_ids: Iterable[int]) -> dict[int, SeenRow]:
        """By id, those that are not forgotten and not expired.

        Raises:
            StorageError: the database could not be read.
        """
        ids, found = sorted(set(seen_ids)), {}
        moment = now()
        columns = (seen.c.id, seen.c.decision_id, seen.c.stage, seen.c.at, seen.c.expires_at)
        with storage_errors(), self._engine.connect() as connection:
            for start in range(0, len(ids), _MANY):
                query = select(*columns).where(
                    seen.c.id.in_(ids[start : start + _MANY]),
                    seen.c.live,
                    seen.c.expires_at > moment,
                )
                for row in connection.execute(query):
                    found[row.id] = SeenRow(*row)
        return found

    def last_sequence(self) -> int:
        """The number of the newest change.

        Raises:
            StorageError: the database could not be read.
        """
        with storage_errors(), self._engine.connect() as connection:
            return int(connection.execute(_HEAD).scalar() or 0)

    def read(self, after: int, limit: int) -> list[Any]:
        """Rows changed after a number: `id`, `sequence`, `live`, `hashes` (or None), `frames`.

        Raises:
            StorageError: the database could not be read.
        """
        with storage_errors(), self._engine.connect() as connection:
            return list(connection.execute(_READ, {"after": after, "limit": limit}).all())

    def _leap(self) -> None:
        """Once a process, go beyond every number that a loss of power may have taken back.

        Flushing each row would cost milliseconds an input. So the last rows may be lost, but not
        their numbers: an index that had them already would take the next ones for known.
        """
        if not self._leapt:
            with self._sequences.changing("seen") as change:
                change.take(_LEAP)
            self._leapt = True

    def _withdraw(self, which: ColumnElement[bool]) -> int:
        alive = select(func.count()).where(seen.c.live, which)
        with storage_errors(), self._engine.connect() as connection:
            if not connection.execute(alive).scalar():
                return 0  # the common case takes no lock
        self._leap()
        with self._sequences.changing("seen", durable=False) as change:
            base = change.sequence
            count = int(change.connection.execute(alive).scalar() or 0)
            change.take(count)
            change.connection.execute(_mark(base, which))
        return count

    def _clear(self, when: datetime) -> None:
        """Delete marks of what expired a week ago, but the newest row: it says where the log is."""
        old = seen.c.expires_at <= _iso(when - _MARKED)
        with storage_errors(), self._engine.begin() as connection:
            newest = _HEAD.scalar_subquery()
            connection.execute(delete(seen).where(~seen.c.live, old, seen.c.sequence < newest))


def _mark(base: int, which: ColumnElement[bool]) -> Any:  # noqa: ANN401  an update
    place = func.row_number().over(order_by=seen.c.id).label("place")
    ranked = select(seen.c.id.label("row"), place).where(seen.c.live, which).subquery()
    return (
        update(seen)
        .where(seen.c.id == ranked.c.row)
        .values(sequence=base + ranked.c.place, live=False, hashes=None)
    )


def _iso(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="microseconds")
