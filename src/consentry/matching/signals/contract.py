"""The contract of a signal type: what a hash of content is, and how two of them compare.

To add a type, write a class like those in `pdq.py` or `digests.py` and test it by inheriting
`consentry.matching.signals.testing.SignalContract`. What can be hashed says which of the small
protocols below the class also fulfils.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "HashesBytes",
    "HashesFrames",
    "HashesPixels",
    "Outcome",
    "Pixels",
    "Signal",
    "SignalExample",
    "SignalType",
    "TimedFrame",
    "Unhashable",
]

Pixels: TypeAlias = NDArray[np.uint8]
"""Shape (height, width, 3), RGB."""

TimedFrame: TypeAlias = tuple[float, Pixels]
"""Seconds from the start, and the frame."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A hash of content.

    Attributes:
        type: name of its signal type.
        value: the hash as its type writes it.
        quality: 0 to 100 where the type measures it, how much there was to see; else None.
    """

    type: str
    value: str
    quality: int | None = None


@dataclass(frozen=True, slots=True)
class Unhashable:
    """There is no hash worth comparing. This is not "no match": nobody can say.

    Attributes:
        type: name of the signal type.
        reason: one plain sentence.
        quality: as in `Signal`.
    """

    type: str
    reason: str
    quality: int | None = None


Outcome: TypeAlias = Signal | Unhashable


@dataclass(frozen=True, slots=True)
class SignalExample:
    """A hash and what is true of it: demo, documentation and test in one.

    Attributes:
        value: a well-formed hash.
        spelt: other spellings that `parse` turns into `value`.
        distances: other hashes and how far from `value` they are.
        malformed: texts that `parse` must refuse.
    """

    value: str
    spelt: tuple[str, ...] = ()
    distances: Mapping[str, int] = field(default_factory=dict)
    malformed: tuple[str, ...] = ()


@runtime_checkable
class SignalType(Protocol):
    """A way to hash content.

    Attributes:
        name: lower case, `[a-z][a-z0-9_]*`; banks and answers carry it.
        max_distance: two hashes no further apart than this are a match; 0 for exact types.
    """

    name: str
    max_distance: int

    def parse(self, text: str) -> str:
        """`text` in the one spelling that is stored.

        Raises:
            SignalError: `text` is no hash of this type.
        """
        ...

    def distance(self, one: str, other: str) -> int:
        """How far apart two parsed hashes are: 0 when equal, the same in both directions."""
        ...

    @classmethod
    def get_examples(cls) -> Sequence[SignalExample]:
        """At least one, with a malformed text and a distance."""
        ...


@runtime_checkable
class HashesBytes(Protocol):
    """Hashes the bytes of any file."""

    def hash_bytes(self, data: bytes) -> Outcome:
        """The hash of `data`."""
        ...


@runtime_checkable
class HashesPixels(Protocol):
    """Hashes a decoded picture."""

    def hash_pixels(self, pixels: Pixels) -> Outcome:
        """The hash of the picture, or why there is none."""
        ...


@runtime_checkable
class HashesFrames(Protocol):
    """Hashes a video, given as decoded frames."""

    def hash_frames(self, frames: Iterable[TimedFrame]) -> Outcome:
        """The hash of the video, or why there is none."""
        ...
