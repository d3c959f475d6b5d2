"""What is in banks: added, read, changed, taken out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, Row

from consentry.errors import (
    BankSealedError,
    ContentUnknownError,
)
from consentry.matching.banks import reviewing
from consentry.matching.banks.coding import iso
from consentry.matching.banks.directory import BankDirectory, bank_named, take_out
from consentry.matching.banks.forms import check_content
from consentry.matching.banks.records import (
    Added,
    AddedMany,
    Bank,
    Content,
    Metadata,
    NewContent,
)
from consentry.matching.signals.contract import Signal
from consentry.matching.signals.hashes import Words
from consentry.storage.bank_signals import SignalRows
from consentry.storage.banks import ContentRows
from consentry.storage.schema import bank_signals

__all__ = ["UNCHANGED", "BankContents"]


class _Unchanged:
    """The type of `UNCHANGED`."""


UNCHANGED: Final = _Unchanged()
"""Stands for "leave it as it is" where None means something."""

_PAGE_OF_WORDS: Final = 1_000


class BankContents(BankDirectory):
    """The contents of every bank."""

    def add(  # noqa: PLR0913  the fields of NewContent, by name
        self,
        bank: str,
        signals: Sequence[Signal],
        *,
        metadata: Metadata | None = None,
        note: str = "",
        case: str | None = None,
        disable_until: datetime | None = None,
        expires_at: datetime | None = None,
    ) -> Added:
        """Bank one picture or video by its hashes.

        Raises:
            BankUnknownError: there is no such bank.
            BankFormError, BankRuleError: as `NewContent` and `check_content` say.
            SignalError: a hash is malformed.
            StorageError: it could not be saved.
        """
        given = metadata or Metadata()
        new = NewContent(signals, given, note, case, disable_until, expires_at)
        return self._intake.add(self.get(bank), new)

    def add_signals(self, bank: str, content_id: int, signals: Sequence[Signal]) -> Added:
        """Add further hashes to a content.

        Raises:
            BankUnknownError, ContentUnknownError: there is none.
            BankFormError: no hash is given.
            SignalError: a hash is malformed.
            StorageError: it could not be saved.
        """
        return self._intake.extend(self._content_row, self.get(bank), content_id, signals)

    def add_many(
        self,
        bank: str,
        items: Iterable[NewContent],
        *,
        progress: Callable[[int], None] | None = None,
    ) -> AddedMany:
        """Bank many contents, all or none of them; `progress` hears how many were taken in.

        `items` may come slowly: nothing is locked while they do.

        Raises:
            BankUnknownError, BankFormError, BankRuleError, SignalError: as for `add`; the fault's
                item is named by its place, from 1.
            StorageError: it could not be saved.
        """
        return self._intake.add_many(self.get(bank), items, progress)

    def content(self, bank: str, content_id: int) -> Content:
        """One content; its hashes are left out where the bank is sealed.

        Raises:
            BankUnknownError, ContentUnknownError: there is none.
            StorageError: the database could not be read.
        """
        with self._storage.reading() as connection:
            found = bank_named(connection, bank)
            return self._content(connection, found, content_id)

    def contents(self, bank: str, after: int = 0, limit: int = 100) -> Sequence[Content]:
        """Contents with an id above `after`, in order.

        Raises:
            BankUnknownError: there is no such bank.
            BankSealedError: it is sealed: nobody lists it.
            StorageError: the database could not be read.
        """
        with self._storage.reading() as connection:
            found = bank_named(connection, bank)
            if found.sealed:
                raise BankSealedError(f"The bank {found.name} is sealed.")
            rows = ContentRows.page(connection, found.id, after, limit)
            return self._contents(connection, found, rows)

    def words(self, bank: str, content_id: int | None = None) -> Iterator[tuple[int, Words]]:
        """What an index holds of one content, or of each: its id, and uint64 of shape (n, 4).

        Also of a sealed bank: to look among what was seen, never to be shown or written.

        Raises:
            BankUnknownError, ContentUnknownError: there is none.
            StorageError: the database could not be read.
        """
        with self._storage.reading() as connection:
            found = bank_named(connection, bank)
            if content_id is not None:
                self._content_row(connection, found, content_id)
        last = content_id - 1 if content_id is not None else 0
        while page := self._page(found, last, 1 if content_id is not None else _PAGE_OF_WORDS):
            yield from page
            if content_id is not None:
                return
            last = page[-1][0]

    def _page(self, bank: Bank, after: int, limit: int) -> Sequence[tuple[int, Words]]:
        with self._storage.reading() as connection:
            ids = [row.id for row in ContentRows.page(connection, bank.id, after, limit)]
            rows = SignalRows.of_contents(connection, ids)
        parts: dict[int, list[bytes]] = {number: [] for number in ids}
        for row in rows:
            sealed = bank.sealed
            parts[row.content_id].append(self._coder.words(row, sealed=sealed))
        return [(number, _array(b"".join(part))) for number, part in parts.items()]

    def update_content(  # noqa: PLR0913  each may be changed, by name
        self,
        bank: str,
        content_id: int,
        *,
        note: str | _Unchanged = UNCHANGED,
        case: str | _Unchanged | None = UNCHANGED,
        metadata: Metadata | _Unchanged = UNCHANGED,
        disable_until: datetime | _Unchanged | None = UNCHANGED,
        expires_at: datetime | _Unchanged | None = UNCHANGED,
    ) -> Content:
        """Change what is given and leave the rest.

        Raises:
            BankUnknownError, ContentUnknownError: there is none.
            BankFormError, BankRuleError: as for `add`.
            StorageError: it could not be saved.
        """
        given: dict[str, Any] = {
            "note": note,
            "case": case,
            "metadata": metadata,
            "disable_until": disable_until,
            "expires_at": expires_at,
        }
        given = {name: value for name, value in given.items() if value is not UNCHANGED}
        with self._storage.sequences.changing("banks") as change:
            found = bank_named(change.connection, bank)
            content = replace(self._content(change.connection, found, content_id), **given)
            check_content(found, _as_new(content))
            values = {
                "details": self._coder.details(found, content_id, content.metadata, content.note),
                "case_link": content.case,
                "disable_until": iso(content.disable_until),
                "expires_at": iso(content.expires_at),
            }
            ContentRows.update(change.connection, content_id, values)
        return content

    def remove(self, bank: str, content_id: int) -> int:
        """Take a content out; gives the number of the change.

        Raises:
            BankUnknownError, ContentUnknownError: there is none.
            StorageError: it could not be saved.
        """
        with self._storage.sequences.changing("banks") as change:
            self._content_row(change.connection, bank_named(change.connection, bank), content_id)
            take_out(change, [content_id])
        return change.sequence

    def remove_signal(self, bank: str, signal_id: int) -> int:
        """Take one hash out, and its content with the last of them.

        Raises:
            BankUnknownError, ContentUnknownError: there is none.
            StorageError: it could not be saved.
        """
        with self._storage.sequences.changing("banks") as change:
            found = bank_named(change.connection, bank)
            rows = SignalRows.resolve(change.connection, [signal_id])
            if not rows or rows[0].id != found.id:
                raise ContentUnknownError("No hash in this bank has this id.")
            content_id = rows[0].content_id
            SignalRows.withdraw(change, bank_signals.c.id == signal_id)
            if not SignalRows.of_contents(change.connection, [content_id]):
                ContentRows.delete(change.connection, [content_id])
        return change.sequence

    def _content_row(self, connection: Connection, bank: Bank, content_id: int) -> Row[Any]:
        row = ContentRows.get(connection, bank.id, content_id)
        if row is None:
            raise ContentUnknownError(f"The bank {bank.name} has no content {content_id}.")
        return row

    def _content(self, connection: Connection, bank: Bank, content_id: int) -> Content:
        row = self._content_row(connection, bank, content_id)
        return self._contents(connection, bank, [row])[0]

    def _contents(
        self, connection: Connection, bank: Bank, rows: Sequence[Row[Any]]
    ) -> Sequence[Content]:
        ids = [row.id for row in rows]
        signals: dict[int, list[Row[Any]]] = {}
        for one in SignalRows.of_contents(connection, ids):
            signals.setdefault(one.content_id, []).append(one)
        said = reviewing.opinions_of(connection, ids)
        return [
            self._coder.content(bank, row, signals.get(row.id, []), said.get(row.id, ()))
            for row in rows
        ]


def _array(data: bytes) -> Words:
    return np.frombuffer(data, ">u8").astype(np.uint64).reshape(-1, 4)


def _as_new(content: Content) -> NewContent:
    kept = [Signal(one.type, one.value or "") for one in content.signals]
    return NewContent(
        kept,
        content.metadata,
        content.note,
        content.case,
        content.disable_until,
        content.expires_at,
    )
