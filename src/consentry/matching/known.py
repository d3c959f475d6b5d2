"""What the banks say about the hashes that an index found, kept until a bank changes.

Whoever changes a bank or what is in it moves the counter `banks` in the same transaction. So what
was read may be believed while the counter stands where it stood before the reading. SQLite says in
microseconds that nobody wrote at all; else, and always on PostgreSQL, the counter is read. What
time alone decides (expiry, a time of rest) is not decided here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row

from consentry.matching.banks.coding import bank_of
from consentry.matching.banks.records import Bank, State
from consentry.storage import Storage
from consentry.storage.bank_signals import SignalRows

__all__ = ["Known", "KnownSignals"]

_KEPT: Final = 50_000
"""Hashes that are remembered, at most: some 200 bytes each."""


@dataclass(frozen=True, slots=True)
class Known:
    """A banked hash with its content and its bank.

    Attributes:
        type: of the hash.
        content_id: in the bank.
        state: of the content.
        case: link to the case that it was removed in, or None.
        disable_until, expires_at: ISO 8601, UTC, or None.
        bank: that it stands in.
    """

    type: str
    content_id: int
    state: State
    case: str | None
    disable_until: str | None
    expires_at: str | None
    bank: Bank


class _Shelf:
    """What was read while the counter stood at `change`; more is added by all threads."""

    def __init__(self, change: int) -> None:
        self.change = change
        self.signals: dict[int, Known | None] = {}
        self._banks: dict[Bank, Bank] = {}  # one of each, for all of its hashes

    def put(self, wanted: Iterable[int], rows: Iterable[Row[Any]]) -> None:
        """Note `rows`, and which of the `wanted` are in no bank any more."""
        read = {row.signal_id: self._known(row) for row in rows}
        self.signals |= {signal_id: read.get(signal_id) for signal_id in wanted}

    def _known(self, row: Row[Any]) -> Known:
        bank = bank_of(row)
        return Known(
            type=row.type,
            content_id=row.content_id,
            state=row.state,
            case=row.case_link,
            disable_until=row.disable_until,
            expires_at=row.expires_at,
            bank=self._banks.setdefault(bank, bank),
        )


class KnownSignals:
    """Banked hashes by id. Safe to use from several threads."""

    def __init__(self, storage: Storage) -> None:
        """Read from `storage`, when asked."""
        self._storage = storage
        self._last: tuple[int | None, _Shelf] = (None, _Shelf(-1))

    def of(self, signal_ids: Collection[int]) -> Mapping[int, Known | None]:
        """What is known now about each of `signal_ids`; None: nothing, it was taken out.

        The mapping may have more than was asked for.

        Raises:
            StorageError: the database cannot be read.
        """
        shelf = self._valid()
        missing = {one for one in signal_ids if one not in shelf.signals}
        if missing:
            if len(shelf.signals) + len(missing) > _KEPT:
                shelf = self._keep(None, _Shelf(shelf.change))
                missing = set(signal_ids)
            with self._storage.reading() as connection:
                shelf.put(missing, SignalRows.resolve(connection, missing))
        return shelf.signals

    def _valid(self) -> _Shelf:
        """What may be believed at this moment, maybe nothing yet."""
        version, shelf = self._last
        now = (
            self._storage.watch.version()
        )  # before the counter: a change meanwhile shows next time
        if now is not None and now == version:
            return shelf
        change = self._storage.sequences.head("banks")
        return self._keep(now, shelf if shelf.change == change else _Shelf(change))

    def _keep(self, version: int | None, shelf: _Shelf) -> _Shelf:
        self._last = (version, shelf)
        return shelf
