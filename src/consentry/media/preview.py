"""Small pictures of decoded ones, for a person to look at."""

from __future__ import annotations

import io
from dataclasses import dataclass

from consentry.media.picture import Clip, Picture

__all__ = ["Preview", "preview_of"]


@dataclass(frozen=True, slots=True)
class Preview:
    """A small JPEG of a picture that was decoded safely.

    Attributes:
        jpeg: the encoded preview, without metadata.
        width, height: of the preview, in pixels.
        full_width, full_height: of the upright original, in pixels.
    """

    jpeg: bytes
    width: int
    height: int
    full_width: int
    full_height: int


def preview_of(media: Picture | Clip, max_side: int) -> Preview:
    """A small JPEG of a picture, or of a clip's first frame; no side is longer than `max_side`."""
    picture = media.frames[0].picture if isinstance(media, Clip) else media
    from PIL import Image

    image = Image.fromarray(picture.pixels)
    image.thumbnail((max_side, max_side))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return Preview(buffer.getvalue(), image.width, image.height, picture.width, picture.height)
