"""256-bit hashes in their two forms: 64 hexadecimal digits, and four uint64 words.

Words are most significant first, so that sorting words sorts the digits. People, files and
protocols see digits; the index sees arrays of shape (n, 4).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from consentry.errors import SignalError

__all__ = ["MIN_QUALITY", "Words", "distance", "from_words", "parse_digits", "to_words"]

Words = NDArray[np.uint64]

MIN_QUALITY: Final = 50
"""Below this the reference of PDQ advises to discard the hash."""

_DIGITS = {count: re.compile(rf"[0-9a-f]{{{count}}}") for count in (32, 64)}


def parse_digits(text: str, count: int, name: str) -> str:
    """`text` in lower case, without surrounding blanks, if it is `count` (32 or 64) hex digits.

    Raises:
        SignalError: it is something else.
    """
    digits = text.strip().lower()
    if not _DIGITS[count].fullmatch(digits):
        shown = text if len(text) <= count + 8 else f"{text[: count + 8]}…"
        raise SignalError(f"{shown!r} is not a {name} hash: it has {count} digits, 0-9 and a-f.")
    return digits


def to_words(hashes: Iterable[str]) -> Words:
    """Hashes of 64 hex digits as an array of shape (n, 4), uint64."""
    data = b"".join(bytes.fromhex(digits) for digits in hashes)
    return np.frombuffer(data, ">u8").astype(np.uint64).reshape(-1, 4)


def from_words(words: Words) -> list[str]:
    """The inverse of `to_words`; `words` of shape (n, 4) or (4,)."""
    data = np.ascontiguousarray(words).astype(">u8").tobytes()
    return [data[place : place + 32].hex() for place in range(0, len(data), 32)]


def distance(one: str, other: str) -> int:
    """How many bits two hashes of equal length differ in."""
    return (int(one, 16) ^ int(other, 16)).bit_count()
