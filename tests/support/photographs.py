"""The photographs that tests look at, as pixels; authors and licences in tests/data/photos."""

from pathlib import Path

import numpy as np
from PIL import Image

from consentry.samples import sample

FOLDER = Path(__file__).parent.parent / "data" / "photos"
PEOPLE = (
    "ardern_2018",
    "ardern_2022",
    "astronaut",
    "macron_2014",
    "macron_2025",
    "obama",
    "sunak",
)
NOBODY = ("chelsea", "coffee", "rocket")
EVERYTHING = PEOPLE + NOBODY


def photo(name):
    """A Pillow image in RGB."""
    own = FOLDER / f"{name}.jpg"
    with Image.open(own if own.exists() else sample(name).path) as image:
        return image.convert("RGB")


def pixels(name, side=None):
    """uint8 (height, width, 3); with `side`, resized so that this is the longer side."""
    image = photo(name)
    if side is not None:
        scale = side / max(image.size)
        size = tuple(max(1, round(length * scale)) for length in image.size)
        image = image.resize(size, Image.Resampling.BICUBIC)
    return np.asarray(image)
