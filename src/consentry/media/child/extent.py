"""Where a picture ends inside its file: what lies behind it is not the picture.

Each function follows the structure of one format and gives the offset behind the last byte, or
None where the structure does not say (or is broken: then decoding will tell). An offset behind the
end of the file means that the file is cut short.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

__all__ = ["Read", "end_of", "end_of_boxes", "end_of_matroska"]

Read = Callable[[int, int], bytes]

_MAX_STEPS: Final = 200_000
_GIF_IMAGE: Final = 0x2C
_GIF_EXTENSION: Final = 0x21
_GIF_TRAILER: Final = 0x3B
_BOXES: Final = frozenset(
    b"ftyp meta mdat moov moof mfra free skip wide uuid sidx styp emsg pnot udta mpvd".split()
)
_SEGMENT: Final = b"\x18\x53\x80\x67"
_VOID: Final = 0xEC


def end_of(format_: str, data: bytes) -> int | None:
    """The end of a still picture or animation, never behind the file; JPEG has its own walk."""
    finders: dict[str, Callable[[bytes], int | None]] = {
        "png": _png,
        "gif": _gif,
        "webp": _webp,
        "bmp": _bmp,
        "avif": _iso,
        "heic": _iso,
    }
    finder = finders.get(format_)
    try:
        end = finder(data) if finder else None
    except (IndexError, struct.error):
        return None
    return end if end is not None and end <= len(data) else None


def _png(data: bytes) -> int | None:
    place = 8
    for _ in range(_MAX_STEPS):
        size, kind = struct.unpack_from(">L4s", data, place)
        place += 12 + int(size)
        if kind == b"IEND":
            return place
    return None


def _webp(data: bytes) -> int | None:
    (size,) = struct.unpack_from("<L", data, 4)
    return 8 + int(size) + (int(size) & 1)


def _bmp(data: bytes) -> int | None:
    """By the pixels that the header declares, not by the size that it claims for the file."""
    start, header = struct.unpack_from("<LL", data, 10)
    if header == 12:  # noqa: PLR2004  BITMAPCOREHEADER
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        compression = size = 0
    else:
        width, height, _, bits, compression, size = struct.unpack_from("<llHHLL", data, 18)
    if compression in {0, 3, 6}:
        size = (width * bits + 31) // 32 * 4 * abs(height)
    return int(start + size) if size else None


def _gif(data: bytes) -> int | None:
    place = 13 + _colours(data[10])
    for _ in range(_MAX_STEPS):
        kind = data[place]
        if kind == _GIF_TRAILER:
            return place + 1
        if kind == _GIF_IMAGE:
            place = _gif_blocks(data, place + 11 + _colours(data[place + 9]))
        elif kind == _GIF_EXTENSION:
            place = _gif_blocks(data, place + 2)
        else:
            return None
    return None


def _colours(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _gif_blocks(data: bytes, place: int) -> int:
    while data[place]:
        place += 1 + data[place]
    return place + 1


def _iso(data: bytes) -> int | None:
    return end_of_boxes(lambda offset, size: data[offset : offset + size], len(data))


def end_of_boxes(read: Read, total: int) -> int | None:
    """The end of an ISO BMFF file (AVIF, HEIC, MP4, MOV): where its boxes stop making sense.

    A second `ftyp` box is the start of another file.
    """
    place = 0
    for _ in range(_MAX_STEPS):
        if place >= total:
            return place
        size, kind = _box(read(place, 16), total - place)
        known = kind in _BOXES and (place == 0 or kind != b"ftyp")
        if size < 8 or (not known and (kind in _BOXES or place + size > total)):  # noqa: PLR2004  a box header
            return place
        place += size
    return None


def _box(head: bytes, left: int) -> tuple[int, bytes]:
    """The size and kind of a box; size 0 for what cannot be one."""
    kind = head[4:8]
    size = int.from_bytes(head[:4], "big")
    if len(kind) < 4 or not (kind.isascii() and kind.decode().isprintable()):  # noqa: PLR2004  four characters
        return 0, kind
    if size == 1:
        size = int.from_bytes(head[8:16], "big")
    return (left if size == 0 and kind in _BOXES else size), kind


def end_of_matroska(read: Read, total: int) -> int | None:
    """The end of a Matroska or WebM file: behind its Segment and what pads it."""
    place = 0
    for _ in range(_MAX_STEPS):
        head = read(place, 16)
        if not head or (place and head[:4] != _SEGMENT and head[0] != _VOID):
            return place
        identity = 1 if head[0] == _VOID else 4
        size, length = _vint(head[identity:])
        if size is None:
            return total
        place += identity + length + size
        if place > total:
            return place
    return None


def _vint(raw: bytes) -> tuple[int | None, int]:
    """A variable-length size and how many bytes it took; None for "unknown"."""
    length = 9 - raw[0].bit_length() if raw and raw[0] else 0
    if not 1 <= length <= 8 or len(raw) < length:  # noqa: PLR2004  EBML's widest
        return None, 0
    value = int.from_bytes(raw[:length], "big") & ((1 << 7 * length) - 1)
    return (None if value == (1 << 7 * length) - 1 else value), length
