"""Explicitness: how sexually explicit a picture is, always as one finding with its score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from consentry.detectors._model import ModelDetector
from consentry.detectors._shared import sample_picture
from consentry.detectors.contract import Example, Seen, Subject
from consentry.findings import Finding
from consentry.models.open_nsfw import OpenNsfw

__all__ = ["ExplicitnessDetector"]

_EXPLICIT: Final = "sexual.explicit"


class ExplicitnessDetector(ModelDetector[OpenNsfw]):
    """One finding `sexual.explicit`, also when its score is low: so a decision shows it looked."""

    name = "explicitness"
    categories = frozenset({_EXPLICIT})
    model = OpenNsfw

    def detect(self, subject: Subject, seen: Seen) -> Sequence[Finding]:
        """Score the picture.

        Raises:
            ModelError: the model is missing, altered or unusable.
            DetectorError: the subject is no picture.
        """
        del seen
        pixels = self._picture(subject).pixels
        return [Finding(_EXPLICIT, self._model().run(pixels), self.name)]

    @classmethod
    def get_examples(cls) -> Sequence[Example]:
        """Harmless pictures only: the project holds no other."""
        return [
            Example(sample_picture(name), expects={_EXPLICIT: (0.0, 0.2)})
            for name in ("astronaut", "coffee", "rocket", "chelsea")
        ]
