"""The words that every room shares: stages, actions and findings.

They stand on the lowest floor because detectors make findings and policies judge them, and those
two rooms do not import each other (docs/decisions/0002-findings-on-the-ground-floor.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

__all__ = ["UNCHECKED", "Action", "Finding", "Stage", "unchecked"]

UNCHECKED: Final = "unchecked"
"""The category that stands for "nobody looked": a detector crashed, timed out or is missing."""


class Stage(StrEnum):
    """Where on the road something is screened."""

    PROMPT = "prompt"
    """What a person asks a generator for."""
    REFERENCE = "reference"
    """A picture that is given to a generator."""
    OUTPUT = "output"
    """What a generator made."""
    UPLOAD = "upload"
    """What a person posts."""


class Action(StrEnum):
    """What becomes of a submission, from the mildest to the strictest."""

    ALLOW = "allow"
    LABEL = "label"
    REVIEW = "review"
    BLOCK = "block"
    ESCALATE = "escalate"

    @property
    def severity(self) -> int:
        """0 for allow to 4 for escalate."""
        return _SEVERITY[self]

    @property
    def releases(self) -> bool:
        """Whether the submission may go on: only allow and label do."""
        return self.severity <= Action.LABEL.severity

    @staticmethod
    def strictest(*actions: Action) -> Action:
        """The strictest of `actions`; allow when there is none."""
        return max(actions, key=lambda action: action.severity, default=Action.ALLOW)


_SEVERITY: Final = {action: place for place, action in enumerate(Action)}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a detector saw.

    Attributes:
        category: an entry of the taxonomy, e.g. `sexual.explicit`, or `unchecked`.
        score: how sure the detector is, from 0 to 1.
        detector: the name of the detector.
        where: where it is, JSON-ready, or None for the whole input. Keys, each optional:
            `box` [x, y, width, height] and `landmarks` five [x, y] in pixels of the upright
            picture; `span` [start, end) in characters of the original prompt; `time_s` seconds
            into a clip; `input` "reference" when it is about the reference picture of a prompt.
        detail: further JSON-ready facts, e.g. age bins; never personal data.
    """

    category: str
    score: float
    detector: str
    where: Mapping[str, Any] | None = None
    detail: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        """Refuse a score that is no number from 0 to 1 (NaN included)."""
        if not 0.0 <= self.score <= 1.0:
            raise ValueError(f"a score is from 0 to 1, not {self.score!r} ({self.category})")

    def as_json(self) -> dict[str, Any]:
        """The finding as the command line and the API give it."""
        plain: dict[str, Any] = {
            "category": self.category,
            "score": round(self.score, 4),
            "detector": self.detector,
            "where": None if self.where is None else dict(self.where),
        }
        if self.detail:
            plain["detail"] = dict(self.detail)
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Finding:
        """The inverse of `as_json`, up to the rounding of the score."""
        return cls(
            category=plain["category"],
            score=plain["score"],
            detector=plain["detector"],
            where=plain.get("where"),
            detail=plain.get("detail", {}),
        )


def unchecked(detector: str, reason: str, **where: Any) -> Finding:  # noqa: ANN401  JSON values
    """The finding that says that `detector` did not look, and why, in one plain sentence."""
    return Finding(UNCHECKED, 1.0, detector, where or None, {"reason": reason})
