"""Templates: of one good portrait at enrolment, and of whatever faces are to be compared.

A portrait has one face, large, sharp and looking ahead; what is wrong with another photo is said in
words that help. Drawings, masks and photos of photos are not told from living faces: not detected.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from consentry.config import Settings
from consentry.errors import (
    PortraitDisagreeError,
    PortraitNoFaceError,
    PortraitSeveralError,
    PortraitSmallError,
    PortraitTurnedError,
    PortraitUnsharpError,
)
from consentry.likeness.thresholds import REVIEW
from consentry.media import Picture
from consentry.models.sface import SFace
from consentry.models.yunet import Face, YuNet

__all__ = ["LEAST_SIDE", "Portrait", "TemplateMaker", "agreement"]

Floats = NDArray[np.float32]

LEAST_SIDE: Final = 80
"""Least side of a face in a portrait, in pixels: SFace sees 112."""

LEAST_SCORE: Final = 0.8
MOST_YAW: Final = 0.35
MOST_ROLL: Final = 15.0  # the landmarks tell less than the truth: 15 is about 30
LEAST_SHARPNESS: Final = 12.0
_BYSTANDER: Final = 0.3  # a face of less than this share of the largest is somebody far behind


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """What was taken from one photo.

    Attributes:
        template: float32, (128,), of length 1.
        size: smaller side of the face, in pixels.
        sharpness: standard deviation of the Laplacian of the face's grey values; see the module's
            limits. Higher is sharper.
        yaw: how far the nose is off the middle between the eyes, in shares of their distance.
        roll: by how many degrees the head is tilted.
        score: how sure the face was found, 0 to 1.
    """

    template: Floats
    size: float
    sharpness: float
    yaw: float
    roll: float
    score: float


class TemplateMaker:
    """Makes templates; the models are loaded at the first need. Threads may share it."""

    def __init__(self, settings: Settings) -> None:
        """Load nothing yet."""
        self._settings = settings
        self._lock = threading.Lock()

    @cached_property
    def _finder(self) -> YuNet:
        return YuNet.load(self._settings)

    @cached_property
    def _describer(self) -> SFace:
        return SFace.load(self._settings)

    def warm_up(self) -> None:
        """Load the model that describes faces.

        Raises:
            ModelError: it is missing, altered or unusable.
        """
        self._model()

    def take(self, picture: Picture) -> Portrait:
        """What a photo for enrolment gives.

        Raises:
            PortraitError: it cannot be used; the class and the message say why.
            ModelError: a model is missing, altered or unusable.
        """
        with self._lock:
            finder = self._finder
        face = _only(finder.run(picture.pixels))
        roll, yaw = _pose(face)
        size = min(face.box[2:])
        sharpness = _sharpness(picture.pixels, face)
        _check(size, sharpness, yaw, roll)
        template = self.embed(picture.pixels, face.landmarks[None])[0]
        return Portrait(template, size, sharpness, yaw, roll, face.score)

    def embed(self, pixels: NDArray[np.uint8], landmarks: NDArray[Any]) -> Floats:
        """Templates of faces that were found before.

        Args:
            pixels: uint8, shape (height, width, 3), RGB.
            landmarks: shape (n, 5, 2), x and y in pixels.

        Returns:
            float32, (n, 128). Whoever asks throws them away after comparing.

        Raises:
            ModelError: a model is missing, altered or unusable.
        """
        return self._model().run(pixels, landmarks)

    def _model(self) -> SFace:
        with self._lock:
            return self._describer


def agreement(templates: Sequence[Floats]) -> float:
    """The least cosine between any two templates; 1.0 for one alone.

    Raises:
        PortraitDisagreeError: two of them seem to be of different people.
    """
    pairs = combinations(templates, 2)
    least = min((float(one @ other) for one, other in pairs), default=1.0)
    if least < REVIEW:
        raise PortraitDisagreeError("These photos do not all seem to show the same person.")
    return least


def _only(faces: Sequence[Face]) -> Face:
    sure = [one for one in faces if one.score >= LEAST_SCORE]
    if not sure:
        raise PortraitNoFaceError("No face was found in this photo.")
    largest = max(sure, key=lambda one: min(one.box[2:]))
    beside = [one for one in faces if min(one.box[2:]) >= _BYSTANDER * min(largest.box[2:])]
    if len(beside) > 1:
        raise PortraitSeveralError("There is more than one face in this photo.")
    return largest


def _check(size: float, sharpness: float, yaw: float, roll: float) -> None:
    if size < LEAST_SIDE:
        raise PortraitSmallError(
            f"The face is {size:.0f} pixels wide; at least {LEAST_SIDE} are needed."
        )
    if abs(yaw) > MOST_YAW or abs(roll) > MOST_ROLL:
        raise PortraitTurnedError("The face looks to the side or is tilted.")
    if sharpness < LEAST_SHARPNESS:
        raise PortraitUnsharpError("The face is not sharp enough.")


def _pose(face: Face) -> tuple[float, float]:
    """Roll in degrees, and yaw as a share of the distance of the eyes."""
    right, left, nose = (face.landmarks[place].astype(float) for place in range(3))
    along = left - right
    distance = max(float(np.hypot(*along)), 1e-6)
    roll = float(np.degrees(np.arctan2(along[1], along[0])))
    offset = float((nose - (right + left) / 2) @ along / distance)
    return roll, offset / distance


def _sharpness(pixels: NDArray[np.uint8], face: Face) -> float:
    """Of the face, scaled to about 112 px so that photos of all sizes compare."""
    x, y, width, height = (max(0, round(value)) for value in face.box)
    cut = pixels[y : y + height, x : x + width].mean(axis=2)
    step = max(1, min(cut.shape) // 112)
    tall, wide = (length // step * step for length in cut.shape)
    small = cut[:tall, :wide].reshape(tall // step, step, wide // step, step).mean(axis=(1, 3))
    inner = small[1:-1, 1:-1]
    around = small[:-2, 1:-1] + small[2:, 1:-1] + small[1:-1, :-2] + small[1:-1, 2:]
    return float((around - 4 * inner).std()) if inner.size else 0.0
