"""What stands in for a detector that could not be built: it says so whenever it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from consentry.detectors.contract import Example, Kind, Seen, Subject
from consentry.errors import DetectorError
from consentry.findings import UNCHECKED, Finding, Stage

if TYPE_CHECKING:
    from consentry.config import Settings

__all__ = ["MissingDetector"]


class MissingDetector:
    """Raises why the real one is not there, so that the Screener reports `unchecked`.

    Attributes:
        reason: one plain sentence.
    """

    version = "0"
    needs: tuple[str, ...] = ()

    def __init__(
        self,
        name: str,
        kind: Kind,
        reason: str,
        *,
        stages: frozenset[Stage] = frozenset(Stage),
        categories: frozenset[str] = frozenset({UNCHECKED}),
    ) -> None:
        """Stand in for `name`, with what is known about it."""
        self.name = name
        self.kind: Kind = kind
        self.stages = stages
        self.categories = categories
        self.reason = reason

    @classmethod
    def from_settings(cls, settings: Settings) -> Sequence[MissingDetector]:
        """None: it is made where a detector is missed, and only there."""
        del settings
        return []

    def warm_up(self) -> None:
        """Say that it is missing.

        Raises:
            DetectorError: always.
        """
        raise DetectorError(self.reason)

    def detect(self, subject: Subject, seen: Seen) -> Sequence[Finding]:
        """Say that it is missing.

        Raises:
            DetectorError: always.
        """
        del subject, seen
        raise DetectorError(self.reason)

    @classmethod
    def get_examples(cls) -> Sequence[Example]:
        """None: there is nothing that it could see."""
        return []
