"""Banks: made, filled, corrected. Every change is one transaction under one lock.

A change holds as soon as its method returns, in every process: each follows the log of changes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, Row

from consentry.errors import (
    BankFormError,
    BankSealedError,
    BankTakenError,
    BankUnknownError,
    ContentUnknownError,
)
from consentry.matching.banks import reviewing
from consentry.matching.banks.adding import Intake
from consentry.matching.banks.coding import Coder, bank_of, iso
from consentry.matching.banks.forms import check_bank, check_content, check_name
from consentry.matching.banks.records import (
    Added,
    AddedMany,
    Bank,
    Category,
    Content,
    HeldBecause,
    Kind,
    Metadata,
    NewContent,
    Verdict,
)
from consentry.matching.signals.contract import Signal
from consentry.matching.signals.hashes import Words
from consentry.storage import Storage
from consentry.storage.bank_signals import SignalRows
from consentry.storage.banks import BankRows, ContentRows
from consentry.storage.database import now
from consentry.storage.schema import bank_signals
from consentry.storage.sequences import Change

__all__ = ["UNCHANGED", "Banks"]


class _Unchanged:
    """The type of `UNCHANGED`."""


UNCHANGED: Final = _Unchanged()
"""Stands for "leave it as it is" where None means something."""

_FIELDS: Final = frozenset(
    {
        "kind",
        "category",
        "source",
        "description",
        "max_distance",
        "enabled_ratio",
        "expires_days",
    }
)
_PART: Final = 1_000
_PAGE_OF_WORDS: Final = 1_000


class Banks:
    """Every bank of an installation. Safe to use from several threads."""

    def __init__(self, storage: Storage) -> None:
        """Keep banks in `storage`.

        Raises:
            StorageError: the master key cannot be used.
        """
        self._storage = storage
        self._coder = Coder(storage.vault)
        self._intake = Intake(storage, self._coder)

    @property
    def sequence(self) -> int:
        """The newest change of any bank.

        Raises:
            StorageError: the database could not be read.
        """
        return self._storage.sequences.head("banks")

    # -- banks ----------------------------------------------------------------------------

    def create(  # noqa: PLR0913  each is a property of a bank, all by name
        self,
        name: str,
        *,
        kind: Kind = "deny",
        category: Category = "known.removed",
        source: str = "",
        description: str = "",
        max_distance: int = 31,
        sealed: bool = False,
        enabled_ratio: float = 1.0,
        expires_days: int | None = None,
    ) -> Bank:
        """Make an empty bank; see `Bank` for what each argument means.

        Raises:
            BankFormError: a field is malformed.
            BankRuleError: it would allow or thin out known pictures of child sexual abuse.
            BankTakenError: another bank has this name.
            StorageError: it could not be saved.
        """
        bank = Bank(
            id=0,
            name=name,
            kind=kind,
            category=category,
            source=source,
            description=description,
            max_distance=max_distance,
            enabled_ratio=enabled_ratio,
            sealed=sealed,
            expires_days=expires_days,
            created_at=now(),
        )
        check_bank(asdict(bank))
        with self._storage.sequences.changing("banks") as change:
            _free(change, name)
            bank = replace(bank, id=change.ids("banks.rows", 1))
            BankRows.insert(change.connection, asdict(bank))
        return bank

    def get(self, name: str) -> Bank:
        """The bank with this name.

        Raises:
            BankUnknownError: there is none.
            StorageError: the database could not be read.
        """
        with self._storage.reading() as connection:
            return _bank(connection, name)

    def list(self) -> list[Bank]:
        """Every bank, by name.

        Raises:
            StorageError: the database could not be read.
        """
        with self._storage.reading() as connection:
            return [bank_of(row) for row in BankRows.all(connection)]

    def count(self, name: str) -> int:
        """How many contents a bank has.

        Raises:
            BankUnknownError: there is no such bank.
            StorageError: the database could not be read.
        """
        with self._storage.reading() as connection:
            return ContentRows.count(connection, _bank(connection, name).id)

    def update(self, name: str, /, **changes: Any) -> Bank:  # noqa: ANN401  checked against the fields
        """Change a bank: any field that `create` takes, but `sealed`.

        Raises:
            BankUnknownError: there is no such bank.
            BankFormError: a field is unknown or malformed.
            BankRuleError: as for `create`.
            StorageError: it could not be saved.
        """
        unknown = sorted(set(changes) - _FIELDS)
        if unknown:
            raise BankFormError(
                f"{', '.join(unknown)} of a bank cannot be changed.",
                hint=f"These can: {', '.join(sorted(_FIELDS))}.",
            )
        with self._storage.sequences.changing("banks") as change:
            bank = replace(_bank(change.connection, name), **changes)
            check_bank(asdict(bank))
            if changes:
                BankRows.update(change.connection, bank.id, changes)
        return bank

    def rename(self, name: str, new: str) -> Bank:
        """Give a bank another name.

        Raises:
            BankUnknownError, BankFormError, BankTakenError: as for `get` and `create`.
            StorageError: it could not be saved.
        """
        check_name(new)
        with self._storage.sequences.changing("banks") as change:
            bank = _bank(change.connection, name)
            if new != name:
                _free(change, new)
                BankRows.update(change.connection, bank.id, {"name": new})
        return replace(bank, name=new)

    def delete(self, name: str) -> int:
        """Delete a bank and everything in it; gives the number of the last change.

        Nothing of it is matched from the first moment on. Its hashes are wiped part by part, so
        that nobody waits; what a crash leaves of them, `withdraw_expired` wipes.

        Raises:
            BankUnknownError: there is no such bank.
            StorageError: it could not be saved.
        """
        with self._storage.sequences.changing("banks") as change:
            bank = _bank(change.connection, name)
            BankRows.delete(change.connection, bank.id)
        last = change.sequence
        while ids := self._ids(ContentRows.of_bank, bank.id):
            last = self._wipe(ids)
        return last

    # -- what is in them ------------------------------------------------------------------

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
            found = _bank(connection, bank)
            return self._content(connection, found, content_id)

    def contents(self, bank: str, after: int = 0, limit: int = 100) -> Sequence[Content]:
        """Contents with an id above `after`, in order.

        Raises:
            BankUnknownError: there is no such bank.
            BankSealedError: it is sealed: nobody lists it.
            StorageError: the database could not be read.
        """
        with self._storage.reading() as connection:
            found = _bank(connection, bank)
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
            found = _bank(connection, bank)
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
            found = _bank(change.connection, bank)
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
            self._content_row(change.connection, _bank(change.connection, bank), content_id)
            _take_out(change, [content_id])
        return change.sequence

    def remove_signal(self, bank: str, signal_id: int) -> int:
        """Take one hash out, and its content with the last of them.

        Raises:
            BankUnknownError, ContentUnknownError: there is none.
            StorageError: it could not be saved.
        """
        with self._storage.sequences.changing("banks") as change:
            found = _bank(change.connection, bank)
            rows = SignalRows.resolve(change.connection, [signal_id])
            if not rows or rows[0].id != found.id:
                raise ContentUnknownError("No hash in this bank has this id.")
            content_id = rows[0].content_id
            SignalRows.withdraw(change, bank_signals.c.id == signal_id)
            if not SignalRows.of_contents(change.connection, [content_id]):
                ContentRows.delete(change.connection, [content_id])
        return change.sequence

    # -- what people and events say about it ----------------------------------------------

    def opine(
        self, bank: str, content_id: int, by: str, opinion: Verdict, note: str = ""
    ) -> Content:
        """Confirm or dispute a content; one opinion a person, the last one counts.

        With more disputes than confirmations the content is held; no longer when that changes.

        Raises:
            BankUnknownError, ContentUnknownError: there is none.
            BankFormError: the opinion is malformed.
            StorageError: it could not be saved.
        """
        with self._storage.sequences.changing("banks") as change:
            found = _bank(change.connection, bank)
            row = self._content_row(change.connection, found, content_id)
            reviewing.opine(change.connection, found, row, by, opinion, note)
            return self._content(change.connection, found, content_id)

    def hold(self, bank: str, content_id: int, because: HeldBecause = "person") -> Content:
        """Send matches of a content to a person from now on, instead of enforcing them.

        Raises:
            BankUnknownError, ContentUnknownError: there is none.
            BankRuleError: the bank is of `known.child_safety`.
            StorageError: it could not be saved.
        """
        with self._storage.sequences.changing("banks") as change:
            found = _bank(change.connection, bank)
            self._content_row(change.connection, found, content_id)
            reviewing.hold(change.connection, found, content_id, because)
            return self._content(change.connection, found, content_id)

    def release(self, bank: str, content_id: int) -> Content:
        """Enforce a held content again; the count of the flood breaker starts anew.

        Raises:
            BankUnknownError, ContentUnknownError: there is none.
            StorageError: it could not be saved.
        """
        with self._storage.sequences.changing("banks") as change:
            found = _bank(change.connection, bank)
            self._content_row(change.connection, found, content_id)
            reviewing.release(change.connection, content_id)
            return self._content(change.connection, found, content_id)

    def count_upload(
        self, content_ids: Collection[int], upload: bytes, limit: int
    ) -> tuple[int, ...]:
        """Flood breaker: note that `upload` (its SHA-256) matched; gives contents held by that.

        A content that more than `limit` different uploads match within 24 hours is held.

        Raises:
            StorageError: it could not be saved.
        """
        short = self._storage.vault.digester("bank-upload")(upload)[:8]
        return reviewing.count_upload(self._storage, sorted(set(content_ids)), short, limit)

    # -- upkeep ---------------------------------------------------------------------------

    def withdraw_expired(self, at: datetime | None = None) -> int:
        """Take out what has expired, and what imports left behind; gives how many contents.

        Raises:
            StorageError: it could not be saved.
        """
        when = (at or datetime.now(UTC)).astimezone(UTC)
        self._intake.forget_abandoned(when)
        reviewing.forget_uploads(self._storage, when)
        total = 0
        while ids := self._ids(ContentRows.expired, iso(when)):
            self._wipe(ids)
            total += len(ids)
        while ids := self._ids(ContentRows.orphans):
            self._wipe(ids)
        return total

    def _ids(self, find: Callable[..., Sequence[int]], *which: object) -> Sequence[int]:
        with self._storage.reading() as connection:
            return find(connection, *which, _PART)

    def _wipe(self, content_ids: Sequence[int]) -> int:
        with self._storage.sequences.changing("banks") as change:
            _take_out(change, content_ids)
        return change.sequence

    # -- reading --------------------------------------------------------------------------

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
        signals = SignalRows.of_contents(connection, ids)
        said = reviewing.opinions_of(connection, ids)
        return [
            self._coder.content(
                bank,
                row,
                [one for one in signals if one.content_id == row.id],
                said.get(row.id, ()),
            )
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


def _bank(connection: Connection, name: str) -> Bank:
    row = BankRows.named(connection, name)
    if row is None:
        raise BankUnknownError("No bank has this name.")
    return bank_of(row)


def _free(change: Change, name: str) -> None:
    if BankRows.named(change.connection, name) is not None:
        raise BankTakenError(f"There is a bank {name} already.")


def _take_out(change: Change, content_ids: Sequence[int]) -> None:
    SignalRows.withdraw(change, bank_signals.c.content_id.in_(content_ids))
    ContentRows.delete(change.connection, content_ids)
