"""Explicitness: how sexually explicit a picture is, always as one finding with its score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from consentry.config import Settings
from consentry.detectors._shared import PICTURE_STAGES, LoadOnce, sample_picture
from consentry.detectors.contract import Example, Kind, Seen, Subject
from consentry.errors import DetectorError
from consentry.findings import Finding
from consentry.media.picture import Picture
from consentry.models.locate import locate
from consentry.models.open_nsfw import OpenNsfw

__all__ = ["ExplicitnessDetector"]

_EXPLICIT: Final = "sexual.explicit"
_CODE: Final = "1"


class ExplicitnessDetector:
    """One finding `sexual.explicit`, also when its score is low: so a decision shows it looked."""

    name = "explicitness"
    kind: Kind = "picture"
    stages = PICTURE_STAGES
    needs: tuple[str, ...] = ()
    categories = frozenset({_EXPLICIT})

    def __init__(self, settings: Settings) -> None:
        """Prepare; the model is loaded later."""
        self.version = f"{_CODE}+{locate(OpenNsfw.name, settings).version}"
        self._model = LoadOnce(lambda: OpenNsfw.load(settings))

    @classmethod
    def from_settings(cls, settings: Settings) -> Sequence[ExplicitnessDetector]:
        """One, always."""
        return [cls(settings)]

    def warm_up(self) -> None:
        """Load the model.

        Raises:
            ModelError: it is missing, altered or unusable.
        """
        self._model()

    def detect(self, subject: Subject, seen: Seen) -> Sequence[Finding]:
        """Score the picture.

        Raises:
            ModelError: the model is missing, altered or unusable.
            DetectorError: the subject is no picture.
        """
        del seen
        if not isinstance(subject, Picture):
            raise DetectorError("The detector explicitness looks at pictures only.")
        return [Finding(_EXPLICIT, self._model().run(subject.pixels), self.name)]

    @classmethod
    def get_examples(cls) -> Sequence[Example]:
        """Harmless pictures only: the project holds no other."""
        return [
            Example(sample_picture(name), expects={_EXPLICIT: (0.0, 0.2)})
            for name in ("astronaut", "coffee", "rocket", "chelsea")
        ]
