"""Which keys came before: 8 bytes for each that was seen, so that a long file fits.

Sorted arrays of doubling size, like the digits of a binary counter: one more block of keys is
compared with all of them and merged into the smallest.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from consentry.matching.signals.contract import Signal

__all__ = ["Seen"]

Keys = NDArray[np.uint64]


class Seen:
    """The signals of one file so far.

    A signal is remembered as 64 bits of a digest under a key of this run: of a million, two differ
    and look alike with a chance of 1 in 37 million, and nobody can choose them so.
    """

    def __init__(self) -> None:
        """Start with none."""
        self._key = secrets.token_bytes(16)
        self._levels: list[Keys] = []

    def keys(self, signals: Iterable[Signal]) -> Keys:
        """One key for each signal."""
        digests = (
            hashlib.blake2b(f"{one.type}:{one.value}".encode(), digest_size=8, key=self._key)
            for one in signals
        )
        return np.frombuffer(b"".join(one.digest() for one in digests), np.uint64)

    def add(self, keys: Keys) -> NDArray[np.bool_]:
        """Remember `keys`; say of each whether it is new, also within `keys`."""
        order = np.argsort(keys, kind="stable")
        ranked = keys[order]
        first = np.ones(len(keys), np.bool_)
        first[1:] = ranked[1:] != ranked[:-1]
        for level in self._levels:
            places = np.minimum(np.searchsorted(level, ranked), len(level) - 1)
            first &= level[places] != ranked
        self._merge(ranked[first])
        fresh = np.empty(len(keys), np.bool_)
        fresh[order] = first
        return fresh

    def _merge(self, block: Keys) -> None:
        if not len(block):
            return
        while self._levels and len(self._levels[-1]) <= 2 * len(block):
            block = np.concatenate((self._levels.pop(), block))
        self._levels.append(np.sort(block))
