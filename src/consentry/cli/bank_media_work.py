"""The work behind `consentry bank add` and `match`: files become hashes, hashes are asked for."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from consentry.cli.bank_parts import open_banks, opened_matcher
from consentry.config import load_settings
from consentry.errors import InputError
from consentry.guard import Guard
from consentry.matching.banks import Metadata, parse_signal
from consentry.matching.fingerprints import Fingerprints, take_fingerprints
from consentry.matching.matcher import Match, Matcher, Matches
from consentry.matching.signals.contract import Signal
from consentry.matching.signals.probes import Probe
from consentry.media import Clip, MediaDecoder

__all__ = ["Answer", "added", "given_hashes", "matched", "read_thing"]

_TYPED: Final = re.compile(r"([a-z0-9_]+):(.+)", re.DOTALL)
_BARE: Final[Mapping[int, tuple[str, ...]]] = MappingProxyType(
    {32: ("md5",), 64: ("pdq", "sha256")}
)
"""What a hash of so many digits may be; `video_md5` is the same digest as `md5`."""
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
    with Guard.open(load_settings()) as guard:
        guard.banks.get(name)
        for thing in things:
            signals = _one_hash(thing)
            if signals:
                done = guard.banks.add(name, signals, metadata=metadata, **rest)
            else:
                data = read_thing(thing, guard.settings.media.video_max_bytes)
                done = guard.bank_picture(name, data, crops=crops, metadata=metadata, **rest)
            yield {
                "input": thing,
                "content": done.content_id,
                "hashes": len(done.signal_ids),
                "sequence": done.sequence,
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

    def frame(self, probes: Sequence[Probe], prints: Fingerprints) -> Matches:
        """As the gate asks, so that both say the same."""
        return self.matcher.match(
            probes,
            exact=prints.digests,
            radius=self.radius,
            banks=self.banks,
            together=True,
            seed=prints.sha256,
        )


def _ask(thing: str, decoder: MediaDecoder, limit: int, asking: _Asking) -> Answer:
    given = given_hashes(thing)
    if given:
        found = asking.signals(given)
        return _answer(thing, [(one, ()) for one in found.matches], found.sequence)
    prints = _fingerprints(thing, decoder, limit)
    hits: list[tuple[Match, Sequence[Probe]]] = []
    sequence = 0
    for probes in [frame.probes for frame in prints.hashable] or [()]:
        found = asking.frame(probes, prints)
        hits += [(one, probes) for one in found.matches]
        sequence = found.sequence
    return _answer(thing, hits, sequence, () if prints.hashable else (_POOR,))


def _fingerprints(thing: str, decoder: MediaDecoder, limit: int) -> Fingerprints:
    """What is compared of a file.

    Raises:
        InputError: it cannot be read, or used.
    """
    data = read_thing(thing, limit)
    media = decoder.decode(data, name=Path(thing).name)
    clip = isinstance(media, Clip)
    if isinstance(media, Clip):
        subjects = [(frame.time_s, frame.picture.pixels) for frame in media.frames]
        return take_fingerprints(subjects, data, sha256=media.sha256, clip=clip)
    return take_fingerprints([(None, media.pixels)], data, sha256=media.sha256, clip=clip)


def _answer(
    thing: str,
    hits: Sequence[tuple[Match, Sequence[Probe]]],
    sequence: int,
    told: tuple[str, ...] = (),
) -> Answer:
    nearest: dict[tuple[int, str], dict[str, Any]] = {}
    for one, probes in sorted(hits, key=lambda hit: hit[0].distance):
        nearest.setdefault((one.content_id, one.signal_type), _match_json(one, probes))
    return Answer(
        thing, looked_up=True, matches=tuple(nearest.values()), told=told, sequence=sequence
    )


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


def _one_hash(thing: str) -> list[Signal]:
    """The hash that `thing` is; nothing when it names a file.

    Raises:
        InputError: it may be a hash of two types.
    """
    given = given_hashes(thing)
    if len(given) > 1:
        kinds = " or ".join(one.type for one in given)
        raise InputError(f"{thing[:80]} may be {kinds}.", hint=f"Write {given[0].type}:HASH.")
    return given


def given_hashes(thing: str) -> list[Signal]:
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


def read_thing(thing: str, limit: int) -> bytes:
    """The bytes of a file; no more than are read in one go, so that its size can be refused.

    Raises:
        InputError: it cannot be read.
    """
    try:
        with Path(thing).open("rb") as file:
            return file.read(limit + 1)
    except OSError as error:
        raise InputError(f"{thing} cannot be read: {error.strerror}.") from error
