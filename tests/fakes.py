"""Detectors that do what a test asks of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from consentry.detectors.contract import Example, Kind, Seen, Subject
from consentry.findings import Finding, Stage

BOTH_HALVES = frozenset({"sexual.explicit", "minor.apparent"})
"""Who declares both can see both halves of the child floor, so that nothing is unchecked."""


@dataclass
class FakeDetector:
    """Reports what `report` gives for the subject and what was seen; counts its calls."""

    name: str = "fake"
    version: str = "1"
    kind: Kind = "picture"
    stages: frozenset[Stage] = frozenset(Stage)
    needs: tuple[str, ...] = ()
    categories: frozenset[str] = BOTH_HALVES
    report: Callable[[Subject, Seen], Sequence[Finding]] = lambda subject, seen: []  # noqa: ARG005
    calls: list[Subject] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def from_settings(cls, settings):
        del settings
        return [cls()]

    def warm_up(self) -> None:
        return None

    def detect(self, subject: Subject, seen: Seen) -> Sequence[Finding]:
        with self.lock:
            self.calls.append(subject)
        return self.report(subject, seen)

    @classmethod
    def get_examples(cls) -> Sequence[Example]:
        return []


def saying(category: str, score: float, *, name: str = "fake", **options: object) -> FakeDetector:
    """A detector that always reports one finding."""
    return FakeDetector(
        name=name,
        categories=BOTH_HALVES | {category},
        report=lambda subject, seen: [Finding(category, score, name)],  # noqa: ARG005
        **options,
    )


def raising(error: Exception, *, name: str = "fake", **options: object) -> FakeDetector:
    """A detector that always raises."""

    def report(subject: Subject, seen: Seen) -> Sequence[Finding]:
        del subject, seen
        raise error

    return FakeDetector(name=name, report=report, **options)
