"""What stands in the log for everybody to read: a kind, a time and a commitment, nothing else.

The commitment is SHA-256(salt || payload), with 32 random bytes of salt. Salt and payload are kept
encrypted under a key of the record's own: without the key nobody can find out, or try out, what was
committed to, and the entry stays where it is.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, Self, TypeAlias, get_args

from consentry.errors import LedgerDamagedError
from consentry.ledger.verify import NotVerifiedError, parse_entry
from consentry.storage.vault import KEY_BYTES, Vault

__all__ = [
    "KINDS",
    "Entry",
    "Kind",
    "Opening",
    "SealedEntry",
    "canonical",
    "decision_payload",
    "seal",
    "unseal",
]

Kind: TypeAlias = Literal[
    "decision",  # what became of one submission
    "policy",  # other rules are in force
    "models",  # other detectors or models look
    "enrolment",  # a person enrolled, or changed what is enrolled
    "consent",  # a consent receipt was given
    "revocation",  # a consent receipt was taken back
    "dispute",  # somebody says that an enrolment is not theirs
    "erasure",  # what earlier entries committed to was destroyed
]
"""What an entry is about; it can be read by everybody."""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
_SALT_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Opening:
    """What proves which payload an entry commits to.

    Attributes:
        salt: 32 bytes.
        payload: the very bytes; None when whoever appended it keeps it.
    """

    salt: bytes
    payload: bytes | None

    def fits(self, commitment: bytes) -> bool:
        """Whether `commitment` is to this payload."""
        return _commit(self.salt, self.payload or b"") == commitment


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the log, as everybody can read it.

    Attributes:
        kind: see `Kind`.
        time: ISO 8601, UTC, to the second.
        commitment: 32 bytes.
    """

    kind: str
    time: str
    commitment: bytes

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read one.

        Raises:
            LedgerDamagedError: it is none.
        """
        try:
            return cls(*parse_entry(data))
        except NotVerifiedError as error:
            raise LedgerDamagedError(str(error)) from error

    def __bytes__(self) -> bytes:
        """The bytes that are hashed as a leaf."""
        commitment = base64.b64encode(self.commitment).decode()
        lines = ("consentry-log/v1", f"kind {self.kind}", f"time {self.time}")
        return "\n".join([*lines, f"commitment {commitment}", ""]).encode("ascii")


@dataclass(frozen=True, slots=True)
class SealedEntry:
    """An entry with what it commits to: `sealed` under a key, and the key under the vault's."""

    entry: bytes
    sealed: bytes
    wrapped_key: bytes


def canonical(payload: Mapping[str, Any]) -> bytes:
    """The one way to write a payload: JSON, UTF-8, names sorted, no blanks.

    Raises:
        ValueError: it holds a number that JSON has not.
        TypeError: it holds what JSON has not.
    """
    return json.dumps(
        payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def decision_payload(document: Mapping[str, Any]) -> dict[str, Any]:
    """What the entry of a decision commits to: the stored decision without its receipt."""
    return {name: value for name, value in document.items() if name != "receipt"}


def seal(vault: Vault, kind: Kind, payload: bytes, *, keep: bool) -> SealedEntry:
    """Commit to `payload`; without `keep`, only the salt is kept with the entry."""
    salt, key = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(KEY_BYTES)
    commitment = _commit(salt, payload)
    time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    name = commitment.hex()
    return SealedEntry(
        bytes(Entry(kind, time, commitment)),
        Vault(key).seal(salt + (payload if keep else b""), purpose=f"log:{name}"),
        vault.seal(key, purpose=f"log-key:{name}"),
    )


def unseal(vault: Vault, entry: Entry, sealed: bytes, wrapped_key: bytes) -> Opening:
    """Open what `seal` gave.

    Raises:
        StorageError: it was altered, or is not this entry's.
    """
    name = entry.commitment.hex()
    key = vault.open(wrapped_key, purpose=f"log-key:{name}")
    data = Vault(key).open(sealed, purpose=f"log:{name}")
    return Opening(data[:_SALT_BYTES], data[_SALT_BYTES:] or None)


def _commit(salt: bytes, payload: bytes) -> bytes:
    return hashlib.sha256(salt + payload).digest()
