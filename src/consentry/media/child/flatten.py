"""Any kind of pixel to upright 8-bit RGB: the rules are here, and only here.

Transparency: over white, in straight 8-bit values as stored (no gamma, no colour profile):

    out = floor((c * a + 255 * (255 - a) + 127) / 255)

for each channel value c and alpha a, 0 to 255. The quotient is never a tie, so this is rounding to
the nearest. 16-bit samples keep their high byte, v >> 8.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from consentry.errors import MediaFormatError

__all__ = ["to_rgb", "upright", "write"]

_BAND_PIXELS: Final = 4_000_000
_WITH_ALPHA: Final = frozenset({"RGBA", "LA", "PA", "La", "RGBa"})
_PLAIN: Final = frozenset({"RGB", "L", "P", "1", "CMYK", "YCbCr", "RGBX"})

Pixels = NDArray[np.uint8]


def write(image: Image.Image, orientation: int, pixels: Pixels) -> None:
    """Write a loaded Pillow image, turned upright, to `pixels` (height, width, 3).

    Works in bands, so that it needs little memory beside the image's own.

    Raises:
        MediaFormatError: its samples are of a kind that has no 8-bit meaning.
    """
    target = upright(pixels, orientation)
    rows = max(_BAND_PIXELS // image.width, 1)
    for top in range(0, image.height, rows):
        bottom = min(top + rows, image.height)
        whole = bottom - top == image.height
        band = image if whole else image.crop((0, top, image.width, bottom))
        target[top:bottom] = np.asarray(to_rgb(band))


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """A view of upright `pixels` whose axes are those of a file with this EXIF orientation.

    What is stored as rows and columns of the file can be assigned to it as it is.
    """
    turned = pixels.transpose(1, 0, 2) if orientation >= 5 else pixels  # noqa: PLR2004  5 to 8 swap sides
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
