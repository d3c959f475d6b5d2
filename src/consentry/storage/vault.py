"""The master key of an installation: AES-256-GCM envelopes and keyed digests under it.

A sealed envelope is `CV1` + 12 bytes of nonce + ciphertext and tag; its purpose is authenticated,
so that one kind of secret cannot be passed off as another.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from consentry.errors import StorageError
from consentry.storage.key_file import KEY_BYTES, key_file

__all__ = ["KEY_BYTES", "Vault"]

_NONCE_BYTES: Final = 12
_MAGIC: Final = b"CV1"
_SHUT: Final = "Something that was stored encrypted cannot be opened."
_SHUT_HINT: Final = "It was altered, or keys/master.key is not the one that it was sealed with."


class Vault:
    """Seals and opens small secrets under one key."""

    def __init__(self, key: bytes) -> None:
        """Use `key`, 32 random bytes.

        Raises:
            ValueError: it has another length.
        """
        if len(key) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes, not {len(key)}")
        self._cipher = AESGCM(key)
        self._key = key

    @classmethod
    def load(cls, home: Path) -> Vault:
        """The vault of the installation in `home`; its key is made on first use.

        Raises:
            StorageError: the key file cannot be made, is damaged, or others may read it.
        """
        return cls(key_file(home, "master.key"))

    def seal(self, plaintext: bytes, *, purpose: str) -> bytes:
        """Encrypt `plaintext`; only `open` with the same purpose gives it back."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _MAGIC + nonce + self._cipher.encrypt(nonce, plaintext, purpose.encode())

    def open(self, sealed: bytes, *, purpose: str) -> bytes:
        """Decrypt what `seal` gave.

        Raises:
            StorageError: it was altered, or sealed under another key or for another purpose.
        """
        head = len(_MAGIC) + _NONCE_BYTES
        if not sealed.startswith(_MAGIC) or len(sealed) < head:
            raise StorageError(_SHUT, hint=_SHUT_HINT)
        try:
            return self._cipher.decrypt(sealed[len(_MAGIC) : head], sealed[head:], purpose.encode())
        except InvalidTag as error:
            raise StorageError(_SHUT, hint=_SHUT_HINT) from error

    def digester(self, purpose: str) -> Callable[[bytes], bytes]:
        """A keyed digest, 32 bytes (HMAC-SHA256 under a key of this purpose alone).

        Equal input gives an equal digest, and without the master key nobody can tell which.
        """
        key = hmac.digest(self._key, f"digest:{purpose}".encode(), "sha256")
        return lambda data: hmac.digest(key, data, "sha256")
