"""Between records and rows: times, details, and hashes that may be sealed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row

from consentry.matching.banks.records import (
    Bank,
    BankedSignal,
    Content,
    Metadata,
    NewContent,
    Opinion,
)
from consentry.matching.banks.values import PERCEPTUAL, exact_key, pack, unpack, words_of
from consentry.matching.signals.contract import Signal
from consentry.storage.vault import Vault

__all__ = ["Coder", "bank_of", "iso", "moment"]

_DETAILS = "bank-content"
_VALUE = "bank-signal"
_NO_METADATA = Metadata()


def iso(when: datetime | None) -> str | None:
    """An aware moment as it is stored: ISO 8601, UTC, to the microsecond, so that it sorts."""
    return None if when is None else when.astimezone(UTC).isoformat(timespec="microseconds")


def moment(text: str | None) -> datetime | None:
    """The inverse."""
    return None if text is None else datetime.fromisoformat(text)


def bank_of(row: Row[Any]) -> Bank:
    """A bank from its columns."""
    return Bank(**{name: getattr(row, name) for name in Bank.__slots__})


class Coder:
    """Writes and reads what may be sealed."""

    def __init__(self, vault: Vault) -> None:
        """Seal with `vault`."""
        self._vault = vault
        self._key = exact_key(vault)

    def signal_row(
        self, bank: Bank, content_id: int, signal_id: int, signal: Signal
    ) -> dict[str, Any]:
        """The row of a hash that nobody can see yet.

        Raises:
            SignalError: it is malformed.
        """
        value, frames = pack(signal)
        perceptual = signal.type in PERCEPTUAL
        return {
            "id": signal_id,
            "content_id": content_id,
            "log": "sealed" if perceptual and bank.sealed else "open",
            "type": signal.type,
            "value": self._seal(value, f"{_VALUE}:{signal_id}") if bank.sealed else value,
            "lookup_key": None if perceptual else self._key(signal.type, value),
            "frames": frames,
            "sequence": None,
            "live": False,
        }

    def words(self, row: Row[Any], *, sealed: bool) -> bytes:
        """A live hash as an index holds it: 32 bytes, big-endian, for each entry.

        Raises:
            StorageError: it was sealed, and altered since.
        """
        if row.lookup_key is not None:
            return bytes(row.lookup_key)
        value = bytes(self.open_value(row.id, row.value) if sealed else row.value)
        return words_of(row.type, value).astype(">u8").tobytes() if row.type == "vpdq" else value

    def open_value(self, signal_id: int, stored: bytes) -> bytes:
        """The bytes of a sealed hash.

        Raises:
            StorageError: it was altered, or belongs to another row.
        """
        return self._vault.open(stored, purpose=f"{_VALUE}:{signal_id}")

    def content_row(
        self, bank: Bank, content_id: int, new: NewContent, created_at: str
    ) -> dict[str, Any]:
        """The row of a content that nobody can see yet."""
        expires = new.expires_at
        if expires is None and bank.expires_days is not None:
            expires = datetime.fromisoformat(created_at) + timedelta(days=bank.expires_days)
        return {
            "id": content_id,
            "bank_id": bank.id,
            "details": self.details(bank, content_id, new.metadata, new.note),
            "case_link": new.case,
            "disable_until": iso(new.disable_until),
            "expires_at": iso(expires),
            "state": "staged",
            "held_because": None,
            "created_at": created_at,
        }

    def details(self, bank: Bank, content_id: int, metadata: Metadata, note: str) -> bytes | None:
        """Metadata and note as they are stored; None when there is nothing to store."""
        if metadata == _NO_METADATA and not note:
            return None
        plain = {name: value for name, value in asdict(metadata).items() if value is not None}
        if note:
            plain["note"] = note
        text = json.dumps(plain, ensure_ascii=False).encode()
        return self._seal(text, f"{_DETAILS}:{content_id}") if bank.sealed else text

    def content(
        self, bank: Bank, row: Row[Any], signals: Iterable[Row[Any]], said: Sequence[Opinion]
    ) -> Content:
        """A content from its rows.

        Raises:
            StorageError: something sealed was altered.
        """
        plain = self._plain_details(bank, row)
        note = plain.pop("note", "")
        return Content(
            id=row.id,
            bank=bank.name,
            signals=tuple(_banked(bank, one) for one in signals),
            metadata=Metadata(**plain),
            note=str(note),
            case=row.case_link,
            disable_until=moment(row.disable_until),
            expires_at=moment(row.expires_at),
            state=row.state,
            held_because=row.held_because,
            created_at=row.created_at,
            opinions=tuple(said),
        )

    def _plain_details(self, bank: Bank, row: Row[Any]) -> dict[str, Any]:
        if row.details is None:
            return {}
        text = row.details
        if bank.sealed:
            text = self._vault.open(text, purpose=f"{_DETAILS}:{row.id}")
        plain: Mapping[str, Any] = json.loads(text)
        return dict(plain)

    def _seal(self, plain: bytes, purpose: str) -> bytes:
        return self._vault.seal(plain, purpose=purpose)


def _banked(bank: Bank, row: Row[Any]) -> BankedSignal:
    value = None if bank.sealed else unpack(row.type, row.value)
    return BankedSignal(row.id, row.type, value)
