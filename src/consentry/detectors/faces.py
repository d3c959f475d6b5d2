"""Faces: where the people in a picture are. It does not say who they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from consentry.detectors._model import ModelDetector
from consentry.detectors._shared import sample_picture
from consentry.detectors.contract import Example, Seen, Subject
from consentry.findings import Finding
from consentry.media.picture import Picture
from consentry.models.yunet import Face, YuNet

__all__ = ["FACE", "FaceDetector"]

FACE: Final = "person.face"


class FaceDetector(ModelDetector[YuNet]):
    """One finding `person.face` for each face, with its box and five landmarks."""

    name = "faces"
    categories = frozenset({FACE})
    model = YuNet

    def detect(self, subject: Subject, seen: Seen) -> Sequence[Finding]:
        """Find the faces, the surest first.

        Raises:
            ModelError: the model is missing, altered or unusable.
            DetectorError: the subject is no picture.
        """
        del seen
        picture = self._picture(subject)
        return [_finding(face, picture) for face in self._model().run(picture.pixels)]

    @classmethod
    def get_examples(cls) -> Sequence[Example]:
        """A portrait, and pictures without anybody: a cat has a face, but not a person's."""
        return [
            Example(sample_picture("astronaut"), expects={FACE: (0.8, 1.0)}),
            *(
                Example(sample_picture(name), absent=frozenset({FACE}))
                for name in ("coffee", "rocket", "chelsea")
            ),
        ]


def _finding(face: Face, picture: Picture) -> Finding:
    """The box in whole pixels, cut at the picture's edge; landmarks may lie outside."""
    x, y, width, height = face.box
    left, right = _within(x, x + width, picture.width)
    top, bottom = _within(y, y + height, picture.height)
    landmarks = [[round(float(x)), round(float(y))] for x, y in face.landmarks]
    box = [left, top, right - left, bottom - top]
    return Finding(FACE, face.score, FaceDetector.name, {"box": box, "landmarks": landmarks})


def _within(low: float, high: float, length: int) -> tuple[int, int]:
    """`low` and `high` rounded and cut to 0…`length`, at least one pixel apart."""
    first = min(max(round(low), 0), length - 1)
    return first, max(min(round(high), length), first + 1)
