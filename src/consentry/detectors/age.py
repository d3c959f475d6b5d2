"""Apparent age: whether a face may be a child's. It may only raise concern, never clear an adult.

Teenagers are not told apart from young adults by any model that we found (see the model's card).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from consentry.detectors._model import ModelDetector
from consentry.detectors._shared import sample_picture
from consentry.detectors.contract import Example, Seen, Subject
from consentry.errors import DetectorError
from consentry.findings import UNCHECKED, Finding
from consentry.models.age import AGES, AgeModel

__all__ = ["AgeDetector"]

_FACES: Final = "faces"
_MINOR: Final = "minor.apparent"
_ADULT: Final = 18
_BANDS: Final = (0, 3, 7, 13, 18, 25, 35, 50, 65)
_SMALL: Final = 20
_ASTRONAUT: Final = [[200, 101], [247, 102], [220, 124], [199, 143], [240, 144]]


class AgeDetector(ModelDetector[AgeModel]):
    """One finding `minor.apparent` for each face; its score is the probability of being under 18.

    A face below 20 pixels is judged as well, since leaving it out would be silence, but its
    finding has `small: true`: at that size adults are often taken for children, and a policy may
    ask a person instead.
    """

    name = "age"
    needs: tuple[str, ...] = (_FACES,)
    categories = frozenset({_MINOR})
    model = AgeModel

    def detect(self, subject: Subject, seen: Seen) -> Sequence[Finding]:
        """Judge every face that the detector `faces` found: none, if it found none.

        Raises:
            ModelError: the model is missing, altered or unusable.
            DetectorError: the subject is no picture, or nobody looked for faces.
        """
        picture = self._picture(subject)
        places = _places(seen)
        model = self._model()
        landmarks = [np.array(where["landmarks"], np.float64) for where in places]
        chances = model.run(picture.pixels, landmarks)
        return [_finding(row, where) for row, where in zip(chances, places, strict=True)]

    @classmethod
    def get_examples(cls) -> Sequence[Example]:
        """An adult, and a picture without anybody."""
        where = {"box": [178, 62, 91, 115], "landmarks": _ASTRONAUT}
        face = Finding("person.face", 0.93, _FACES, where)
        return [
            Example(
                sample_picture("astronaut"), expects={_MINOR: (0.0, 0.02)}, seen={_FACES: [face]}
            ),
            Example(sample_picture("coffee"), absent=frozenset({_MINOR}), seen={_FACES: []}),
        ]


def _places(seen: Seen) -> list[Mapping[str, Any]]:
    """Where the faces are.

    Raises:
        DetectorError: nobody looked for faces, or a finding does not say where its face is.
    """
    if _FACES not in seen or any(finding.category == UNCHECKED for finding in seen[_FACES]):
        raise DetectorError("Ages cannot be judged, because nobody looked for faces.")
    places = [finding.where or {} for finding in seen[_FACES]]
    if not all("box" in where and "landmarks" in where for where in places):
        raise DetectorError("Ages cannot be judged, because a face has no box or no landmarks.")
    return places


def _finding(chances: NDArray[np.float32], where: Mapping[str, Any]) -> Finding:
    score = float(np.clip(chances[:_ADULT].sum(), 0, 1))
    detail: dict[str, Any] = {"bins": _bins(chances), "mean_age": round(float(chances @ AGES), 1)}
    if min(where["box"][2:]) < _SMALL:
        detail["small"] = True
    return Finding(_MINOR, score, AgeDetector.name, {"box": where["box"]}, detail)


def _bins(chances: NDArray[np.float32]) -> dict[str, float]:
    """The probability of each band of ages, rounded to four places."""
    sums = np.add.reduceat(chances, _BANDS)
    ends = [*(f"{low}-{high - 1}" for low, high in pairwise(_BANDS)), "65+"]
    return {band: round(float(total), 4) for band, total in zip(ends, sums, strict=True)}
