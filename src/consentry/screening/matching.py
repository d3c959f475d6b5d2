"""The matching gate on the road: one look at the whole file, beside the detectors.

It differs from a detector in three ways. It is given the whole file, since a clip is recognised by
its frames together and a file by its bytes. Its answer is never kept, since the banks change and
entries expire; only the fingerprints are. And it says which state of the banks it answered from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from consentry.findings import Finding, Stage
from consentry.matching.fingerprints import SIGNALS_VERSION, Fingerprints, take_fingerprints
from consentry.matching.gate import CATEGORIES, NAME, Looked
from consentry.screening.cache import ResultCache
from consentry.screening.opening import Opened

__all__ = ["STAGES", "Matching", "MatchingGate", "MatchingLook"]

STAGES: Final = frozenset({Stage.REFERENCE, Stage.OUTPUT, Stage.UPLOAD})


class Matching(Protocol):
    """What the road needs of whoever keeps the banks and what was seen."""

    def anything_banked(self) -> bool:
        """Whether there is anything to compare with. Never raises: where nobody can say, yes."""
        ...

    def remembers(self, stage: Stage) -> bool:
        """Whether fingerprints of this stage are kept."""
        ...

    def look(self, prints: Fingerprints, stage: Stage) -> Looked:
        """Compare.

        Raises:
            ConsentryError: it could not. An empty answer is never given instead.
        """
        ...


@dataclass(slots=True)
class MatchingLook:
    """The gate for one file, as the Runner sees it.

    Attributes:
        opened: the file.
        stage: where its picture counts.
        gate: who keeps the fingerprints.
        compare: something is banked; else only the fingerprints are taken.
        prints: what was taken.
        looked: what was seen.
    """

    opened: Opened
    stage: Stage
    gate: MatchingGate
    compare: bool
    prints: Fingerprints | None = None
    looked: Looked | None = None
    name: str = NAME
    needs: tuple[str, ...] = ()
    categories: frozenset[str] = CATEGORIES

    @property
    def version(self) -> str:
        """The signals' version and, once it has looked, the last change of the banks it knew."""
        return SIGNALS_VERSION + (f"+{self.looked.sequence}" if self.looked else "")

    @property
    def known(self) -> bool:
        """Whether the fingerprints are there, so that nothing need be decoded for them."""
        return self.gate.knows(self.opened)

    @property
    def note(self) -> str:
        """What could not be compared."""
        return self.looked.note if self.looked else ""

    def detect(self, subject: Any, seen: Mapping[str, Sequence[Finding]]) -> Sequence[Finding]:  # noqa: ANN401  the Runner's protocol; the subject is the file
        """Take the fingerprints, unless they are known, and compare them."""
        del subject, seen
        self.prints = self.gate.prints_of(self.opened)
        if not self.compare:
            return ()
        self.looked = self.gate.matching.look(self.prints, self.stage)
        return self.looked.findings


class MatchingGate:
    """Makes looks, and remembers the fingerprints of files that were looked at before."""

    def __init__(self, matching: Matching, cache_entries: int) -> None:
        """Ask `matching`; keep at most `cache_entries` fingerprints in memory."""
        self.matching = matching
        self._prints: ResultCache[Fingerprints] = ResultCache(cache_entries)

    def look_at(self, opened: Opened, stage: Stage) -> MatchingLook | None:
        """A look at `opened`; None where there is nothing to compare with or to remember."""
        if stage not in STAGES:
            return None
        compare = self.matching.anything_banked()
        if not compare and not self.matching.remembers(stage):
            return None
        return MatchingLook(opened, stage, self, compare)

    def knows(self, opened: Opened) -> bool:
        """Whether the fingerprints are there, so that nothing need be decoded for them."""
        known = self._prints.get(opened.key)
        return known is not None and known.done()

    def prints_of(self, opened: Opened) -> Fingerprints:
        """The fingerprints of `opened`, taken once."""
        known = self._prints.get(opened.key)
        if known is not None and known.done():
            return known.result()
        pictures = opened.decode()
        assert opened.outline is not None  # noqa: S101  for the type checker: it is decoded
        subjects = zip(opened.outline.times, (one.pixels for one in pictures), strict=True)
        clip = opened.outline.kind == "clip"
        prints = take_fingerprints(subjects, opened.data, sha256=opened.sha256, clip=clip)
        self._prints.put(opened.key, prints)
        return prints
