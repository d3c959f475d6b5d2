"""The veil: a picture that was not allowed is shown grey and blurred, in its very pixels.

A blur in the page's style could be switched off in a browser. Here the detail is thrown away on the
server before anything is sent: what is left is a grid of at most 16 grey dots a side.
"""

from __future__ import annotations

import io
from typing import Final

__all__ = ["DOTS", "veil"]

DOTS: Final = 16
"""Grey dots along the longer side that are left of the picture."""


def veil(jpeg: bytes) -> bytes:
    """The same picture as a soft grey shape: a JPEG of the same size.

    Args:
        jpeg: a preview that we encoded ourselves; never bytes that somebody sent.
    """
    from PIL import Image  # only here: most requests never need it

    with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as picture:
        width, height = picture.size
        shrink = DOTS / max(width, height)
        few = (max(1, round(width * shrink)), max(1, round(height * shrink)))
        # A box average mixes every pixel of a cell: nothing of a single one can be told.
        dots = picture.convert("L").resize(few, Image.Resampling.BOX)
        soft = dots.resize((width, height), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    soft.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()
