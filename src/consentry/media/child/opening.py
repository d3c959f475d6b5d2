"""Pillow behind bars: one plug-in for each format, no other, and its errors turned into ours."""

from __future__ import annotations

import errno
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from io import BytesIO
from typing import Any, Final

from PIL import Image, JpegImagePlugin, PngImagePlugin

from consentry.errors import (
    ConsentryError,
    MediaPixelsError,
    MediaTooCostlyError,
    MediaTruncatedError,
)
from consentry.media.protocol import Limits

__all__ = ["check_size", "open_image", "reading"]

_READY: Final[dict[str, Any]] = {
    "jpeg": JpegImagePlugin.JpegImageFile,
    "png": PngImagePlugin.PngImageFile,
}
_LATE: Final = {
    "gif": ("PIL.GifImagePlugin", "GifImageFile"),
    "bmp": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "webp": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "avif": ("PIL.AvifImagePlugin", "AvifImageFile"),
    "tiff": ("PIL.TiffImagePlugin", "TiffImageFile"),
    "heic": ("pi_heif", "HeifImageFile"),
}
_DEEP_COLOUR: Final = b"\x10\x02"
_TEXT_BOMB: Final = ("decompressed data too large", "too much memory used in text chunks")


def open_image(format_: str, data: bytes, limits: Limits) -> Image.Image:
    """Read a file's header with the one plug-in for `format_`, and check what it declares.

    Raises:
        MediaPixelsError: more pixels, or a longer side, than allowed.
    """
    # Pillow raises at twice this number, before it reserves memory: so it raises at our limit.
    Image.MAX_IMAGE_PIXELS = (limits.max_pixels + 1) // 2
    plugin = _READY.get(format_) or _load(format_)
    image: Image.Image = plugin(BytesIO(data))
    check_size(image.width, image.height, limits)
    if format_ == "png" and data[24:26] == _DEEP_COLOUR:
        # Pillow would compare 8-bit samples with this 16-bit colour, and hide what others show.
        image.info.pop("transparency", None)
    return image


def check_size(width: int, height: int, limits: Limits) -> None:
    """Compare declared sides, in pixels, with the limits.

    Raises:
        MediaPixelsError: too many, or too long.
    """
    if width * height > limits.max_pixels:
        raise MediaPixelsError(
            f"The picture declares {width} x {height} pixels; the limit is "
            f"{limits.max_pixels:,} in all."
        )
    if max(width, height) > limits.max_side:
        raise MediaPixelsError(
            f"The picture declares a side of {max(width, height)} pixels; the limit is "
            f"{limits.max_side:,}.",
            hint="Send a smaller picture, or raise media.max_side.",
        )
    if min(width, height) < 1:
        raise MediaTruncatedError("The picture declares no pixels.")


@contextmanager
def reading(format_: str) -> Iterator[None]:
    """While a codec reads hostile bytes, whatever it raises means: damaged.

    Raises:
        MediaPixelsError: Pillow's own check found too many pixels.
        MediaTooCostlyError: compressed text would fill the memory.
        MediaTruncatedError: anything else.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (ConsentryError, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise MediaPixelsError("The picture declares more pixels than the limit.") from error
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOMEM:
            raise MemoryError from error
        if any(words in str(error).lower() for words in _TEXT_BOMB):
            raise MediaTooCostlyError("Text in the picture unpacks to too many bytes.") from error
        raise MediaTruncatedError(
            f"The {format_} file ends early, is damaged, or uses a feature that is not supported."
        ) from error


def _load(format_: str) -> Any:  # noqa: ANN401  a plug-in class of Pillow's
    """Load a plug-in at its first file, and hold it to one thread."""
    module_name, class_name = _LATE[format_]
    module: Any = import_module(module_name)
    if format_ == "avif":
        module.DEFAULT_MAX_THREADS = 1
    if format_ == "heic":
        _limit_heif(module)
    _READY[format_] = getattr(module, class_name)
    return _READY[format_]


def _limit_heif(module: Any) -> None:  # noqa: ANN401  it publishes no types
    module.options.DECODE_THREADS = 1
    module.options.THUMBNAILS = False
    module.options.DEPTH_IMAGES = False
    module.options.AUX_IMAGES = False
