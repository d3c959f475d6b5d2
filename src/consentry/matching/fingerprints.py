"""Fingerprints: everything that is compared of one file, taken once, without a pixel in it."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from consentry.matching.signals.borders import without_border
from consentry.matching.signals.contract import Pixels, Signal
from consentry.matching.signals.plain import plain_lookup_set
from consentry.matching.signals.probes import Probe

__all__ = [
    "FAINT_DISTANCE",
    "MIN_FAINT",
    "MOST_WORDS",
    "SIGNALS_VERSION",
    "Fingerprints",
    "FramePrint",
    "take_fingerprints",
    "warm_up",
]

SIGNALS_VERSION: Final = "pdq-1"
"""Changes whenever a fingerprint could come out differently."""

_WORTH_LOADING: Final = 100
"""After so many pictures the compiled kernels have paid for the half second of loading them."""

MIN_FAINT: Final = 5
"""Quality from which a hash is compared at all. PDQ advises 50, which a picture escapes by being
darkened to a tenth: then its hash is 4 bits off and its quality 6 to 49, as measured on ten photos.
Below 50 only a match within `FAINT_DISTANCE` counts, and it counts as in doubt."""
FAINT_DISTANCE: Final = 15

MOST_WORDS: Final = 4000
"""So many hashes of one file are remembered; a longer clip keeps frames at even distances."""


@dataclass(frozen=True, slots=True, eq=False)
class FramePrint:
    """The hashes of one picture, or of one frame of a clip, that are worth comparing.

    Attributes:
        probes: the turned hashes of both pipelines, first of the picture as it is, then of what is
            inside its border, where it has one; empty when there is too little detail.
        time_s: seconds into the clip; None for a picture.
        inside: place of the first probe of what is inside the border.
    """

    probes: tuple[Probe, ...]
    time_s: float | None
    inside: int

    @property
    def faint(self) -> bool:
        """Whether there is so little detail that only a very near match means something."""
        return all(not probe.hashable for probe in self.probes)

    @classmethod
    def of(cls, pixels: Pixels, time_s: float | None = None) -> FramePrint:
        """Hash `pixels`."""
        whole = _worth(_hash(pixels))
        bare = without_border(pixels)
        return cls((*whole, *(_worth(_hash(bare)) if bare is not None else ())), time_s, len(whole))


@dataclass(frozen=True, eq=False)
class Fingerprints:
    """What is compared of one file.

    Attributes:
        frames: one for a picture, one for each sampled frame of a clip.
        digests: of the file's bytes.
        sha256: of the file's bytes, 64 hex digits.
        clip: it is a video or an animation.
    """

    frames: tuple[FramePrint, ...]
    digests: tuple[Signal, ...]
    sha256: str
    clip: bool

    @cached_property
    def hashable(self) -> tuple[FramePrint, ...]:
        """The frames that can be compared."""
        return tuple(frame for frame in self.frames if frame.probes)

    @property
    def words(self) -> NDArray[np.uint64]:
        """What is remembered: the hashes of the frames that can be compared, shape (n, 4)."""
        frames = self.hashable
        total = sum(len(frame.probes) for frame in frames)
        step = max(1, -(-total // MOST_WORDS))
        words = [probe.words for frame in frames[::step] for probe in frame.probes]
        return np.array(words, np.uint64).reshape(-1, 4)


def take_fingerprints(
    subjects: Iterable[tuple[float | None, Pixels]], data: bytes, *, sha256: str, clip: bool
) -> Fingerprints:
    """Hash every subject, (seconds into the clip or None, RGB pixels), and the file's bytes."""
    frames = tuple(FramePrint.of(pixels, time_s) for time_s, pixels in subjects)
    return Fingerprints(frames, _digests(data, sha256), sha256, clip)


def _worth(probes: tuple[Probe, ...]) -> tuple[Probe, ...]:
    return probes if probes[0].quality >= MIN_FAINT else ()


class _Hasher:
    """The plain arithmetic at first; the compiled one once it is loaded, or worth loading."""

    def __init__(self) -> None:
        self._compiled: Callable[[Pixels], tuple[Probe, ...]] | None = None
        self._plain = 0
        self._lock = threading.Lock()

    def warm_up(self) -> None:
        """Load the compiled kernels; where they are not installed, stay with the plain ones."""
        with self._lock:
            if self._compiled is not None:
                return
            try:
                from consentry.matching.signals.variants import lookup_set
            except ImportError:
                self._compiled = plain_lookup_set
                return
            lookup_set(np.zeros((200, 600, 3), np.uint8))
            self._compiled = lookup_set

    def __call__(self, pixels: Pixels) -> tuple[Probe, ...]:
        if self._compiled is None:
            self._plain += 1
            if self._plain > _WORTH_LOADING:
                self.warm_up()
        return (self._compiled or plain_lookup_set)(pixels)


_hash: Final = _Hasher()


def warm_up() -> None:
    """Load what is compiled for hashing, some tenths of a second; it need not be called."""
    _hash.warm_up()


def _digests(data: bytes, sha256: str) -> tuple[Signal, ...]:
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return Signal("sha256", sha256), Signal("md5", md5)
