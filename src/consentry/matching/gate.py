"""The gate: fingerprints in, findings out. It asks the banks whether this is a copy of something.

What a match means is decided here, once:

- A bank of kind deny gives its own category, one of kind watch gives `known.watched`.
- An entry that is held gives `known.held`; so does a clip of which fewer than 80 % of the frames
  are in a banked video (vPDQ's rule), and a picture with little detail. `known.child_safety` is
  neither held nor watched: it stays.
- The score is 1.0 for the same hash and 0.5 at the distance that the bank allows, and in between
  in proportion: every match counts for a rule that asks for 0.5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from consentry.findings import Finding
from consentry.matching.fingerprints import FAINT_DISTANCE

if TYPE_CHECKING:
    from consentry.matching.fingerprints import Fingerprints, FramePrint
    from consentry.matching.matcher import Match, Matcher

__all__ = ["CATEGORIES", "CHILD_SAFETY", "NAME", "Looked", "closeness", "look"]

NAME: Final = "matching"
HELD: Final = "known.held"
WATCHED: Final = "known.watched"
CHILD_SAFETY: Final = "known.child_safety"
CATEGORIES: Final = frozenset({"known.removed", "known.intimate", CHILD_SAFETY, WATCHED, HELD})

RADIUS: Final = 31
"""Bits: PDQ's own limit; a bank may ask for less."""

VIDEO_PERCENT: Final = 80.0
"""vPDQ's rule: so many of the clip's frames must be in the banked video."""

_FLAT: Final = (
    "It is unhashable: it has too little detail for a copy to be recognised, so only the bytes of "
    "the file were compared."
)

CountUpload = Callable[[Sequence[int], bytes], Iterable[int]]
"""Counts an upload for the contents that it matched; gives those that became held by it."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What the gate saw.

    Attributes:
        findings: one for each banked content, its nearest match.
        note: what could not be compared, in one sentence, or an empty string.
        sequence: the answer holds every change of the banks up to this one.
    """

    findings: tuple[Finding, ...]
    note: str
    sequence: int


@dataclass(frozen=True, slots=True)
class _Hit:
    """A match and where it was made: which frame, with which of its probes (None: by digest)."""

    match: Match
    frame: int
    turn: str | None = None
    pipeline: str | None = None
    time_s: float | None = None
    bare: bool = False
    faint: bool = False


def look(prints: Fingerprints, matcher: Matcher, count_upload: CountUpload | None) -> Looked:
    """Compare `prints` with everything that is banked.

    Args:
        prints: of one picture or clip.
        matcher: who knows the banks.
        count_upload: given at the stage upload, for the flood breaker.

    Raises:
        IndexBehindError: the index has not seen every change of the banks.
        MatchIndexError: the index cannot answer.
        MatchingMissingError: something is banked and the extra `matching` is not installed.
        StorageError: the database cannot be read.
    """
    hits, sequence = _ask(prints, matcher)
    nearest = _nearest(hits)
    flooded = _flooded(nearest, prints, count_upload)
    shares = _shares(hits, prints)
    findings = (_finding(hit, shares.get(hit.match.content_id), flooded) for hit in nearest)
    return Looked(tuple(findings), _unhashable(prints), sequence)


def closeness(distance: int, limit: int) -> float:
    """The score of a match: 1.0 at distance 0, 0.5 at the bank's `limit`, linear in between."""
    return 1.0 - 0.5 * distance / limit if distance else 1.0


def _ask(prints: Fingerprints, matcher: Matcher) -> tuple[list[_Hit], int]:
    hits: list[_Hit] = []
    sequence = 0
    for place, frame in enumerate(prints.frames):
        if not frame.probes and prints.hashable:
            continue  # the digests are asked for with the others
        radius = FAINT_DISTANCE if frame.faint else RADIUS
        found = matcher.match(
            frame.probes,
            exact=prints.digests,
            radius=radius,
            together=True,
            seed=prints.sha256,
        )
        counted = (match for match in found.matches if match.bank.kind != "allow")
        hits += (_hit(match, place, frame) for match in counted)
        sequence = max(sequence, found.sequence)
    return hits, sequence


def _hit(match: Match, place: int, frame: FramePrint) -> _Hit:
    if match.probe >= len(frame.probes):
        return _Hit(match, -1)
    probe = frame.probes[match.probe]
    bare = match.probe >= frame.inside
    return _Hit(match, place, probe.turn, probe.pipeline, frame.time_s, bare, frame.faint)


def _nearest(hits: Iterable[_Hit]) -> list[_Hit]:
    """The nearest match of each content; of equally near ones the first."""
    best: dict[int, _Hit] = {}
    for hit in hits:
        known = best.get(hit.match.content_id)
        if known is None or hit.match.distance < known.match.distance:
            best[hit.match.content_id] = hit
    return list(best.values())


def _flooded(
    hits: Sequence[_Hit], prints: Fingerprints, count_upload: CountUpload | None
) -> frozenset[int]:
    """The contents that became held by this very upload."""
    matched = [hit.match.content_id for hit in hits if hit.match.state == "active"]
    if count_upload is None or not matched:
        return frozenset()
    return frozenset(count_upload(matched, bytes.fromhex(prints.sha256)))


def _shares(hits: Iterable[_Hit], prints: Fingerprints) -> dict[int, float]:
    """For a clip: how many percent of its frames are in each banked video, turned one way."""
    if not prints.clip:
        return {}
    total = len({frame.probes[0].words.tobytes() for frame in prints.hashable})
    seen: dict[tuple[int, str | None], set[bytes]] = {}
    other: set[int] = set()  # matched by a banked picture or the file's digest: no share needed
    for hit in hits:
        if hit.match.signal_type != "vpdq":
            other.add(hit.match.content_id)
        elif hit.frame >= 0:
            words = prints.frames[hit.frame].probes[0].words.tobytes()
            seen.setdefault((hit.match.content_id, hit.turn), set()).add(words)
    shares: dict[int, float] = {}
    for (content, _), frames in seen.items():
        if content not in other:
            shares[content] = max(shares.get(content, 0.0), 100.0 * len(frames) / total)
    return shares


def _finding(hit: _Hit, share: float | None, flooded: frozenset[int]) -> Finding:
    match = hit.match
    held = match.state == "held" or match.content_id in flooded or hit.faint
    partial = share is not None and share < VIDEO_PERCENT
    category = _category(match, in_doubt=held or partial)
    where = None if hit.time_s is None else {"time_s": round(hit.time_s, 3)}
    detail = dict(_detail(hit, share))
    return Finding(
        category, closeness(match.distance, match.bank.max_distance), NAME, where, detail
    )


def _category(match: Match, *, in_doubt: bool) -> str:
    if match.bank.category == CHILD_SAFETY:
        return CHILD_SAFETY
    if match.bank.kind == "watch":
        return WATCHED
    return HELD if in_doubt else match.bank.category


def _detail(hit: _Hit, share: float | None) -> Iterator[tuple[str, Any]]:
    match = hit.match
    yield "bank", match.bank.name
    yield "content", match.content_id
    yield "signal", match.signal_type
    yield "distance", match.distance
    if hit.turn is not None:
        yield "turn", hit.turn
        yield "pipeline", hit.pipeline
    if hit.bare:
        yield "border", "taken away"
    if hit.faint:
        yield "detail", "little"
    if share is not None:
        yield "percent_of_frames", round(share, 1)
    if match.case is not None:
        yield "case", match.case


def _unhashable(prints: Fingerprints) -> str:
    missing = len(prints.frames) - len(prints.hashable)
    if not missing:
        return ""
    if not prints.clip:
        return _FLAT
    return f"{missing} of {len(prints.frames)} frames are unhashable: they have too little detail."
