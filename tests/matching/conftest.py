"""What the tests of matching share."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

PHOTOS = Path(__file__).parent.parent / "data" / "photos"


@cache
def _pictures() -> tuple[tuple[str, NDArray[np.uint8]], ...]:
    found = sorted(path for path in PHOTOS.glob("*") if path.suffix in {".jpg", ".png"})
    return tuple((path.name, np.asarray(Image.open(path).convert("RGB"))) for path in found)


@pytest.fixture(scope="session")
def pictures() -> dict[str, NDArray[np.uint8]]:
    """Name to RGB pixels."""
    return dict(_pictures())


@pytest.fixture(scope="session")
def resized() -> Callable[[NDArray[np.uint8], int, int], NDArray[np.uint8]]:
    """A picture at another width and height."""

    def resize(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
        image = Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR)
        return np.asarray(image)

    return resize
