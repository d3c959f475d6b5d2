"""What to bank of a file: every hash by which its copies will be found."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from consentry.errors import SignalError
from consentry.matching.signals.contract import Pixels, Signal, TimedFrame
from consentry.media import Clip, Picture

__all__ = ["clip_signals", "file_signals", "media_signals", "picture_signals"]


def media_signals(media: Picture | Clip, *, crops: bool = True) -> list[Signal]:
    """The perceptual hashes to bank of a picture or a clip; see the two functions below.

    Raises:
        SignalError: it has too little detail for its copies to be recognised.
    """
    if isinstance(media, Clip):
        found = clip_signals((frame.time_s, frame.picture.pixels) for frame in media.frames)
    else:
        found = picture_signals(media.pixels, media.metadata.orientation, crops=crops)
    if not found:
        raise SignalError(
            "It has too little detail for its copies to be recognised.",
            hint="Bank its SHA-256 to find the very same file.",
        )
    return found


def file_signals(data: bytes) -> list[Signal]:
    """SHA-256 and MD5 of the file: they find the very same bytes."""
    md5 = hashlib.md5(data, usedforsecurity=False)
    return [
        Signal("sha256", hashlib.sha256(data).hexdigest()),
        Signal("md5", md5.hexdigest()),
    ]


def picture_signals(pixels: Pixels, orientation: int = 1, *, crops: bool = True) -> list[Signal]:
    """PDQ of an upright picture that its file stored in `orientation` (EXIF, 1 to 8).

    Both pipelines, upright and as stored, and with `crops` up to 112 of the crops that people make
    most. Empty when the picture has too little detail to be recognised.
    """
    from consentry.matching.signals.crops import crop_set
    from consentry.matching.signals.hashes import from_words
    from consentry.matching.signals.variants import bank_set

    probes = [probe for probe in bank_set(pixels, orientation) if probe.hashable]
    if probes and crops:
        probes += crop_set(pixels)
    digits = dict.fromkeys(from_words(probe.words)[0] for probe in probes)
    return [Signal("pdq", one) for one in digits]


def clip_signals(frames: Iterable[TimedFrame]) -> list[Signal]:
    """VPDQ of the frames, all of them; empty when none has enough detail to be recognised."""
    from consentry.matching.signals.video import VideoPdq

    hashed = VideoPdq(seconds_per_hash=0).hash_frames(frames)
    return [hashed] if isinstance(hashed, Signal) else []
