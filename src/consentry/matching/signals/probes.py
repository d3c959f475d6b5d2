"""`Probe`: one hash of a picture, and which way the picture was turned for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from consentry.matching.signals.hashes import MIN_QUALITY, Words

__all__ = ["FLIPS", "TURNS", "Probe"]

TURNS: Final = (
    "upright",
    "rotated_90",
    "rotated_180",
    "rotated_270",
    "upside_down",
    "mirrored",
    "transposed",
    "transversed",
)
"""How the picture that is looked up is turned to give the hash; degrees count anticlockwise."""

FLIPS: Final = {
    (False, False): ("upright", "transposed"),
    (False, True): ("mirrored", "rotated_90"),
    (True, False): ("upside_down", "rotated_270"),
    (True, True): ("rotated_180", "transversed"),
}
"""Which flips of the pixels give which turn, by themselves and with the DCT transposed."""


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """One hash of a picture and how it came about.

    Attributes:
        words: four uint64.
        turn: one of `TURNS`, `as_stored`, or `cropped`.
        pipeline: `full` or `thumbnail`.
        quality: 0 to 100; below 50 a match means little and "no match" means nothing.
    """

    words: Words
    turn: str
    pipeline: str
    quality: int

    @property
    def hashable(self) -> bool:
        """Whether the quality suffices."""
        return self.quality >= MIN_QUALITY
