"""YuNet: finds faces and five landmarks of each.

Decoding and suppression follow OpenCV's FaceDetectorYN (modules/objdetect/src/face_detect.cpp),
against which they are tested; the network runs in onnxruntime.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from consentry.config import Settings
from consentry.errors import ModelError
from consentry.models.fold import fold
from consentry.models.locate import read_verified
from consentry.models.resample import Pixels, shrink
from consentry.models.session import Session

__all__ = ["Face", "YuNet"]

Floats = NDArray[np.float32]

_OUTPUTS: Final = ("cls", "obj", "bbox", "kps")
_STRIDES: Final = (8, 16, 32)
_GRID: Final = 32
_SIDE: Final = 640
_LONG: Final = 2.0
_LONGEST: Final = 4.0
_LEAST_SCORE: Final = 0.5
_MOST_OVERLAP: Final = 0.3
_MOST_CANDIDATES: Final = 5000


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face.

    Attributes:
        score: how sure the network is, 0.5 to 1.
        box: x, y, width, height in pixels of the picture; may reach over its edge.
        landmarks: float32, shape (5, 2), x and y in pixels of the picture: right eye, left eye,
            tip of the nose, right and left corner of the mouth, as the person would say it.
    """

    score: float
    box: tuple[float, float, float, float]
    landmarks: Floats


class YuNet:
    """The model `yunet`, loaded."""

    name: ClassVar[str] = "yunet"

    def __init__(self, session: Session) -> None:
        """Use `load` instead, unless the session is at hand."""
        self._session = session

    @classmethod
    def load(cls, settings: Settings) -> YuNet:
        """Find, verify, fold and load the model.

        Raises:
            ModelError: it is missing, altered or unusable.
        """
        model = read_verified(cls.name, settings)
        try:
            folded = fold(model, free=(2, 3))
        except (ValueError, LookupError) as error:
            raise ModelError(f"The model {cls.name} is no ONNX file of the kind needed.") from error
        session = Session(cls.name, folded, settings)
        session.expect(*(f"{kind}_{stride}" for kind in _OUTPUTS for stride in _STRIDES))
        return cls(session)

    def run(self, pixels: Pixels) -> list[Face]:
        """Find the faces in `pixels`, the surest first.

        A picture is looked at with its longer side at 640 px at most. A strip longer than 2:1
        gets more, so that its shorter side stays at 320 px (up to 8:1). Where no face is found it
        is looked at once more at half that size: the network was made for faces of 10 to 300 px
        and can miss one that fills the picture.

        Args:
            pixels: uint8, shape (height, width, 3), RGB.

        Raises:
            ModelError: onnxruntime cannot run it.
        """
        scale = _scale(*pixels.shape[:2])
        return self._look(pixels, scale) or self._look(pixels, scale / 2)

    def _look(self, pixels: Pixels, scale: float) -> list[Face]:
        tall, wide = pixels.shape[:2]
        height, width = max(1, round(tall * scale)), max(1, round(wide * scale))
        small = pixels if (height, width) == (tall, wide) else shrink(pixels, height, width)
        planes = _planes(small)
        candidates = _decode(self._session.run(planes), planes.shape[3])
        candidates[:, :14] *= np.tile([wide / width, tall / height], 7).astype(np.float32)
        return [_face(row) for row in candidates[_suppress(candidates)]]


def _scale(tall: int, wide: int) -> float:
    longer, shorter = max(tall, wide), min(tall, wide)
    room = min(max(longer / (_LONG * shorter), 1.0), _LONGEST)
    return min(1.0, _SIDE * room / longer)


def _planes(pixels: Pixels) -> Floats:
    """(height, width, 3 or 4) RGB bytes to (1, 3, H, W) BGR floats, filled up with black to 32."""
    height, width = pixels.shape[:2]
    planes = np.empty((1, 3, -(-height // _GRID) * _GRID, -(-width // _GRID) * _GRID), np.float32)
    planes[0, :, height:] = planes[0, :, :, width:] = 0
    for plane in range(3):
        planes[0, plane, :height, :width] = pixels[:, :, 2 - plane]
    return planes


def _decode(outputs: Mapping[str, Any], width: int) -> Floats:
    """Every candidate: shape (n, 15): x, y, width, height, ten of landmarks, score."""
    parts: list[Floats] = []
    for stride in _STRIDES:
        classes, objects = (outputs[f"{key}_{stride}"][0, :, 0] for key in ("cls", "obj"))
        scores = np.sqrt(np.clip(classes, 0, 1) * np.clip(objects, 0, 1))
        at = np.flatnonzero(scores >= _LEAST_SCORE)
        cells = np.stack([at % (width // stride), at // (width // stride)], axis=1)
        boxes = outputs[f"bbox_{stride}"][0, at]
        sizes = np.exp(boxes[:, 2:]) * stride
        corners = (cells + boxes[:, :2]) * stride - sizes / 2
        points = outputs[f"kps_{stride}"][0, at] + np.tile(cells, 5)
        parts.append(np.hstack([corners, sizes, points * stride, scores[at, None]]))
    return np.concatenate(parts).astype(np.float32)


def _suppress(candidates: Floats) -> list[int]:
    """Which candidates stay: greedily the surest, dropping what overlaps one that stays.

    FaceDetectorYN compares boxes cut to whole pixels; so does this.
    """
    order = np.argsort(-candidates[:, 14], kind="stable")[:_MOST_CANDIDATES]
    boxes = np.trunc(candidates[:, :4])
    kept: list[int] = []
    while order.size:
        best, rest = int(order[0]), order[1:]
        kept.append(best)
        order = rest[_overlap(boxes[best], boxes[rest]) <= _MOST_OVERLAP]
    return kept


def _overlap(box: Floats, others: Floats) -> Floats:
    """Intersection over union of `box` with each of `others`."""
    low = np.maximum(box[:2], others[:, :2])
    high = np.minimum(box[:2] + box[2:], others[:, :2] + others[:, 2:])
    common = np.prod(np.maximum(high - low, 0), axis=1)
    union = np.prod(box[2:]) + np.prod(others[:, 2:], axis=1) - common
    shares: Floats = common / np.maximum(union, 1)
    return shares


def _face(row: Floats) -> Face:
    x, y, width, height = (float(value) for value in row[:4])
    return Face(float(min(row[14], 1.0)), (x, y, width, height), row[4:14].reshape(5, 2).copy())
