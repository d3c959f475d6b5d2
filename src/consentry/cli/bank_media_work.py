"""The work behind `consentry bank add` and `match`: files become hashes, hashes are asked for."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from consentry.cli.bank_parts import open_banks, opened_matcher
from consentry.errors import InputError
from consentry.matching.banks import Metadata, parse_signal
from consentry.matching.matcher import Match, Matcher, Matches
from consentry.matching.signals.contract import Signal, Unhashable
from consentry.matching.signals.hashes import from_words
from consentry.matching.signals.variants import Probe, bank_set, lookup_set
from consentry.matching.signals.video import VideoPdq
from consentry.media import Clip, MediaDecoder, Picture

__all__ = ["Answer", "added", "matched"]

_TYPED: Final = re.compile(r"([a-z0-9_]+):(.+)", re.DOTALL)
_BARE: Final[Mapping[int, tuple[str, ...]]] = {32: ("md5", "video_md5"), 64: ("pdq", "sha256")}
_POOR: Final = "It has too little detail to be recognised: only the very same file is found."


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one file or hash.

    Attributes:
        input: as it was typed.
        looked_up: False when it could not be asked for.
        matches: JSON-ready, nearest first.
        told: sentences: what could not be done.
        sequence: the last change of the banks that the answer holds.
    """

    input: str
    looked_up: bool
    matches: tuple[dict[str, Any], ...] = ()
    told: tuple[str, ...] = ()
    sequence: int | None = None

    def as_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "input": self.input,
            "looked_up": self.looked_up,
            "matches": list(self.matches),
            "sequence": self.sequence,
            "told": list(self.told),
        }


def added(
    name: str, things: Sequence[str], *, crops: bool, about: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Bank each of `things`, a file or a hash; gives one JSON-ready line for each.

    Raises:
        ConsentryError: one cannot be banked; those before it are.
    """
    rest = {key: value for key, value in about.items() if key != "uri"}
    metadata = Metadata(content_uri=about["uri"])
    with open_banks() as parts, MediaDecoder(parts.settings.media) as decoder:
        limit = parts.settings.media.video_max_bytes
        for thing in things:
            told: list[str] = []
            signals = _signals(thing, decoder, limit, crops=crops, tell=told.append)
            done = parts.banks.add(name, signals, metadata=metadata, **rest)
            yield {
                "input": thing,
                "content": done.content_id,
                "signals": dict(Counter(one.type for one in signals)),
                "sequence": done.sequence,
                "told": told,
            }


def matched(
    things: Sequence[str], banks: Collection[str] | None, max_distance: int
) -> Iterator[Answer]:
    """Look each of `things`, a file or a hash, up; one that cannot be read is said so.

    Raises:
        ConsentryError: a bank is unknown, or nothing can be looked up at all.
    """
    with (
        open_banks() as parts,
        opened_matcher(parts) as matcher,
        MediaDecoder(parts.settings.media) as decoder,
    ):
        for name in banks or ():
            parts.banks.get(name)
        asking = _Asking(matcher, banks, max_distance)
        for thing in things:
            try:
                yield _ask(thing, decoder, parts.settings.media.video_max_bytes, asking)
            except InputError as error:
                yield Answer(thing, looked_up=False, told=(str(error),))


@dataclass(frozen=True, slots=True)
class _Asking:
    """How the matcher is asked."""

    matcher: Matcher
    banks: Collection[str] | None
    radius: int

    def signals(self, signals: Sequence[Signal]) -> Matches:
        return self.matcher.match_signals(signals, radius=self.radius, banks=self.banks)

    def picture(self, probes: Sequence[Probe], exact: Sequence[Signal]) -> Matches:
        return self.matcher.match(
            probes, exact=exact, radius=self.radius, banks=self.banks, together=True
        )


def _ask(thing: str, decoder: MediaDecoder, limit: int, asking: _Asking) -> Answer:
    given = _given_hashes(thing)
    if given:
        return _answer(thing, asking.signals(given), ())
    data, media = _opened(thing, decoder, limit)
    exact = _digests(data, clip=isinstance(media, Clip))
    if isinstance(media, Picture):
        probes = [probe for probe in lookup_set(media.pixels) if probe.hashable]
        return _answer(thing, asking.picture(probes, exact), probes, () if probes else (_POOR,))
    frames = _frames(media)
    whole = [*exact, frames] if isinstance(frames, Signal) else exact
    return _answer(thing, asking.signals(whole), (), () if isinstance(frames, Signal) else (_POOR,))


def _answer(
    thing: str, found: Matches, probes: Sequence[Probe], told: tuple[str, ...] = ()
) -> Answer:
    nearest: dict[tuple[int, str], dict[str, Any]] = {}
    for one in sorted(found.matches, key=lambda match: match.distance):
        nearest.setdefault((one.content_id, one.signal_type), _match_json(one, probes))
    return Answer(thing, True, tuple(nearest.values()), told, found.sequence)  # noqa: FBT003  the field's name is `looked_up`


def _match_json(one: Match, probes: Sequence[Probe]) -> dict[str, Any]:
    probe = probes[one.probe] if one.probe < len(probes) else None
    return {
        "bank": one.bank.name,
        "kind": one.bank.kind,
        "category": one.bank.category,
        "content": one.content_id,
        "state": one.state,
        "signal": one.signal_type,
        "distance": one.distance,
        "turn": probe and probe.turn,
        "pipeline": probe and probe.pipeline,
        "case": one.case,
    }


def _signals(
    thing: str, decoder: MediaDecoder, limit: int, *, crops: bool, tell: Callable[[str], None]
) -> list[Signal]:
    """The hashes to bank for a file or a hash."""
    given = _given_hashes(thing)
    if len(given) > 1:
        kinds = " or ".join(one.type for one in given)
        raise InputError(f"{thing[:80]} may be {kinds}.", hint=f"Write {given[0].type}:HASH.")
    if given:
        return given
    data, media = _opened(thing, decoder, limit)
    signals = _digests(data, clip=isinstance(media, Clip))
    if isinstance(media, Picture):
        looks = _pdqs(media, crops=crops)
    else:
        frames = _frames(media)
        looks = [frames] if isinstance(frames, Signal) else []
    if not looks:
        tell(_POOR)
    return [*looks, *signals]


def _pdqs(picture: Picture, *, crops: bool) -> list[Signal]:
    probes = list(bank_set(picture.pixels, picture.metadata.orientation))
    if crops:
        from consentry.matching.signals.crops import crop_set

        probes += crop_set(picture.pixels)
    good = (probe for probe in probes if probe.hashable)
    return [Signal("pdq", from_words(probe.words)[0], probe.quality) for probe in good]


def _digests(data: bytes, *, clip: bool) -> list[Signal]:
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    sha256 = hashlib.sha256(data).hexdigest()
    kinds = ("md5", "video_md5") if clip else ("md5",)
    return [Signal("sha256", sha256), *(Signal(kind, md5) for kind in kinds)]


def _frames(clip: Clip) -> Signal | Unhashable:
    return VideoPdq().hash_frames((one.time_s, one.picture.pixels) for one in clip.frames)


def _given_hashes(thing: str) -> list[Signal]:
    """What a hash on the command line may be; nothing when it names a file.

    Raises:
        SignalError: it names a type and is no hash of it.
    """
    if Path(thing).exists():
        return []
    typed = _TYPED.fullmatch(thing)
    if typed and not thing.startswith("/"):
        return [parse_signal(typed[1], typed[2])]
    if re.fullmatch(r"[0-9a-fA-F]+", thing):
        return [parse_signal(kind, thing) for kind in _BARE.get(len(thing), ())]
    return []


def _opened(thing: str, decoder: MediaDecoder, limit: int) -> tuple[bytes, Picture | Clip]:
    """The bytes of a file, no more than are read in one go, and what they show.

    Raises:
        InputError: the file cannot be read, or used.
    """
    path = Path(thing)
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise InputError(f"{thing} cannot be read: {error.strerror}.") from error
    return data, decoder.decode(data, name=path.name)
