"""OpenAI's moderation shape: `POST …/v1/moderations` with a text, categories with scores back."""

from __future__ import annotations

import json
from typing import Annotated, Final, TypeAlias

from pydantic import Field

from consentry.config import HttpSlot
from consentry.detectors._dialect import Foreign, LabelMap, Labels, parsed, prompt_of
from consentry.detectors.contract import Subject
from consentry.errors import DetectorError
from consentry.findings import Finding

__all__ = ["ModerationDialect"]

Score: TypeAlias = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]

_LIKELY: Final = 0.5
"""The least that a flag counts, and what counts as one where there are scores only."""

_BULLYING: Final = ("harassment.bullying",)
_DEFAULT: Final[LabelMap] = {
    "sexual": ("sexual.explicit",),
    "sexual/minors": ("minor.referenced", "sexual.explicit"),
    "harassment": _BULLYING,
    "harassment/threatening": _BULLYING,
    # Not what this gate is about: an operator who wants them maps them to a category of their own.
    "hate": (),
    "hate/threatening": (),
    "illicit": (),
    "illicit/violent": (),
    "self-harm": (),
    "self-harm/instructions": (),
    "self-harm/intent": (),
    "violence": (),
    "violence/graphic": (),
}


class _Result(Foreign):
    flagged: bool | None = None
    categories: dict[str, bool | None] = Field(default_factory=dict)
    category_scores: dict[str, Score | None] = Field(default_factory=dict)


class _Answer(Foreign):
    results: tuple[_Result]


class ModerationDialect:
    """Asks about one text; the answer must speak of every label that the mapping judges."""

    version = "1"

    def __init__(self, slot: HttpSlot) -> None:
        """Prepare.

        Raises:
            ConfigError: see `Labels`.
        """
        self._slot = slot
        self._labels = Labels(slot, _DEFAULT)
        self.categories = self._labels.categories

    def question(self, subject: Subject) -> tuple[bytes, str]:
        """The text, and the model if one is set."""
        asked = {"input": prompt_of(subject, self._slot.name).text}
        if self._slot.model:
            asked["model"] = self._slot.model
        return json.dumps(asked).encode(), "application/json"

    def read(self, answer: bytes, subject: Subject) -> list[Finding]:
        """A finding for each category that is said to be there, however weakly."""
        del subject
        result = parsed(answer, _Answer, self._slot.name).results[0]
        scores = self._scores(result)
        name = self._slot.name
        if self._labels.judged - scores.keys():
            raise DetectorError(
                f"The answer of {name} does not speak of every label that its slot maps.",
                hint="Compare the mapping with what the server answers.",
            )
        if result.flagged and max(scores.values()) < _LIKELY:
            raise DetectorError(f"{name} flagged a prompt and did not say what for.")
        known = {label: one for label, one in scores.items() if self._known(label, one)}
        return self._labels.findings(known)

    def _scores(self, result: _Result) -> dict[str, float]:
        """The score of each label that was assessed; a flag makes it likely at the least."""
        scores = {label: one for label, one in result.category_scores.items() if one is not None}
        for label, flag in result.categories.items():
            if flag is not None:
                least = (_LIKELY if label in scores else self._labels.score) if flag else 0.0
                scores[label] = max(least, scores.get(label, 0.0))
        return scores

    def _known(self, label: str, score: float) -> bool:
        """Whether it counts: a label that nobody mapped may be passed over only if unlikely."""
        return label in self._labels or score >= _LIKELY
