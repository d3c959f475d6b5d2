"""SFace: a template of 128 numbers of a face, such that faces of one person are close.

Alignment follows OpenCV's FaceRecognizerSF (modules/objdetect/src/face_recognize.cpp): five
landmarks are brought onto those of a chip of 112 px. A template is personal data of the most
sensitive kind (GDPR, article 9): those of people who did not enrol exist in memory only.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from consentry.config import Settings
from consentry.errors import ModelError
from consentry.models.align import upright
from consentry.models.fold import fold
from consentry.models.locate import read_verified
from consentry.models.resample import Pixels
from consentry.models.session import Session

__all__ = ["DIMENSIONS", "SIDE", "SFace"]

Floats = NDArray[np.float32]

DIMENSIONS: Final = 128
SIDE: Final = 112
"""Side of an aligned chip, in pixels."""

_POINTS: Final = (
    (38.2946, 51.6963),
    (73.5318, 51.5014),
    (56.0252, 71.7366),
    (41.5493, 92.3655),
    (70.7299, 92.2041),
)
"""Where the landmarks lie in a chip: the reference points of FaceRecognizerSF."""

_BATCH: Final = 16


class SFace:
    """The model `sface`, loaded."""

    name: ClassVar[str] = "sface"

    def __init__(self, session: Session) -> None:
        """Use `load` instead, unless the session is at hand."""
        self._session = session

    @classmethod
    def load(cls, settings: Settings) -> SFace:
        """Find, verify, fold and load the model.

        Raises:
            ModelError: it is missing, altered or unusable.
        """
        model = read_verified(cls.name, settings)
        try:
            folded = fold(model, free=(0,))
        except (ValueError, LookupError) as error:
            raise ModelError(f"The model {cls.name} is no ONNX file of the kind needed.") from error
        session = Session(cls.name, folded, settings)
        session.expect()
        return cls(session)

    def run(self, pixels: Pixels, landmarks: NDArray[Any]) -> Floats:
        """Templates of the faces of one picture.

        Args:
            pixels: uint8, shape (height, width, 3), RGB.
            landmarks: shape (faces, 5, 2), x and y in pixels, in YuNet's order.

        Returns:
            float32, shape (faces, 128), each of length 1: the cosine of two is their dot product.

        Raises:
            ModelError: a face cannot be aligned, or onnxruntime cannot run the model.
        """
        rows = [np.empty((0, DIMENSIONS), np.float32)]
        for first in range(0, len(landmarks), _BATCH):
            some = landmarks[first : first + _BATCH]
            chips = [upright(pixels, points, _POINTS, SIDE) for points in some]
            rows.append(self._templates(np.stack(chips)))
        return np.concatenate(rows)

    def _templates(self, chips: Pixels) -> Floats:
        feed = np.ascontiguousarray(chips.transpose(0, 3, 1, 2), np.float32)
        answer = self._session.run(feed)
        raw: Floats = answer[self._session.outputs[0]].reshape(len(chips), -1)
        lengths = np.linalg.norm(raw, axis=1, keepdims=True)
        if raw.shape[1] != DIMENSIONS or not np.isfinite(raw).all() or not lengths.all():
            raise ModelError(f"The model {self.name} gave what is no template.")
        templates: Floats = raw / lengths
        return templates
