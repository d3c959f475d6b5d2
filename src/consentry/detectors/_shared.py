"""What the picture detectors share: their stages, a model that is loaded once, sample pictures."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, Generic, TypeVar

import numpy as np
from PIL import Image

from consentry.findings import Stage
from consentry.media.picture import Picture
from consentry.samples import sample

__all__ = ["PICTURE_STAGES", "LoadOnce", "sample_picture"]

T = TypeVar("T")

PICTURE_STAGES: Final = frozenset({Stage.PROMPT, Stage.REFERENCE, Stage.OUTPUT, Stage.UPLOAD})
"""All of them: a prompt may come with a reference picture."""


class LoadOnce(Generic[T]):
    """Something heavy, loaded by the first thread that needs it.

    A failed loading is tried again the next time: a model that is put back works at once.
    """

    def __init__(self, load: Callable[[], T]) -> None:
        """Remember `load`, without calling it."""
        self._load = load
        self._lock = threading.Lock()
        self._loaded: T | None = None

    def __call__(self) -> T:
        """Give it, loading it first if need be; what `load` raises goes to the caller."""
        if self._loaded is None:
            with self._lock:
                if self._loaded is None:
                    self._loaded = self._load()
        return self._loaded


def sample_picture(name: str) -> Picture:
    """One of our own sample photographs: trusted, so Pillow opens it here."""
    with Image.open(sample(name).path) as image:
        return Picture.from_pixels(np.asarray(image.convert("RGB")), format="jpeg")
