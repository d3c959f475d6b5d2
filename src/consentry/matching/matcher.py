"""The matcher: hashes in, what is known about them out. One per process.

It asks two indexes: one of open banks, whose files all processes share, and one of sealed banks,
in memory alone. A question that finds nothing costs no more of the database than reading where
the log ends, at most every 0.2 seconds; one that finds something costs a query when it is found
for the first time since a bank changed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from consentry.config import Settings
from consentry.matching.banks.values import PERCEPTUAL, exact_words, pack, words_of
from consentry.matching.known import KnownSignals
from consentry.matching.matches import Match, Matches, Question, judge
from consentry.matching.shelves import MatcherState, Shelves
from consentry.matching.signals.contract import Signal
from consentry.storage import Storage
from consentry.storage.vault import Vault

__all__ = ["RADIUS", "HasWords", "Match", "Matcher", "MatcherState", "Matches", "Probes"]

Words: TypeAlias = NDArray[np.uint64]
RADIUS: Final = 31
"""Bits: further apart is no match."""


class HasWords(Protocol):
    """A probe: see `consentry.matching.signals.variants.Probe`."""

    @property
    def words(self) -> Words:
        """Four uint64."""
        ...


Probes: TypeAlias = Sequence[HasWords] | Sequence[Words] | Words
"""Hashes to look up, as probes or as an array of shape (n, 4)."""


class Matcher:
    """Answers questions about hashes. Safe to use from several threads."""

    def __init__(self, settings: Settings, storage: Storage, *, follow: bool = False) -> None:
        """See `open`."""
        self._storage = storage
        self._known = KnownSignals(storage)
        self._shelves = Shelves(settings.home / "index", storage, follow=follow)

    @classmethod
    def open(cls, settings: Settings, storage: Storage, *, follow: bool = False) -> Self:
        """The matcher of an installation: at once, for indexes are opened when they are needed.

        With `follow`, threads of this process keep them up to date and write their files.
        """
        return cls(settings, storage, follow=follow)

    def match(  # noqa: PLR0913  a question and how to judge it, by name
        self,
        probes: Probes,
        *,
        exact: Sequence[Signal] = (),
        radius: int = RADIUS,
        banks: Collection[str] | None = None,
        at_least: int = 0,
        together: bool = False,
        seed: str | None = None,
        bypass_ratio: bool = False,
    ) -> Matches:
        """What is known within `radius` (0 to 31) bits of each probe, or equal to a digest.

        Thousands of probes are as welcome as one. Probes of a picture find pictures and frames of
        videos. `exact` has digests of files; their `Match.probe` counts on from the probes.

        Args:
            probes: hashes to look up.
            exact: digests of files to look up.
            radius: further away is no match; a bank may ask for less.
            banks: names of the banks to ask; without it all of them.
            at_least: the answer holds every change up to this one, as `Banks.add` gave it.
            together: everything is of one picture, so an allowed one clears the others.
            seed: who gets banks that are enabled in part: the same seed, the same answer.
            bypass_ratio: ask those banks in any case.

        Raises:
            IndexBehindError, MatchIndexError: the index cannot answer; never read that as "none".
            MatchingMissingError: something is banked, but the extra `matching` is not installed.
            SignalError: a digest is malformed.
            StorageError: the database cannot be read.
        """
        words = _words(probes)
        kinds = ["picture"] * len(words) + [one.type for one in exact]
        if exact:
            words = np.concatenate([words, exact_words(self._storage.vault, exact)])
        question = Question(
            words, kinds, range(len(words)), _now(), banks, together, seed, bypass_ratio
        )
        return self._answer(question, radius, at_least)

    def match_exact(self, signal_type: str, values: Sequence[str], **how: Any) -> Matches:  # noqa: ANN401  as in `match`
        """What has exactly one of these digests; arguments and errors as for `match`."""
        none = np.empty((0, 4), np.uint64)
        return self.match(none, exact=[Signal(signal_type, value) for value in values], **how)

    def match_signals(  # noqa: PLR0913  a question and how to judge it, by name
        self,
        signals: Sequence[Signal],
        *,
        radius: int = RADIUS,
        banks: Collection[str] | None = None,
        at_least: int = 0,
        together: bool = False,
        seed: str | None = None,
        bypass_ratio: bool = False,
        raw: bool = False,
    ) -> Matches:
        """Hashes of any type, each compared with its like; `Match.probe` is the place in `signals`.

        Two videos match by the rule of vPDQ; a match's distance is then the per cent of the asked
        video's frames that the known one lacks. With `raw`, what is switched off is told too, and
        allowed pictures clear nothing. Other arguments and errors as for `match`.
        """
        parts = [_asked(self._storage.vault, signal) for signal in signals]
        lengths = [len(part) for part in parts]
        question = Question(
            np.concatenate([np.empty((0, 4), np.uint64), *parts]),
            [one.type for one, count in zip(signals, lengths, strict=True) for _ in range(count)],
            [place for place, count in enumerate(lengths) for _ in range(count)],
            _now(),
            banks,
            together,
            seed,
            bypass_ratio,
            raw,
        )
        return self._answer(question, radius, at_least)

    def _answer(self, question: Question, radius: int, at_least: int) -> Matches:
        hits, sequence = self._shelves.search(question.words, radius, at_least)
        if not hits:
            return Matches((), sequence)
        signals = self._known.of({hit.signal_id for hit in hits})
        return Matches(judge(question, hits, signals), sequence)

    @property
    def anything_banked(self) -> bool:
        """Whether any hash was ever banked, so that a question has something to find.

        Raises:
            StorageError: the database cannot be read.
        """
        return self._shelves.anything()

    @property
    def ready(self) -> bool:
        """Whether a question could be answered at once.

        Raises:
            StorageError: the database cannot be read.
        """
        return self._shelves.ready()

    def follow(self) -> None:
        """Keep indexes up to date in threads of this process until `close`, as `open` can."""
        self._shelves.follow()

    def warm_up(self) -> None:
        """Open every index that is needed, and compile: some seconds, the first time.

        Raises:
            MatchIndexError, MatchingMissingError, StorageError: as for `match`.
        """
        self.match(np.zeros((1, 4), np.uint64))

    def state(self) -> MatcherState:
        """Sizes and lag, for metrics.

        Raises:
            StorageError: the database cannot be read.
        """
        return self._shelves.state()

    def close(self) -> None:
        """Stop following. Questions are still answered; the indexes catch up by themselves."""
        self._shelves.close()

    def __enter__(self) -> Self:
        """The matcher itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()


def _words(probes: Probes) -> Words:
    if isinstance(probes, np.ndarray):
        return np.ascontiguousarray(probes, np.uint64).reshape(-1, 4)
    words = [one if isinstance(one, np.ndarray) else one.words for one in probes]
    return np.array(words, np.uint64).reshape(-1, 4)


def _asked(vault: Vault, signal: Signal) -> Words:
    if signal.type in PERCEPTUAL:
        return words_of(signal.type, pack(signal)[0])
    return exact_words(vault, [signal])


def _now() -> datetime:
    return datetime.now(UTC)
