"""The work behind `consentry sweep`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from consentry.cli.bank_media_work import given_hashes, read_thing
from consentry.cli.bank_parts import Parts, open_banks
from consentry.config import load_settings
from consentry.guard import Guard
from consentry.matching.banks import exact_words
from consentry.matching.banks.values import PERCEPTUAL
from consentry.matching.hashing import clip_signals, file_signals, picture_signals
from consentry.matching.seen import Seen
from consentry.matching.signals.contract import Signal
from consentry.matching.signals.frames import parse_frames, usable
from consentry.matching.signals.hashes import to_words
from consentry.media import Clip, MediaDecoder

__all__ = ["for_bank", "for_things"]


def for_bank(bank: str, content: int | None) -> Iterator[dict[str, Any]]:
    """What was seen of a bank, or of one entry; newest first.

    Raises:
        ConsentryError: the bank or the entry is unknown, or what was seen cannot be looked up.
    """
    with Guard.open(load_settings()) as guard:
        for one in guard.sweep(bank, content):
            yield {
                "bank": bank,
                "content": one.content_id,
                "decision": one.decision_id,
                "stage": one.stage,
                "at": one.at,
                "distance": one.distance,
            }


def for_things(things: Sequence[str], max_distance: int) -> Iterator[dict[str, Any]]:
    """What was seen of files or hashes, newest first for each.

    Raises:
        ConsentryError: one cannot be read, or what was seen cannot be looked up.
    """
    with open_banks() as parts, MediaDecoder(parts.settings.media) as decoder:
        seen = Seen.open(parts.settings, parts.storage)
        try:
            for thing in things:
                signals = given_hashes(thing) or _hashed(thing, parts, decoder)
                yield from _seen(thing, seen, _words(parts, signals), max_distance)
        finally:
            seen.close()


def _seen(
    thing: str, seen: Seen, words: NDArray[np.uint64], max_distance: int
) -> Iterator[dict[str, Any]]:
    nearest = {}
    for one in sorted(seen.sweep(words, max_distance), key=lambda sighting: -sighting.distance):
        nearest[one.decision_id] = one
    for one in sorted(nearest.values(), key=lambda sighting: sighting.at, reverse=True):
        yield {
            "input": thing,
            "decision": one.decision_id,
            "stage": one.stage,
            "at": one.at,
            "distance": one.distance,
        }


def _hashed(thing: str, parts: Parts, decoder: MediaDecoder) -> list[Signal]:
    """A file as it would be banked; its crops are not asked for."""
    data = read_thing(thing, parts.settings.media.video_max_bytes)
    media = decoder.decode(data)
    if isinstance(media, Clip):
        looks = clip_signals((frame.time_s, frame.picture.pixels) for frame in media.frames)
    else:
        looks = picture_signals(media.pixels, media.metadata.orientation, crops=False)
    return [*looks, *file_signals(data)]


def _words(parts: Parts, signals: Sequence[Signal]) -> NDArray[np.uint64]:
    """What is looked up: every perceptual hash, and keyed digests of the exact ones."""
    digits = [one.value for one in signals if one.type == "pdq"]
    for one in signals:
        if one.type == "vpdq":
            digits += [frame.digits for frame in usable(parse_frames(one.value))]
    exact = [one for one in signals if one.type not in PERCEPTUAL]
    return np.concatenate([to_words(digits), exact_words(parts.storage.vault, exact)])
