"""Any kind of pixel to upright 8-bit RGB: the rules are here, and only here.

Transparency: over white, in straight 8-bit values as stored (no gamma, no colour profile):

    out = floor((c * a + 255 * (255 - a) + 127) / 255)

for each channel value c and alpha a, 0 to 255. The quotient is never a tie, so this is rounding to
the nearest. 16-bit samples keep their high byte, v >> 8.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from consentry.errors import MediaFormatError

__all__ = ["to_rgb", "turn", "upright", "write"]

_BAND_PIXELS: Final = 4_000_000
_BLOCK: Final = 64
_TRIPLE: Final = np.dtype("V3")
_WITH_ALPHA: Final = frozenset({"RGBA", "LA", "PA", "La", "RGBa"})
_PLAIN: Final = frozenset({"RGB", "L", "P", "1", "CMYK", "YCbCr", "RGBX"})

Pixels = NDArray[np.uint8]


def write(image: Image.Image, orientation: int, pixels: Pixels) -> None:
    """Write a loaded Pillow image, turned upright, to `pixels` (height, width, 3).

    Works in bands, so that it needs little memory beside the image's own.

    Raises:
        MediaFormatError: its samples are of a kind that has no 8-bit meaning.
    """
    rows = max(_BAND_PIXELS // image.width, 1)
    for top in range(0, image.height, rows):
        bottom = min(top + rows, image.height)
        whole = bottom - top == image.height
        band = image if whole else image.crop((0, top, image.width, bottom))
        turn(np.asarray(to_rgb(band)), orientation, pixels, top)


def turn(source: Pixels, orientation: int, pixels: Pixels, top: int = 0) -> None:
    """Copy rows of the file, the first of them row `top`, to their upright places in `pixels`.

    Both have the shape (height, width, 3). Goes in blocks: a turned row touches every line of
    the cache, four times slower.
    """
    target = upright(pixels.view(_TRIPLE)[..., 0], orientation)
    if orientation == 1:
        pixels[top : top + len(source)] = source
        return
    triples = np.ascontiguousarray(source).view(_TRIPLE)[..., 0]
    height, width = triples.shape
    for y in range(0, height, _BLOCK):
        for x in range(0, width, _BLOCK):
            block = triples[y : y + _BLOCK, x : x + _BLOCK]
            target[top + y : top + y + len(block), x : x + _BLOCK] = block


def upright(places: NDArray[Any], orientation: int) -> NDArray[Any]:
    """A view of upright `places` whose first two axes are those of a file so oriented."""
    turned = places.swapaxes(0, 1) if orientation >= 5 else places  # noqa: PLR2004  5 to 8 swap sides
    down, across = _STEPS[orientation]
    return turned[::down, ::across]


_STEPS: Final = {
    1: (1, 1),
    2: (1, -1),
    3: (-1, -1),
    4: (-1, 1),
    5: (1, 1),
    6: (-1, 1),
    7: (-1, -1),
    8: (1, -1),
}


def to_rgb(image: Image.Image) -> Image.Image:
    """A loaded image as mode RGB, transparency over white.

    Raises:
        MediaFormatError: its samples are of a kind that has no 8-bit meaning.
    """
    if image.mode.startswith("I;16"):
        image = _high_byte(image)
    if image.mode in _WITH_ALPHA:
        return _over_white(image)
    if image.mode not in _PLAIN:
        raise MediaFormatError(
            f"Pictures with samples of the kind {image.mode} are not accepted.",
            hint="Save it with 8 or 16 bits for each colour.",
        )
    if image.mode in {"L", "P", "1", "RGB"} and "transparency" in image.info:
        return _over_white(image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _over_white(image: Image.Image) -> Image.Image:
    straight = image if image.mode == "RGBA" else image.convert("RGBA")
    alpha = straight.getchannel("A")
    flat = Image.new("RGB", image.size, (255, 255, 255))
    flat.paste(straight.convert("RGB"), mask=alpha)  # Pillow's paste rounds as the rule above
    return flat


def _high_byte(image: Image.Image) -> Image.Image:
    samples = np.asarray(image)
    grey = Image.fromarray((samples >> 8).astype(np.uint8))
    key = image.info.get("transparency")
    if not isinstance(key, int):
        return grey
    visible = Image.fromarray(np.where(samples == key, 0, 255).astype(np.uint8))
    return Image.merge("LA", (grey, visible))
