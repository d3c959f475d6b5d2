"""JPEG: a walk over its segments, and the fast path straight into shared memory.

Source of the markers: ITU-T T.81, annex B; MPF: CIPA DC-007.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from consentry.errors import MediaTooCostlyError

__all__ = ["Jpeg", "decode_into", "header", "walk"]

_SOI: Final = 0xD8
_EOI: Final = 0xD9
_SOS: Final = 0xDA
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
_APP1, _APP2, _APP13, _COM = 0xE1, 0xE2, 0xED, 0xFE
_MAX_SEGMENTS: Final = 20_000
_NEXT_MARKER: Final = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_XMP: Final = b"http://ns.adobe.com/xap/1.0/\x00"
_ICC: Final = b"ICC_PROFILE\x00"
_MPF: Final = b"MPF\x00"
_MPF_COUNT_TAG: Final = 0xB001
_MOTION: Final = re.compile(rb"(?:MotionPhoto|MicroVideo)(?:=[\"']|>)1")
_FAST: Final = frozenset({"gray", "ycbcr", "rgb"})

Pixels = NDArray[np.uint8]


@dataclass(slots=True)
class Jpeg:
    """What a walk found.

    Attributes:
        end: where the picture ends (behind EOI), None when it has no end.
        exif, xmp, icc, iptc, comment: raw blocks, empty when absent.
        pictures: how many pictures an MPF segment declares in this file; 1 without one.
        motion: whether XMP declares a motion photo, a video behind the picture.
    """

    end: int | None = None
    exif: bytes = b""
    xmp: bytes = b""
    icc: bytes = b""
    iptc: bytes = b""
    comment: bytes = b""
    pictures: int = 1
    _icc_parts: list[bytes] = field(default_factory=list)

    @property
    def motion(self) -> bool:
        """Whether XMP declares a video behind the picture."""
        return _MOTION.search(self.xmp) is not None

    def take(self, marker: int, payload: bytes) -> None:
        """Sort one segment in; the first of each kind counts."""
        if marker == _APP1 and payload.startswith(b"Exif\x00\x00"):
            self.exif = self.exif or payload
        elif marker == _APP1 and payload.startswith(_XMP):
            self.xmp = self.xmp or payload[len(_XMP) :]
        elif marker == _APP2 and payload.startswith(_ICC):
            self._icc_parts.append(payload[len(_ICC) + 2 :])
        elif marker == _APP2 and payload.startswith(_MPF) and self.pictures == 1:
            self.pictures = max(_declared_pictures(payload[len(_MPF) :]), 1)
        elif marker == _APP13:
            self.iptc = self.iptc or payload
        elif marker == _COM:
            self.comment = self.comment or payload

    def finish(self, end: int | None) -> Jpeg:
        """Close the walk."""
        self.end = end
        self.icc = b"".join(self._icc_parts)
        return self


def walk(data: bytes, start: int = 0) -> Jpeg:
    """Follow the segments of the JPEG that starts at `start`; never looks at pixels.

    Raises:
        MediaTooCostlyError: it has more segments than any real picture.
    """
    found = Jpeg()
    place: int | None = start + 2
    for _ in range(_MAX_SEGMENTS):
        place = _skip_fill(data, place)
        if place is None:
            return found.finish(None)
        marker = data[place + 1]
        if marker == _EOI:
            return found.finish(place + 2)
        place = _step(data, place, marker, found)
    raise MediaTooCostlyError(f"The JPEG has more than {_MAX_SEGMENTS:,} segments.")


def _skip_fill(data: bytes, place: int | None) -> int | None:
    """The next marker at or after `place`, past fill bytes; None where there is none."""
    if place is None:
        return None
    while data[place : place + 2] == b"\xff\xff":
        place += 1
    if data[place : place + 1] != b"\xff" or place + 1 >= len(data) or data[place + 1] == _SOI:
        return None
    return place


def _step(data: bytes, place: int, marker: int, found: Jpeg) -> int | None:
    """Sort the segment at `place` in and go behind it; behind SOS, go behind its coded data."""
    if marker in _ALONE:
        return place + 2
    if place + 4 > len(data):
        return None
    size = int.from_bytes(data[place + 2 : place + 4], "big")
    after = place + 2 + size
    if size < 2 or after > len(data):  # noqa: PLR2004  the length counts its own two bytes
        return None
    found.take(marker, data[place + 4 : after])
    if marker != _SOS:
        return after
    following = _NEXT_MARKER.search(data, after)
    return following.start() if following else None


def _declared_pictures(mpf: bytes) -> int:
    """NumberOfImages of an MP Index IFD; 0 when it cannot be read."""
    order = {b"II": "<", b"MM": ">"}.get(mpf[:2])
    if order is None:
        return 0
    try:
        (ifd,) = struct.unpack_from(f"{order}L", mpf, 4)
        (count,) = struct.unpack_from(f"{order}H", mpf, ifd)
        for place in range(ifd + 2, ifd + 2 + count * 12, 12):
            tag, _, _, value = struct.unpack_from(f"{order}HHLL", mpf, place)
            if tag == _MPF_COUNT_TAG:
                return int(value)
    except struct.error:
        pass
    return 0


def header(data: bytes) -> tuple[int, int] | None:
    """Width and height, if the fast path can decode this picture; None if Pillow has to."""
    try:
        height, width, space, _ = simplejpeg.decode_jpeg_header(data)
    except ValueError:
        return None
    return (width, height) if space.lower() in _FAST else None


def decode_into(data: bytes, pixels: Pixels) -> bool:
    """Decode into `pixels` (height, width, 3); False when Pillow has to judge the file.

    Strict: what libjpeg-turbo would only warn about is left to Pillow.
    """
    try:
        simplejpeg.decode_jpeg(data, "RGB", buffer=pixels)
    except ValueError:
        return False
    return True
