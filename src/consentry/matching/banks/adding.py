"""How hashes get into a bank: one content at once, or millions that appear together.

An import is staged in small transactions, so that nobody waits for it, and nobody sees it. One
short transaction at its end gives its rows their numbers: then all of it is there. A process that
dies before leaves rows that nobody sees; `forget_abandoned` deletes them a day later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
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
from consentry.storage.sequences import Change

__all__ = ["Intake"]

_CHUNK: Final = 5_000
_ABANDONED: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Staged:
    """Ids of rows that were staged together."""

    contents: range
    signals: range


class Intake:
    """Adds to banks."""

    def __init__(self, storage: Storage, coder: Coder) -> None:
        """Write to `storage`, as `coder` writes."""
        self._storage = storage
        self._coder = coder

    def add(self, bank: Bank, new: NewContent) -> Added:
        """Bank one content; errors as `Banks.add` says."""
        check_content(bank, new)
        with self._storage.sequences.changing("banks") as change:
            _still_there(change.connection, bank)
            staged = self._stage(change, bank, [new])
            _show(change, staged)
        return Added(staged.contents[0], tuple(staged.signals), change.sequence)

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
        with self._storage.sequences.changing("banks") as change:
            content_row(change.connection, bank, content_id)
            ids = self._insert_signals(change, bank, [(content_id, signals)])
            _show_signals(change, ids)
        return Added(content_id, tuple(ids), change.sequence)

    def add_many(
        self, bank: Bank, items: Iterable[NewContent], progress: Callable[[int], None] | None
    ) -> AddedMany:
        """Bank many contents; errors as `Banks.add_many` says."""
        staged: list[_Staged] = []
        taken = 0
        chunk: list[NewContent] = []
        try:
            for chunk in _chunks(items):
                _check_all(bank, chunk, taken)
                with self._storage.sequences.changing("banks.rows", durable=False) as change:
                    staged.append(self._stage(change, bank, chunk))
                taken += len(chunk)
                if progress is not None:
                    progress(taken)
            sequence = self._show_all(bank, staged)
        except SignalError as error:
            self._discard(staged)
            raise _named(chunk, taken, error) from error
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

    def _stage(self, change: Change, bank: Bank, items: Sequence[NewContent]) -> _Staged:
        at = datetime.now(UTC)
        # A counter of their own: HMA's clients expect contents to be numbered 1, 2, 3.
        last = change.ids("banks.contents", len(items))
        contents = range(last - len(items) + 1, last + 1)
        pairs = list(zip(contents, items, strict=True))
        rows = [self._coder.content_row(bank, number, new, at) for number, new in pairs]
        signals = self._insert_signals(change, bank, [(n, new.signals) for n, new in pairs])
        ContentRows.insert(change.connection, rows)
        return _Staged(contents, signals)

    def _insert_signals(
        self, change: Change, bank: Bank, items: Sequence[tuple[int, Sequence[Signal]]]
    ) -> range:
        count = sum(len(signals) for _, signals in items)
        last = change.ids("banks.rows", count)
        ids = range(last - count + 1, last + 1)
        flat = ((content_id, signal) for content_id, signals in items for signal in signals)
        rows = [
            self._coder.signal_row(bank, content_id, number, signal)
            for number, (content_id, signal) in zip(ids, flat, strict=True)
        ]
        SignalRows.insert(change.connection, rows)
        return ids

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


def _chunks(items: Iterable[NewContent]) -> Iterator[list[NewContent]]:
    source = iter(items)
    while chunk := list(islice(source, _CHUNK)):
        yield chunk


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
