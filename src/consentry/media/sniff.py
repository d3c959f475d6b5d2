"""Which format the first bytes are of: the allow-list, by signature and never by name."""

from __future__ import annotations

from typing import Final

__all__ = ["HEAD_BYTES", "VIDEO_FORMATS", "sniff"]

HEAD_BYTES: Final = 4096
"""As much as `sniff` ever looks at."""

VIDEO_FORMATS: Final = frozenset({"mp4", "mov", "webm", "mkv"})

_PREFIXES: Final = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
)
_BMP_HEADER_SIZES: Final = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
_AVIF: Final = frozenset({b"avif", b"avis"})
_HEIC: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_ANY_STILL: Final = frozenset({b"mif1", b"msf1", b"miaf"})
_NOT_VIDEO: Final = frozenset({b"crx ", b"jp2 ", b"jpx ", b"jxl ", b"M4A ", b"M4B ", b"M4P "})
_MP4: Final = frozenset(
    {b"isom", b"mp41", b"mp42", b"avc1", b"dash", b"M4V ", b"M4VH", b"M4VP", b"MSNV"}
    | {b"iso%d" % number for number in range(2, 10)}
)
_BARE_MOV: Final = frozenset({b"moov", b"mdat", b"wide"})


def sniff(head: bytes) -> str | None:
    """Name the format of a file from its first `HEAD_BYTES` bytes.

    Returns:
        jpeg, png, webp, gif, avif, heic, tiff, bmp, mp4, mov, webm or mkv; None for all else.
    """
    for prefix, name in _PREFIXES:
        if head.startswith(prefix):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADER_SIZES:
        return "bmp"
    if head[:4] == b"\x1aE\xdf\xa3":
        return _sniff_matroska(head)
    return _sniff_iso(head)


def _sniff_iso(head: bytes) -> str | None:
    """Tell the relatives of ISO BMFF apart by their brands; old QuickTime files have none."""
    if head[4:8] in _BARE_MOV:
        return "mov"
    if head[4:8] != b"ftyp":
        return None
    major = head[8:12]
    end = min(int.from_bytes(head[:4], "big"), len(head))
    others = {head[place : place + 4] for place in range(16, end - 3, 4)}
    return _by_brand(major, others)


def _by_brand(major: bytes, others: set[bytes]) -> str | None:
    if major in _AVIF or (major in _ANY_STILL and others & _AVIF):
        return "avif"
    if major in _HEIC or (major in _ANY_STILL and others & _HEIC):
        return "heic"
    if major == b"qt  ":
        return "mov"
    if major in _MP4 or (major not in _NOT_VIDEO | _ANY_STILL and others & _MP4):
        return "mp4"
    return None


def _sniff_matroska(head: bytes) -> str | None:
    """Read the DocType element (0x4282) of an EBML header."""
    place = head.find(b"\x42\x82", 0, 80)
    if place < 0:
        return None
    value = head[place + 3 : place + 11]
    if value.startswith(b"webm"):
        return "webm"
    return "mkv" if value == b"matroska" else None
