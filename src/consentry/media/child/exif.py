"""The one thing that decoding needs from EXIF: which way up. Read without trust, nothing else."""

from __future__ import annotations

import struct
from typing import Final

__all__ = ["bare", "orientation"]

_ORIENTATION_TAG: Final = 0x0112
_SHORT: Final = 3
_ENTRY: Final = 12
_VALUES: Final = range(1, 9)


def bare(exif: bytes) -> bytes:
    """The TIFF structure, without the six bytes that JPEG puts before it."""
    return exif.removeprefix(b"Exif\x00\x00")


def orientation(exif: bytes) -> int:
    """The declared orientation, 1 to 8; 1 when there is none that can be read.

    Source: CIPA DC-008 (Exif 2.32), 4.6.4; TIFF 6.0, section 2.
    """
    raw = bare(exif)
    order = {b"II": "<", b"MM": ">"}.get(raw[:2])
    if order is None:
        return 1
    try:
        return _search(raw, order)
    except struct.error:
        return 1


def _search(raw: bytes, order: str) -> int:
    (start,) = struct.unpack_from(f"{order}L", raw, 4)
    (count,) = struct.unpack_from(f"{order}H", raw, start)
    for place in range(start + 2, start + 2 + count * _ENTRY, _ENTRY):
        tag, kind, number, value = struct.unpack_from(f"{order}HHLH", raw, place)
        if tag == _ORIENTATION_TAG:
            fits = kind == _SHORT and number == 1 and value in _VALUES
            return int(value) if fits else 1
    return 1
