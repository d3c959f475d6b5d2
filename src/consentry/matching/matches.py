"""From hits of an index to matches: what each bank says about them is applied here.

Distance, expiry, a time for which something is switched off, the part of pictures that a bank is
enabled for, and banks of what is allowed. Nothing of that touches `known.child_safety` but its
distance and expiry.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from consentry.matching.banks.coding import iso
from consentry.matching.banks.forms import CHILD_SAFETY
from consentry.matching.banks.records import Bank, State
from consentry.matching.banks.values import PERCEPTUAL
from consentry.matching.known import Known
from consentry.matching.signals.frames import QUERY_PERCENT

__all__ = ["Hit", "Match", "Matches", "Question", "fold_videos", "judge"]

FORGEABLE: Final = frozenset({"md5", "video_md5"})


@dataclass(frozen=True, slots=True)
class Hit:
    """One entry of an index near one of the hashes asked for: which, which frame of it, how far."""

    place: int
    signal_id: int
    frame: int
    distance: int


@dataclass(frozen=True, slots=True)
class Match:
    """Something known that a probe is a copy of.

    Attributes:
        bank: that knows it.
        content_id: in the bank.
        signal_id: the hash that was near.
        signal_type: `pdq`, `vpdq`, `md5`, …
        distance: bits apart, 0 to 31; for two videos, per cent of frames that were not found.
        probe: place among the probes, or their number plus the place among the exact digests.
        state: a `held` one is for a person to judge, not to be enforced.
        case: link to the case that it was removed in, or None.
        frame: which frame of a banked video; 0 for everything else.
    """

    bank: Bank
    content_id: int
    signal_id: int
    signal_type: str
    distance: int
    probe: int
    state: State
    case: str | None
    frame: int


@dataclass(frozen=True, slots=True)
class Matches:
    """The answer to a question.

    Attributes:
        matches: by probe, then distance, then content.
        sequence: it holds every change of the banks up to this one.
        complete: always True: an answer that is not complete is an error instead.
    """

    matches: tuple[Match, ...]
    sequence: int
    complete: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What is asked, hash by hash, and how the hits are to be judged.

    Attributes:
        words: the hashes, uint64, shape (n, 4).
        kinds: of each: `picture`, which also finds frames of videos; `pdq`; `vpdq`, a frame of a
            video; or the type of an exact digest.
        owners: of each, the probe that it belongs to; rising.
        at: the moment of the question.
        banks: names of the banks to ask, or None for all.
        together: all probes are of one picture or video, so one that is allowed clears the others.
        seed: decides for whom a bank that is enabled in part is enabled; None takes the hash.
        bypass_ratio: ask banks that are enabled in part as if they were enabled in full.
        raw: everything that is near, in force or not, and whether allowed or not.
    """

    words: NDArray[np.uint64]
    kinds: Sequence[str]
    owners: Sequence[int]
    at: datetime
    banks: Collection[str] | None = None
    together: bool = False
    seed: str | None = None
    bypass_ratio: bool = False
    raw: bool = False

    def group(self, owner: int) -> int:
        """Which probes are one picture."""
        return 0 if self.together else owner

    def draw(self, bank_id: int, hit: Hit) -> float:
        """A number from 0 to 1 that is the same for the same bank and seed."""
        seed = self.seed
        if seed is None:
            seed = self.words[0 if self.together else hit.place].tobytes().hex()
        drawn = hashlib.sha256(f"{bank_id}:{seed}".encode()).digest()
        return int.from_bytes(drawn[:8], "big") / 2**64


def judge(
    question: Question, hits: Iterable[Hit], signals: Mapping[int, Known | None]
) -> tuple[Match, ...]:
    """The hits that count, as matches; `signals` is what the database says about their hashes."""
    found = []
    for hit in hits:
        known = signals.get(hit.signal_id)  # None: taken out since
        if known is None or not _fits(hit, known.type, question.kinds[hit.place]):
            continue
        if _counts(question, hit, known):
            found.append((hit, _match(question, hit, known)))
    kept = _not_cleared(question, fold_videos(question, found))
    return tuple(sorted(kept, key=lambda one: (one.probe, one.distance, one.signal_id, one.frame)))


def _fits(hit: Hit, signal_type: str, kind: str) -> bool:
    """Whether a digest met a digest, a picture a picture."""
    if kind == "picture":
        return signal_type in PERCEPTUAL
    if kind in PERCEPTUAL:
        return signal_type == kind
    return signal_type not in PERCEPTUAL and hit.distance == 0


def _counts(question: Question, hit: Hit, known: Known) -> bool:
    bank = known.bank
    moment = iso(question.at) or ""
    if question.banks is not None and bank.name not in question.banks:
        return False
    if hit.distance > bank.max_distance or (known.expires_at or "~") <= moment:
        return False
    if bank.category == CHILD_SAFETY or question.raw:
        return True
    if (known.disable_until or "") > moment:
        return False
    in_full = bank.enabled_ratio >= 1 or question.bypass_ratio
    return in_full or question.draw(bank.id, hit) < bank.enabled_ratio


def _match(question: Question, hit: Hit, known: Known) -> Match:
    held = known.state == "held" and known.bank.category != CHILD_SAFETY
    return Match(
        bank=known.bank,
        content_id=known.content_id,
        signal_id=hit.signal_id,
        signal_type=known.type,
        distance=hit.distance,
        probe=question.owners[hit.place],
        state="held" if held else "active",
        case=known.case,
        frame=hit.frame,
    )


def fold_videos(question: Question, found: Iterable[tuple[Hit, Match]]) -> list[Match]:
    """Frames of one video near frames of another, as one match of the two, or none.

    The rule of vPDQ: enough of the frames that were asked for are found in the known video.
    """
    plain: list[Match] = []
    frames: dict[tuple[int, int], tuple[Match, set[int]]] = {}
    for hit, match in found:
        if question.kinds[hit.place] == "vpdq":
            first = frames.setdefault((match.probe, match.signal_id), (match, set()))
            first[1].add(hit.place)
        else:
            plain.append(match)
    asked = Counter(question.owners) if frames else Counter[int]()
    for match, places in frames.values():
        percent = 100 * len(places) / asked[match.probe]
        if percent >= QUERY_PERCENT:
            plain.append(replace(match, distance=int(np.ceil(100 - percent)), frame=0))
    return plain


def _not_cleared(question: Question, found: Sequence[Match]) -> Iterator[Match]:
    """What no allowed picture takes away: one that is at least as near."""
    allowed = _nearest_allowed(question, found)
    for one in found:
        cleared = allowed.get(question.group(one.probe), 256) <= one.distance and not question.raw
        if one.bank.kind == "allow" or one.bank.category == CHILD_SAFETY or not cleared:
            yield one


def _nearest_allowed(question: Question, found: Sequence[Match]) -> dict[int, int]:
    """How near what is allowed is to each group; digests that people forge do not count."""
    nearest: dict[int, int] = {}
    for one in found:
        if one.bank.kind == "allow" and one.state == "active" and one.signal_type not in FORGEABLE:
            group = question.group(one.probe)
            nearest[group] = min(nearest.get(group, 256), one.distance)
    return nearest
