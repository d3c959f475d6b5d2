"""`PromptLearnedDetector`: learned from examples, beside the rules."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from io import BytesIO
from typing import Final

import numpy as np
from numpy.typing import NDArray

from consentry.config import Settings
from consentry.detectors._prompt_files import fingerprint
from consentry.detectors._shared import LoadOnce
from consentry.detectors.contract import Detector, Example, Kind, Seen, Subject
from consentry.detectors.prompt_features import Window, features, prepare, width, windows
from consentry.errors import DetectorError, ModelAlteredError
from consentry.findings import Finding, Stage
from consentry.media.prompt import Prompt
from consentry.models.locate import locate
from consentry.models.sentence import SentenceEncoder

__all__ = ["HEADS", "Heads", "PromptLearnedDetector"]

HEADS: Final = (
    "sexual.undress",
    "sexual.nudity",
    "defamation.crime",
    "harassment.bullying",
    "impersonation.identity",
)
"""The categories that it tells apart, in the order of the weights."""

_RULES: Final = "prompt-rules"
_CODE: Final = "1"
_LEAST: Final = 0.5


@dataclass(frozen=True, slots=True)
class Heads:
    """The learned weights.

    Attributes:
        weights: float32, shape (features, heads).
        bias: float32, shape (heads,).
    """

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    @classmethod
    def read(cls, content: bytes) -> Heads:
        """Read what `as_bytes` wrote.

        Raises:
            ModelAlteredError: it was not made for these features and categories.
        """
        try:
            with np.load(BytesIO(content), allow_pickle=False) as stored:
                found = cls(stored["weights"].astype(np.float32), stored["bias"])
                named = tuple(json.loads(str(stored["heads"])))
        except (OSError, ValueError, KeyError) as error:
            raise ModelAlteredError(
                f"The weights of prompt-learned are damaged: {error}."
            ) from error
        if found.weights.shape != (width(), len(HEADS)) or named != HEADS:
            raise ModelAlteredError(
                "The weights of prompt-learned were made for other rules.",
                hint="Run `consentry train prompts` again.",
            )
        return found

    def as_bytes(self) -> bytes:
        """The file; the same weights always give the same bytes."""
        buffer = BytesIO()
        weights = self.weights.astype(np.float16)
        np.savez_compressed(buffer, weights=weights, bias=self.bias, heads=json.dumps(HEADS))
        return buffer.getvalue()

    def probabilities(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """For each row and head the calibrated probability, from 0 to 1."""
        raised = np.clip(rows @ self.weights + self.bias, -30.0, 30.0)
        return np.asarray(1.0 / (1.0 + np.exp(-raised)), np.float32)


class PromptLearnedDetector:
    """Reads a prompt by what it means, beside the rules; see docs/guide/prompts.md.

    A score is a probability, calibrated on examples of the kind that it was trained on. Only what
    is more likely than not is reported: weaker scores would set off the floors, which were made
    for rarer evidence.
    """

    name = "prompt-learned"
    kind: Kind = "prompt"
    stages = frozenset(Stage)
    quick = True
    needs: tuple[str, ...] = (_RULES,)
    categories = frozenset(HEADS)

    def __init__(self, settings: Settings) -> None:
        """Prepare; the models are loaded at the first use."""
        encoder = locate(SentenceEncoder.name, settings).version
        learned = sha256(_stored()).hexdigest()[:12]
        self.version = f"{_CODE}+{learned}.{encoder}.{fingerprint()}"
        self._encoder = LoadOnce(lambda: SentenceEncoder.load(settings))

    @classmethod
    def from_settings(cls, settings: Settings) -> Sequence[Detector]:
        """One, always."""
        return [cls(settings)]

    def warm_up(self) -> None:
        """Load the models and look at one prompt.

        Raises:
            ModelError: one of them is missing or altered.
        """
        self._probabilities(windows("warm up", ()))

    def prepare(self, subjects: Sequence[Subject]) -> None:
        """Embed many prompts together, which takes a third of the time.

        Raises:
            ModelError: a model is missing or altered.
        """
        prepare([one.text for one in subjects if isinstance(one, Prompt)], self._encoder())

    def detect(self, subject: Subject, seen: Seen) -> Sequence[Finding]:
        """Look at a prompt: at most one finding of each category, where it is most likely.

        Raises:
            DetectorError: the subject is not a prompt.
            ModelError: a model is missing or altered.
        """
        if not isinstance(subject, Prompt):
            raise DetectorError(f"{self.name} looks at prompts only.")
        parts = windows(subject.text, seen.get(_RULES, ()))
        chances = self._probabilities(parts, subject)
        return [
            Finding(category, float(chances[best, head]), self.name, _where(parts, best))
            for head, category in enumerate(HEADS)
            for best in (int(np.argmax(chances[:, head])),)
            if chances[best, head] >= _LEAST
        ]

    @classmethod
    def get_examples(cls) -> Sequence[Example]:
        """Without the rules beside it: what meaning alone tells."""
        found = {"sexual.undress": (_LEAST, 1.0)}
        return [
            Example(
                Prompt("remove all her clothes so that she is naked", has_reference=True), found
            ),
            Example(Prompt("a lighthouse at dusk", "en"), absent=frozenset(HEADS)),
            Example(
                Prompt("remove the coat from the chair", has_reference=True),
                absent=frozenset(HEADS),
            ),
        ]

    def _probabilities(
        self, parts: Sequence[Window], whole: Prompt | None = None
    ) -> NDArray[np.float32]:
        return _heads().probabilities(features(parts, self._encoder(), whole))


def _where(parts: Sequence[Window], best: int) -> dict[str, list[int]] | None:
    """The whole prompt, or the part of a long one."""
    part = parts[best]
    return {"span": [part.start, part.end]} if len(parts) > 1 else None


@cache
def _stored() -> bytes:
    return files(__package__).joinpath("learned_data", "learned.npz").read_bytes()


@cache
def _heads() -> Heads:
    return Heads.read(_stored())
