"""Checkpoints: the log's name, size and root, signed (c2sp.org/tlog-checkpoint, signed-note).

Whoever can tell when something was signed twice keeps a copy; a witness adds its own signature
(c2sp.org/tlog-cosignature, Ed25519). Here checkpoints are made; `verify` checks them.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consentry.errors import ConfigError, LedgerDamagedError, ProofError
from consentry.ledger.verify import (
    COSIGNATURE,
    LOG_SIGNATURE,
    Checkpoint,
    Key,
    NotVerifiedError,
    check_signed,
    key_id,
    parse_checkpoint,
    parse_key,
)

__all__ = ["LogKey", "genuine", "join_cosignatures", "log_key", "witness_keys"]

_NAME_HINT: Final = "Write it like a web address without https://, with no blank and no plus."


class LogKey:
    """The key that the log signs with, under the log's name."""

    def __init__(self, origin: str, seed: bytes) -> None:
        """Use the 32 bytes of `seed` (RFC 8032).

        Raises:
            ConfigError: `origin` cannot be the name of a key.
        """
        if not origin or "+" in origin or any(sign.isspace() for sign in origin):
            raise ConfigError(f"ledger.origin is {origin!r}.", hint=_NAME_HINT)
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        public = self._private.public_key().public_bytes_raw()
        number = key_id(origin, LOG_SIGNATURE, public)
        self.public = Key(origin, number, LOG_SIGNATURE, public)

    def sign(self, size: int, root: bytes) -> str:
        """A signed checkpoint.

        The caller makes sure that it contradicts none that was signed before, and that the entries
        are on the disk.
        """
        text = f"{self.public.name}\n{size}\n{base64.b64encode(root).decode()}\n"
        raw = self.public.id + self._private.sign(text.encode())
        return f"{text}\n{signature_line(self.public.name, raw)}"


def signature_line(name: str, raw: bytes) -> str:
    """A line of a signed note: `raw` is the key's id and the signature."""
    return f"\N{EM DASH} {name} {base64.b64encode(raw).decode()}\n"


def log_key(text: str) -> Key:
    """The public key of a log.

    Raises:
        ProofError: it is none.
    """
    return _key(text, LOG_SIGNATURE)


def witness_keys(texts: Sequence[str]) -> tuple[Key, ...]:
    """The public keys of witnesses.

    Raises:
        ConfigError: one is none.
    """
    try:
        return tuple(_key(text, COSIGNATURE) for text in texts)
    except ProofError as error:
        raise ConfigError("ledger.witnesses names what is no key of a witness.") from error


def genuine(note: str, key: Key) -> Checkpoint:
    """Read a checkpoint that our own key must have signed.

    Raises:
        LedgerDamagedError: it did not.
    """
    try:
        checkpoint = parse_checkpoint(note)
        check_signed(checkpoint, key)
    except NotVerifiedError as error:
        raise LedgerDamagedError(f"A stored checkpoint is not genuine: {error}") from error
    return checkpoint


def join_cosignatures(note: str, key: Key, witnesses: Sequence[Key]) -> tuple[str, list[str]]:
    """A checkpoint of ours with the signatures of known witnesses, and their names.

    Signatures of strangers are left out.

    Raises:
        ProofError: it is not ours, a signature is not genuine, or no known witness signed it.
    """
    try:
        checkpoint = parse_checkpoint(note)
        check_signed(checkpoint, key)
        signed = [(one.name, one.id) for one in witnesses]
        given = [one for one in witnesses if (one.name, one.id) in _signers(checkpoint)]
        for one in given:
            check_signed(checkpoint, one)
    except NotVerifiedError as error:
        raise ProofError(str(error)) from error
    if not given:
        raise ProofError("No witness that ledger.witnesses names has signed this checkpoint.")
    known = {(key.name, key.id), *signed}
    lines = [
        signature_line(name, number + raw)
        for name, number, raw in checkpoint.signatures
        if (name, number) in known
    ]
    return "\n".join([checkpoint.text, "".join(lines)]), [one.name for one in given]


def _signers(checkpoint: Checkpoint) -> set[tuple[str, bytes]]:
    return {(name, number) for name, number, _ in checkpoint.signatures}


def _key(text: str, kind: int) -> Key:
    try:
        key = parse_key(text)
    except NotVerifiedError as error:
        raise ProofError(str(error)) from error
    if key.type != kind:
        what = "a witness" if kind == COSIGNATURE else "a log"
        raise ProofError(f"{key.name} is not the key of {what}.")
    return key
