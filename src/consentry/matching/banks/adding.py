"""How hashes get into a bank: one content at once, or millions that appear together.

An import is staged in small transactions, so that nobody waits for it, and nobody sees it. One
short transaction at its end gives its rows their numbers: then all of it is there. A process that
dies before leaves rows that nobody sees; `forget_abandoned` deletes them a day later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from consentry.errors import (
    BankFormError,
    BankRuleError,
    BankUnknownError,
    SignalError,
    StorageError,
)
from consentry.matching.banks.coding import Coder, iso
from consentry.matching.banks.forms import check_content
from consentry.matching.banks.records import Added, AddedMany, Bank, NewContent
from consentry.matching.banks.values import pack
from consentry.matching.signals.contract import Signal
from consentry.storage import Storage
from consentry.storage.bank_signals import SignalRows
from consentry.storage.banks import BankRows, ContentRows
from consentry.storage.database import now
from consentry.storage.sequences import Change, Counter

__all__ = ["Intake"]

_CHUNK: Final = 5_000
_ABANDONED: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Staged:
    """Ids of rows that were staged together."""

    contents: range
    signals: range


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of contents and of their hashes, ready to be written."""

    staged: _Staged
    contents: list[dict[str, Any]]
    signals: list[dict[str, Any]]

    def insert(self, connection: Connection) -> None:
        ContentRows.insert(connection, self.contents)
        SignalRows.insert(connection, self.signals)


class Intake:
    """Adds to banks."""

    def __init__(self, storage: Storage, coder: Coder) -> None:
        """Write to `storage`, as `coder` writes."""
        self._storage = storage
        self._coder = coder

    def add(self, bank: Bank, new: NewContent) -> Added:
        """Bank one content; errors as `Banks.add` says."""
        check_content(bank, new)
        rows = self._prepare(bank, [new])
        with self._storage.sequences.changing("banks") as change:
            _still_there(change.connection, bank)
            rows.insert(change.connection)
            _show(change, rows.staged)
        return Added(rows.staged.contents[0], tuple(rows.staged.signals), change.sequence)

    def extend(
        self,
        content_row: Callable[[Connection, Bank, int], Any],
        bank: Bank,
        content_id: int,
        signals: Sequence[Signal],
    ) -> Added:
        """Add hashes to a content that `content_row` finds; errors as `Banks.add_signals` says."""
        if not signals:
            raise BankFormError("There is no hash to bank.")
        rows, ids = self._signal_rows(bank, [(content_id, signals)])
        with self._storage.sequences.changing("banks") as change:
            content_row(change.connection, bank, content_id)
            SignalRows.insert(change.connection, rows)
            _show_signals(change, ids)
        return Added(content_id, tuple(ids), change.sequence)

    def add_many(
        self, bank: Bank, items: Iterable[NewContent], progress: Callable[[int], None] | None
    ) -> AddedMany:
        """Bank many contents; errors as `Banks.add_many` says."""
        staged: list[_Staged] = []
        try:
            for taken, chunk in _chunks(items):
                rows = self._prepare_checked(bank, chunk, taken)
                with self._storage.sequences.changing("banks.rows", durable=False) as change:
                    rows.insert(change.connection)
                staged.append(rows.staged)
                if progress is not None:
                    progress(taken + len(chunk))
            sequence = self._show_all(bank, staged)
        except BaseException:
            self._discard(staged)
            raise
        contents = tuple(part.contents for part in staged)
        return AddedMany(contents, sum(len(part.signals) for part in staged), sequence)

    def forget_abandoned(self, at: datetime) -> None:
        """Delete what imports staged more than a day ago and never showed."""
        before = iso(at - _ABANDONED) or ""
        while True:
            with self._storage.sequences.changing("banks.rows", durable=False) as change:
                ids = ContentRows.abandoned(change.connection, before, 1000)
                if not ids:
                    return
                SignalRows.discard_of(change.connection, ids)
                ContentRows.delete(change.connection, ids)

    def _prepare_checked(self, bank: Bank, chunk: Sequence[NewContent], before: int) -> _Rows:
        _check_all(bank, chunk, before)
        try:
            return self._prepare(bank, chunk)
        except SignalError as error:
            raise _named(chunk, before, error) from error

    def _prepare(self, bank: Bank, items: Sequence[NewContent]) -> _Rows:
        """Rows that nobody can see, made before any lock is held."""
        at = now()
        # A counter of their own: HMA's clients expect contents to be numbered 1, 2, 3.
        ids = self._ids("banks.contents", len(items))
        pairs = list(zip(ids, items, strict=True))
        contents = [self._coder.content_row(bank, number, new, at) for number, new in pairs]
        signals, signal_ids = self._signal_rows(bank, [(n, new.signals) for n, new in pairs])
        return _Rows(_Staged(ids, signal_ids), contents, signals)

    def _signal_rows(
        self, bank: Bank, items: Sequence[tuple[int, Sequence[Signal]]]
    ) -> tuple[list[dict[str, Any]], range]:
        ids = self._ids("banks.rows", sum(len(signals) for _, signals in items))
        flat = ((content_id, signal) for content_id, signals in items for signal in signals)
        rows = [
            self._coder.signal_row(bank, content_id, number, signal)
            for number, (content_id, signal) in zip(ids, flat, strict=True)
        ]
        return rows, ids

    def _ids(self, counter: Counter, count: int) -> range:
        """So many ids that nobody else gets."""
        with self._storage.sequences.changing("banks.rows", durable=False) as change:
            last = change.ids(counter, count)
        return range(last - count + 1, last + 1)

    def _show_all(self, bank: Bank, staged: Sequence[_Staged]) -> int:
        with self._storage.sequences.changing("banks") as change:
            _still_there(change.connection, bank)
            for part in staged:
                _show(change, part)
        return change.sequence

    def _discard(self, staged: Sequence[_Staged]) -> None:
        for part in staged:
            with self._storage.sequences.changing("banks.rows", durable=False) as change:
                SignalRows.discard(change.connection, part.signals[0], part.signals[-1])
                ContentRows.delete(change.connection, part.contents)


def _chunks(items: Iterable[NewContent]) -> Iterator[tuple[int, list[NewContent]]]:
    """Parts of `items`, each with how many came before it."""
    chunk: list[NewContent] = []
    before = signals = 0
    for item in items:
        chunk.append(item)
        signals += len(item.signals)
        if max(len(chunk), signals) >= _CHUNK:
            yield before, chunk
            before, signals, chunk = before + len(chunk), 0, []
    if chunk:
        yield before, chunk


def _check_all(bank: Bank, chunk: Sequence[NewContent], before: int) -> None:
    for place, new in enumerate(chunk, start=before + 1):
        try:
            check_content(bank, new)
        except (BankFormError, BankRuleError) as error:
            raise type(error)(f"Item {place}: {error.message}", hint=error.hint) from error


def _named(chunk: Sequence[NewContent], before: int, error: SignalError) -> SignalError:
    """`error` with the place of the item that is at fault."""
    for place, new in enumerate(chunk, start=before + 1):
        for signal in new.signals:
            try:
                pack(signal)
            except SignalError as fault:
                return SignalError(f"Item {place}: {fault.message}", hint=fault.hint)
    return error


def _still_there(connection: Connection, bank: Bank) -> None:
    row = BankRows.named(connection, bank.name)
    if row is None or row.id != bank.id:
        raise BankUnknownError("The bank was deleted or renamed meanwhile.")


def _show(change: Change, staged: _Staged) -> None:
    _show_signals(change, staged.signals)
    first, last = staged.contents[0], staged.contents[-1]
    if ContentRows.show(change.connection, first, last) != len(staged.contents):
        raise StorageError("A part of the import is gone.", hint="Import it again.")


def _show_signals(change: Change, ids: range) -> None:
    if SignalRows.show(change, ids[0], ids[-1]) != len(ids):
        raise StorageError("A part of the import is gone.", hint="Import it again.")
