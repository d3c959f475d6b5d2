"""API keys: who may call, and what for.

A key is `cst_<id>_<secret>`. The secret is shown once; only its argon2id hash is stored. argon2
costs tens of milliseconds on purpose, so a key that was verified is remembered in memory as an
HMAC under a key of this process. Revocation and expiry are checked at every call: the database is
read again unless it says that nobody has written to it since. A revoked key stops at once in every
worker.
"""

from __future__ import annotations

import hmac
import re
import secrets
import threading
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Engine, Row, insert, select, update

from consentry.errors import AuthenticationError, NotFoundError
from consentry.storage.database import now, storage_errors
from consentry.storage.key_records import SCOPES, KeyRecord, check_key, iso
from consentry.storage.memory import Bounded, Throttle
from consentry.storage.schema import api_keys
from consentry.storage.watch import ChangeWatch

__all__ = ["SCOPES", "KeyRecord", "KeyStore"]

_TOKEN: Final = re.compile(r"cst_([0-9a-f]{8})_([A-Za-z0-9_-]{43})")
# OWASP's least memory for argon2id: the secrets are 256 random bits, so a slow hash is the second
# line of defence, and strangers must not be able to fill our memory with it.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


class KeyStore:
    """The table of keys, and the short memory of those that were verified."""

    def __init__(self, engine: Engine, watch: ChangeWatch) -> None:
        """Use the open database `engine`, that `watch` watches."""
        self._engine = engine
        self._process_key = secrets.token_bytes(32)
        self._known: Bounded[bytes] = Bounded(1024)
        self._read: Bounded[tuple[int, KeyRecord]] = Bounded(1024)
        self._watch = watch
        self._throttle = Throttle(tries=5, seconds_per_try=10.0)
        self._dummy: str | None = None
        self._dummy_lock = threading.Lock()

    def create(
        self, name: str, scopes: Sequence[str], expires_at: datetime | None = None
    ) -> tuple[KeyRecord, str]:
        """Make a key; its record, and the key itself, which nobody can show again.

        Raises:
            ConfigError: the name is empty or long, a scope is unknown or none is given, or
                `expires_at` is past.
            StorageError: it could not be saved.
        """
        check_key(name, scopes, expires_at)
        secret = secrets.token_urlsafe(32)
        record = KeyRecord(
            id=secrets.token_hex(4),
            name=name,
            scopes=tuple(scope for scope in SCOPES if scope in scopes),
            created_at=now(),
            expires_at=None if expires_at is None else iso(expires_at),
            revoked_at=None,
        )
        row = {**record.as_json(), "hash": _HASHER.hash(secret)}
        del row["state"]
        with storage_errors(), self._engine.begin() as connection:
            connection.execute(insert(api_keys), row)
        return record, f"cst_{record.id}_{secret}"

    def list(self) -> list[KeyRecord]:
        """Every key, oldest first, the stopped ones too.

        Raises:
            StorageError: the database could not be read.
        """
        query = select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id)
        with storage_errors(), self._engine.connect() as connection:
            return [KeyRecord.from_row(row) for row in connection.execute(query)]

    def revoke(self, key_id: str) -> KeyRecord:
        """Stop a key now, in every process; one that was stopped before stays as it is.

        Raises:
            NotFoundError: no key has this id.
            StorageError: it could not be saved.
        """
        change = update(api_keys).where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
        with storage_errors(), self._engine.begin() as connection:
            connection.execute(change.values(revoked_at=now()))
        row = self._row(key_id)
        if row is None:
            raise NotFoundError("No key has this id.", hint="See `consentry key list`.")
        return KeyRecord.from_row(row)

    def recall(self, token: str) -> KeyRecord | None:
        """As `recognise`, but only if the database need not be read: microseconds, on any thread.

        Raises:
            AuthenticationError: it is malformed, or has expired.
        """
        key_id, _ = _split(token)
        known, read = self._known.get(key_id), self._read.get(key_id)
        if known is None or read is None or read[0] != self._watch.version():
            return None
        if not hmac.compare_digest(known, self._fingerprint(token)):
            return None
        return self._usable(read[1])

    def recognise(self, token: str) -> KeyRecord | None:
        """The record of a key that this process has verified before, or None: quick.

        Raises:
            AuthenticationError: it is malformed, or was stopped since.
            StorageError: the database could not be read.
        """
        key_id, _ = _split(token)
        known = self._known.get(key_id)
        if known is None or not hmac.compare_digest(known, self._fingerprint(token)):
            return None
        version = self._watch.version()  # before reading: a change meanwhile is seen next time
        record = self._usable(self._record(key_id))
        if version is not None:
            self._read.put(key_id, (version, record))
        return record

    def verify(self, token: str) -> KeyRecord:
        """The record of the key, if it is good now. An unknown id takes as long as a wrong secret.

        Raises:
            AuthenticationError: it is malformed, unknown, wrong, expired or revoked.
            ThrottledError: too many wrong secrets were tried with its id.
            StorageError: the database could not be read.
        """
        known = self.recognise(token)
        if known is not None:
            return known
        key_id, secret = _split(token)
        self._throttle.check(key_id)
        row = self._row(key_id)
        if not _matches(self._dummy_hash() if row is None else row.hash, secret) or row is None:
            self._throttle.fail(key_id)
            raise AuthenticationError("This key is not known.")
        record = self._usable(KeyRecord.from_row(row))
        self._known.put(key_id, self._fingerprint(token))
        return record

    def _row(self, key_id: str) -> Row[Any] | None:
        query = select(api_keys).where(api_keys.c.id == key_id)
        with storage_errors(), self._engine.connect() as connection:
            return connection.execute(query).first()

    def _record(self, key_id: str) -> KeyRecord | None:
        row = self._row(key_id)
        return None if row is None else KeyRecord.from_row(row)

    def _usable(self, record: KeyRecord | None) -> KeyRecord:
        if record is None:
            raise AuthenticationError("This key is not known.")
        if record.state != "active":
            raise AuthenticationError(f"This key is {record.state}.")
        return record

    def _fingerprint(self, token: str) -> bytes:
        return hmac.digest(self._process_key, token.encode(), "sha256")

    def _dummy_hash(self) -> str:
        """A hash that no secret has, made with the parameters in force."""
        with self._dummy_lock:
            if self._dummy is None:
                self._dummy = _HASHER.hash(secrets.token_urlsafe(32))
            return self._dummy


def _split(token: str) -> tuple[str, str]:
    parts = _TOKEN.fullmatch(token)
    if parts is None:
        raise AuthenticationError("This is not a key of Consentry.")
    return parts[1], parts[2]


def _matches(stored: str, secret: str) -> bool:
    try:
        return _HASHER.verify(stored, secret)
    except (VerificationError, InvalidHashError):
        return False
