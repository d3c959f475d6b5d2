"""Signed consent receipts and the tokens made from them: compact JWS, EdDSA (RFC 7515, RFC 8037).

A receipt says what a person agreed to and can be checked offline with the public key alone; it
does not say whether the consent was taken back since. A token is short-lived, is made from a
receipt, and is what an application hands over with a request.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from consentry.errors import TokenError
from consentry.storage.key_file import key_file

__all__ = ["ReceiptSigner", "public_key", "read_signed"]

Sort: TypeAlias = Literal["consentry-consent", "consentry-token"]
_MOST: Final = 20_000
_PARTS: Final = 3
_KEY_BYTES: Final = 32


class ReceiptSigner:
    """Signs receipts and tokens of one installation, and reads its own."""

    def __init__(self, home: Path) -> None:
        """Use `keys/consent.key`, made on first use.

        Raises:
            StorageError: the key cannot be used.
        """
        self._key = Ed25519PrivateKey.from_private_bytes(key_file(home, "consent.key"))
        self.public_key = _b64(self._key.public_key().public_bytes_raw())

    def sign(self, sort: Sort, claims: Mapping[str, Any]) -> str:
        """A compact JWS over `claims`."""
        head = {"alg": "EdDSA", "typ": sort, "kid": self.public_key}
        parts = [_b64(_json(one)) for one in (head, claims)]
        message = ".".join(parts).encode()
        return f"{message.decode()}.{_b64(self._key.sign(message))}"

    def read(self, sort: Sort, text: str) -> dict[str, Any]:
        """The claims of what this installation signed.

        Raises:
            TokenError: it is not of this sort, was altered, or others signed it.
        """
        return read_signed(sort, text, public_key(self.public_key))


def public_key(text: str) -> Ed25519PublicKey:
    """The key of its 43 characters in base64url.

    Raises:
        TokenError: they are no key.
    """
    raw = _unb64(text.strip())
    if len(raw) != _KEY_BYTES:
        raise TokenError("This is not the public key of consent receipts.", hint="")
    return Ed25519PublicKey.from_public_bytes(raw)


def read_signed(sort: Sort, text: str, key: Ed25519PublicKey) -> dict[str, Any]:
    """The claims in a compact JWS, once its signature holds.

    Only EdDSA is taken, and the key is the caller's: what the text says of either is not believed
    (RFC 8725, 3.1).

    Raises:
        TokenError: it is malformed, of another sort, or its signature does not hold.
    """
    parts = text.strip().split(".")
    if len(text) > _MOST or len(parts) != _PARTS:
        raise TokenError("This is no signed receipt or token.")
    try:
        key.verify(_unb64(parts[2]), f"{parts[0]}.{parts[1]}".encode())
    except InvalidSignature as error:
        raise TokenError("The signature does not hold: it was altered or is not ours.") from error
    head, claims = (_object(_unb64(one)) for one in parts[:2])
    if head.get("typ") != sort or head.get("alg") != "EdDSA":
        raise TokenError("This was signed for something else.")
    return claims


def _object(data: bytes) -> dict[str, Any]:
    try:
        plain = json.loads(data)
    except ValueError as error:
        raise TokenError("This is no signed receipt or token.") from error
    if not isinstance(plain, dict):
        raise TokenError("This is no signed receipt or token.")
    return plain


def _json(plain: Mapping[str, Any]) -> bytes:
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise TokenError("This is no signed receipt or token.") from error
