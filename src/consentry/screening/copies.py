"""Copies: what is banked and what was seen before, in one place for the road and the guard.

Fingerprints of uploads and outputs are kept for as long as settings and policy both allow, so that
a sweep finds copies of something that is banked later. Hashing goes on beside the detectors; the
fingerprint is stored after the decision, before anybody is told that there is one.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from consentry.config import Settings
from consentry.errors import ConsentryError
from consentry.findings import Stage
from consentry.matching import fingerprints, gate
from consentry.matching.banks import Banks, exact_words
from consentry.matching.fingerprints import Fingerprints
from consentry.matching.gate import Looked
from consentry.matching.index.follower import Follower
from consentry.matching.matcher import Matcher
from consentry.policy.engine import Policy
from consentry.storage import Storage

__all__ = ["REMEMBERED", "Copies", "Sighting"]

REMEMBERED: Final = frozenset({Stage.UPLOAD, Stage.OUTPUT})
_UPKEEP_S: Final = 3600.0


class Copies:
    """The banks, the matcher and the memory of one installation. Threads may share it."""

    def __init__(
        self, settings: Settings, storage: Storage, policy: Policy, *, follow: bool = False
    ) -> None:
        """Open nothing heavy; with `follow`, keep indexes up to date in threads until `close`."""
        self.banks = Banks(storage)
        self.matcher = Matcher.open(settings, storage, follow=follow)
        self.remember_days = _days(settings, policy)
        self._flood = settings.matching.flood_uploads
        self._storage = storage
        self._upkeep = Follower((self.tidy,), _UPKEEP_S)
        self._tidied = time.monotonic()
        if follow:
            self._upkeep.start()

    def anything_banked(self) -> bool:
        """Whether there is anything to compare with; where the database cannot say, yes."""
        try:
            return self.matcher.anything_banked
        except ConsentryError:
            return True

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
        digests = exact_words(self._storage.vault, prints.digests)
        words = np.concatenate([prints.words, digests])
        until = datetime.now(UTC) + timedelta(days=self.remember_days)
        self._storage.seen.remember(decision_id, stage.value, words, until)
        if time.monotonic() - self._tidied > _UPKEEP_S:
            self.tidy()

    def tidy(self) -> None:
        """Delete what has expired: fingerprints, and entries of banks.

        Raises:
            StorageError: the database could not be written.
        """
        self._tidied = time.monotonic()
        self._storage.seen.expire()
        self.banks.withdraw_expired()

    def warm_up(self) -> None:
        """Load what is compiled, if anything is to be compared or remembered.

        Raises:
            MatchIndexError: the index cannot be opened.
            MatchingMissingError: something is banked and the extra `matching` is not installed.
        """
        if self.anything_banked():
            self.matcher.warm_up()
        if self.anything_banked() or self.remember_days > 0:
            fingerprints.warm_up()

    def check(self) -> None:
        """Ask whether a question would be answered now, and be complete.

        Raises:
            ConsentryError: it would not.
        """
        if self.anything_banked():
            self.matcher.warm_up()

    def close(self) -> None:
        """Stop following."""
        self._upkeep.stop()
        self.matcher.close()

    def _count(self, content_ids: Sequence[int], upload: bytes) -> Iterable[int]:
        return self.banks.count_upload(content_ids, upload, self._flood)


def _days(settings: Settings, policy: Policy) -> int:
    """The setting, or the policy's number where that is less."""
    asked = settings.matching.remember_days
    return asked if policy.remember_days is None else min(asked, policy.remember_days)
