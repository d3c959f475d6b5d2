"""Hashes as they are stored and looked up: bytes in the database, 256-bit words in an index.

Perceptual hashes are compared as they are. Exact digests are compared as their keyed digests, 256
bits as well: they share an index with the others, from which they cannot be read back, and are
further than 31 bits from everything but themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from consentry.errors import SignalError
from consentry.matching.signals.contract import Signal
from consentry.matching.signals.frames import FrameHash, parse_frames, usable, write_frames
from consentry.matching.signals.hashes import MIN_QUALITY, Words, parse_digits, to_words
from consentry.storage.vault import Vault

__all__ = [
    "FRAME_BITS",
    "MAX_FRAMES",
    "PERCEPTUAL",
    "SIGNAL_TYPES",
    "exact_key",
    "exact_words",
    "pack",
    "parse_signal",
    "unpack",
    "words_of",
]

PERCEPTUAL: Final = frozenset({"pdq", "vpdq"})
_DIGITS: Final = {"md5": 32, "video_md5": 32, "sha256": 64}
_ALIAS: Final = {"video_md5": "md5"}  # the same digest of the same bytes, under another name
SIGNAL_TYPES: Final = ("pdq", "vpdq", *_DIGITS)
"""Every type that can be banked."""

FRAME_BITS: Final = 12
MAX_FRAMES: Final = 1 << FRAME_BITS
"""Frames of one video that are banked at most: more than an hour, at one a second."""

_LONGEST_S: Final = 31 * 86_400
_FRAME: Final = np.dtype([("hash", "S32"), ("quality", "u1"), ("ms", "<u4")])


def parse_signal(signal_type: str, text: str) -> Signal:
    """A hash as somebody wrote it, checked, in the one spelling that is stored.

    Raises:
        SignalError: the type is unknown, or the text is no hash of it.
    """
    if signal_type == "pdq":
        return Signal("pdq", parse_digits(text, 64, "pdq"))
    if signal_type in _DIGITS:
        return Signal(signal_type, parse_digits(text, _DIGITS[signal_type], signal_type))
    if signal_type == "vpdq":
        return Signal("vpdq", write_frames(parse_frames(text)))
    raise SignalError(
        f"There is no signal type {signal_type[:40]!r} in banks.",
        hint=f"Use one of {', '.join(SIGNAL_TYPES)}.",
    )


def pack(signal: Signal) -> tuple[bytes, int]:
    """The bytes that are stored for a hash, and how many entries it takes in an index.

    Raises:
        SignalError: it is malformed, or says too little or too much to be compared.
    """
    if signal.quality is not None and signal.quality < MIN_QUALITY:
        raise SignalError(
            f"A {signal.type} hash of quality {signal.quality} recognises nothing.",
            hint=f"Bank pictures with enough detail: {MIN_QUALITY} or more.",
        )
    checked = parse_signal(signal.type, signal.value)
    if checked.type != "vpdq":
        return bytes.fromhex(checked.value), 1
    frames = parse_frames(checked.value)
    if max(frame.time_s for frame in frames) > _LONGEST_S:
        raise SignalError("A vpdq hash is of a video that is longer than a month.")
    if not 0 < len(usable(frames)) <= MAX_FRAMES:
        raise SignalError(
            f"A vpdq hash needs 1 to {MAX_FRAMES} different frames with enough detail.",
            hint="Hash one frame a second; cut a longer video into parts.",
        )
    rows = [(bytes.fromhex(f.digits), f.quality, round(f.time_s * 1000)) for f in frames]
    return np.array(rows, _FRAME).tobytes(), len(usable(frames))


def unpack(signal_type: str, stored: bytes) -> str:
    """The inverse of `pack`: the hash as its type writes it."""
    return write_frames(_frames(stored)) if signal_type == "vpdq" else stored.hex()


def _frames(stored: bytes) -> list[FrameHash]:
    rows = np.frombuffer(stored, _FRAME).tolist()
    return [
        FrameHash(digits.ljust(32, b"\0").hex(), quality, ms / 1000) for digits, quality, ms in rows
    ]


def words_of(signal_type: str, stored: bytes) -> Words:
    """What an index holds for a stored perceptual hash: uint64, shape (entries, 4)."""
    if signal_type == "vpdq":
        return to_words(frame.digits for frame in usable(_frames(stored)))
    return np.frombuffer(stored, ">u8").astype(np.uint64).reshape(-1, 4)


def exact_key(vault: Vault) -> Callable[[str, bytes], bytes]:
    """A function from type and digest of an exact signal to its keyed digest, 32 bytes."""
    digest = vault.digester("bank-lookup")
    return lambda signal_type, value: digest(
        _ALIAS.get(signal_type, signal_type).encode() + b":" + value
    )


def exact_words(vault: Vault, signals: Sequence[Signal]) -> NDArray[np.uint64]:
    """What an index holds for exact digests: uint64, shape (n, 4).

    Raises:
        SignalError: one is malformed, or of a type that is not exact.
    """
    key = exact_key(vault)
    keys = []
    for signal in signals:
        if signal.type not in _DIGITS:
            raise SignalError(f"{signal.type[:40]!r} is not a digest of a file.")
        keys.append(key(signal.type, pack(signal)[0]))
    return np.frombuffer(b"".join(keys), ">u8").astype(np.uint64).reshape(-1, 4)
