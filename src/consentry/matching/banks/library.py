"""Banks: made, filled, corrected. Every change is one transaction under one lock.

A change holds as soon as its method returns, in every process: each follows the log of changes.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from consentry.matching.banks import reviewing
from consentry.matching.banks.coding import iso
from consentry.matching.banks.contents import BankContents
from consentry.matching.banks.directory import bank_named
from consentry.matching.banks.records import (
    Content,
    HeldBecause,
    Verdict,
)
from consentry.storage.banks import ContentRows

__all__ = ["Banks"]


class Banks(BankContents):
    """Every bank of an installation. Safe to use from several threads."""

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
            found = bank_named(change.connection, bank)
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
            found = bank_named(change.connection, bank)
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
            found = bank_named(change.connection, bank)
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
