"""OpenNSFW: how sexually explicit a picture is, from 0 to 1.

Yahoo's open_nsfw. Its own pre-processing is followed step by step (github.com/yahoo/open_nsfw):
squash to 256x256, save as JPEG and open again, cut out the middle 224x224, BGR, subtract means.
"""

from __future__ import annotations

import math
from typing import ClassVar, Final

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from consentry.config import Settings
from consentry.errors import ModelError
from consentry.models.locate import read_verified
from consentry.models.resample import Pixels, squash
from consentry.models.session import Session

__all__ = ["OpenNsfw"]

_SQUASHED: Final = 256
_EDGE: Final = 16
_MEAN_BGR: Final = np.array([104, 117, 123], np.float32)
_QUALITY: Final = 75
_LONG: Final = 2
_STEP: Final = 0.75
_MOST_VIEWS: Final = 8


class OpenNsfw:
    """The model `open-nsfw`, loaded."""

    name: ClassVar[str] = "open-nsfw"

    def __init__(self, session: Session) -> None:
        """Use `load` instead, unless the session is at hand."""
        self._session = session

    @classmethod
    def load(cls, settings: Settings) -> OpenNsfw:
        """Find, verify and load the model.

        Raises:
            ModelError: it is missing, altered or unusable.
        """
        session = Session(cls.name, read_verified(cls.name, settings), settings)
        session.expect("outputs")
        return cls(session)

    def run(self, pixels: Pixels) -> float:
        """Score `pixels`: the highest score of all its views.

        A picture up to 2:1 has one view, squashed to a square as the model was trained. A longer
        one is looked at in square windows that overlap by a quarter (eight at most), too: nothing
        is squashed beyond recognition. The outer sixteenth at each edge of a view is cut off.

        Args:
            pixels: uint8, shape (height, width, 3), RGB.

        Returns:
            From 0, not explicit, to 1, explicit.

        Raises:
            ModelError: onnxruntime cannot run it.
        """
        return max(self._score(view) for view in _views(pixels))

    def _score(self, view: Pixels) -> float:
        feed = _prepare(view)[np.newaxis]
        score = float(self._session.run(feed)["outputs"][0, 1])
        if not 0.0 <= score <= 1.0 + 1e-6:
            raise ModelError(f"The model {self.name} gave {score}, which is no score.")
        return min(score, 1.0)


def _prepare(view: Pixels) -> NDArray[np.float32]:
    """(height, width, 3) RGB bytes to (224, 224, 3) BGR floats."""
    middle = squash(view, _SQUASHED, _EDGE)
    saved = simplejpeg.encode_jpeg(
        middle,
        quality=_QUALITY,
        colorspace="RGBX",
        colorsubsampling="420",
        fastdct=False,
    )
    opened = simplejpeg.decode_jpeg(saved, colorspace="BGR", fastdct=False, fastupsample=False)
    return np.asarray(opened - _MEAN_BGR, np.float32)


def _views(pixels: Pixels) -> list[Pixels]:
    tall, wide = pixels.shape[:2]
    longer, shorter = max(tall, wide), min(tall, wide)
    if longer <= _LONG * shorter:
        return [pixels]
    count = min(_MOST_VIEWS, 1 + math.ceil((longer / shorter - 1) / _STEP))
    length = max(shorter, math.ceil(longer / (1 + (count - 1) * _STEP)))
    starts = [round(place * (longer - length) / (count - 1)) for place in range(count)]
    cuts = [slice(start, start + length) for start in starts]
    return [pixels, *(pixels[cut] if tall > wide else pixels[:, cut] for cut in cuts)]
