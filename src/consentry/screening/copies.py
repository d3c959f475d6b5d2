"""Copies: what is banked and what was seen before, in one place for the road and the guard.

Fingerprints of uploads and outputs are kept for as long as settings and policy both allow, so that
a sweep finds copies of something that is banked later. Hashing goes on beside the detectors; the
fingerprint is stored after the decision, before anybody is told that there is one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Final

import numpy as np

from consentry.config import Settings
from consentry.errors import ConsentryError
from consentry.findings import Stage
from consentry.matching import fingerprints, gate
from consentry.matching.fingerprints import Fingerprints
from consentry.matching.follower import Follower
from consentry.matching.gate import Looked
from consentry.policy.engine import Policy
from consentry.screening.warming import Warmer
from consentry.storage import Storage

if TYPE_CHECKING:  # much to load, and not needed before something is banked or remembered
    from consentry.matching.banks import Banks
    from consentry.matching.matcher import Matcher
    from consentry.matching.seen import Seen

__all__ = ["REMEMBERED", "Copies", "PastCopy"]

REMEMBERED: Final = frozenset({Stage.UPLOAD, Stage.OUTPUT})
_UPKEEP_S: Final = 3600.0
_AT_ONCE: Final = 1000  # entries of a bank that one lookup sweeps for


@dataclass(frozen=True, slots=True)
class PastCopy:
    """A past upload or output that is a copy of something that is banked.

    Attributes:
        content_id: the entry of the bank.
        decision_id: of the decision about it.
        stage: `upload` or `output`.
        at: when it was seen, ISO 8601, UTC.
        distance: bits apart, 0 for the same hash or the very same file.
    """

    content_id: int
    decision_id: str
    stage: str
    at: str
    distance: int


class Copies:
    """The banks, the matcher and the memory of one installation. Threads may share it."""

    def __init__(self, settings: Settings, storage: Storage, policy: Policy) -> None:
        """Load nothing heavy: banks, indexes and compiled code are loaded when they are needed."""
        self.remember_days = _days(settings, policy)
        self._settings = settings
        self._storage = storage
        self._lock = threading.RLock()
        self._banks: Banks | None = None
        self._matcher: Matcher | None = None
        self._seen: Seen | None = None
        self._following = False
        self._upkeep = Follower((self.tidy,), _UPKEEP_S)
        self._tidied = time.monotonic()
        self._warmer = Warmer()

    @property
    def banks(self) -> Banks:
        """The banks."""
        with self._lock:
            if self._banks is None:
                from consentry.matching.banks import Banks

                self._banks = Banks(self._storage)
            return self._banks

    @property
    def matcher(self) -> Matcher:
        """Answers what is known about hashes."""
        with self._lock:
            if self._matcher is None:
                from consentry.matching.matcher import Matcher

                self._matcher = Matcher.open(self._settings, self._storage, follow=self._following)
            return self._matcher

    @property
    def seen(self) -> Seen:
        """The memory of what was screened."""
        with self._lock:
            if self._seen is None:
                from consentry.matching.seen import Seen

                self._seen = Seen.open(self._settings, self._storage)
            return self._seen

    def anything_banked(self) -> bool:
        """Whether there is anything to compare with; where the database cannot say, yes."""
        try:
            if self._matcher is not None:
                return self._matcher.anything_banked
            heads = self._storage.sequences.heads()  # ask first, load only then
        except ConsentryError:
            return True
        return bool(heads["banks.open"] or heads["banks.sealed"])

    def remembers(self, stage: Stage) -> bool:
        """Whether fingerprints of this stage are kept."""
        return self.remember_days > 0 and stage in REMEMBERED

    def look(self, prints: Fingerprints, stage: Stage) -> Looked:
        """Compare with the banks; an upload counts for the flood breaker.

        Raises:
            ConsentryError: see `consentry.matching.gate.look`.
        """
        return gate.look(prints, self.matcher, self._count if stage is Stage.UPLOAD else None)

    def remember(self, decision_id: str, stage: Stage, prints: Fingerprints) -> None:
        """Keep the fingerprints of a decision, if those of its stage are kept.

        Raises:
            StorageError: they could not be stored.
        """
        if not self.remembers(stage):
            return
        from consentry.matching.banks import exact_words

        digests = exact_words(self._storage.vault, prints.digests)
        words = np.concatenate([prints.words, digests])
        until = datetime.now(UTC) + timedelta(days=self.remember_days)
        self.seen.remember(decision_id, stage.value, words, until)
        if time.monotonic() - self._tidied > _UPKEEP_S:
            self.tidy()

    def sweep(self, bank: str, content_id: int | None = None) -> tuple[PastCopy, ...]:
        """What was seen before and is a copy of an entry of `bank`, or of that one; newest first.

        The bank's own distance holds. Whether an entry is held or switched off does not matter:
        somebody asks, and nothing is enforced here.

        Raises:
            BankUnknownError: there is no such bank.
            ContentUnknownError: it has no such entry.
            MatchIndexError: the index of what was seen cannot answer.
            MatchingMissingError: something was seen and the extra `matching` is not installed.
            StorageError: the database cannot be read.
        """
        limit = self.banks.get(bank).max_distance
        nearest: dict[tuple[int, str], PastCopy] = {}
        entries = self.banks.words(bank, content_id)
        while some := list(islice(entries, _AT_ONCE)):
            owners = [content for content, words in some for _ in words]
            for one in self.seen.sweep(np.concatenate([words for _, words in some]), limit):
                copy = PastCopy(owners[one.probe], one.decision_id, one.stage, one.at, one.distance)
                known = nearest.get((copy.content_id, copy.decision_id))
                if known is None or copy.distance < known.distance:
                    nearest[copy.content_id, copy.decision_id] = copy
        return tuple(sorted(nearest.values(), key=lambda one: one.at, reverse=True))

    def tidy(self) -> None:
        """Delete what has expired: fingerprints, and entries of banks.

        Raises:
            StorageError: the database could not be written.
        """
        self._tidied = time.monotonic()
        self.seen.expire()
        self.banks.withdraw_expired()

    def follow(self) -> None:
        """Keep indexes up to date and delete what expires, in threads, until `close`.

        Compiled code is loaded in the background; until it is there, hashing does without.
        """
        with self._lock:
            if self._following:
                return
            self._following = True
            self.matcher.follow()
            self._upkeep.start()
            if self.remember_days > 0:
                self._warmer.load(fingerprints.warm_up)

    def warm_up(self) -> None:
        """Open what a question needs, where anything is banked; then it would be answered.

        Raises:
            MatchIndexError: the index cannot be opened, or is behind.
            MatchingMissingError: something is banked and the extra `matching` is not installed.
            StorageError: the database cannot be read.
        """
        if self.anything_banked():
            self.matcher.warm_up()
            fingerprints.warm_up()

    def close(self) -> None:
        """Stop following."""
        self._warmer.close()
        self._upkeep.stop()
        for opened in (self._matcher, self._seen):
            if opened is not None:
                opened.close()

    def _count(self, content_ids: Sequence[int], upload: bytes) -> Iterable[int]:
        return self.banks.count_upload(content_ids, upload, self._settings.matching.flood_uploads)


def _days(settings: Settings, policy: Policy) -> int:
    """The setting, or the policy's number where that is less."""
    asked = settings.matching.remember_days
    return asked if policy.remember_days is None else min(asked, policy.remember_days)
