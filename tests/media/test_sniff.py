"""First bytes to format names."""

from __future__ import annotations

import pytest
from tests.media import makers

from consentry.media.sniff import sniff


def ftyp(major: bytes, *others: bytes) -> bytes:
    return makers.box(b"ftyp", major, bytes(4), *others) + bytes(20)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (ftyp(b"avif", b"mif1", b"miaf"), "avif"),
        (ftyp(b"avis", b"msf1"), "avif"),
        (ftyp(b"mif1", b"avif"), "avif"),
        (ftyp(b"heic", b"mif1"), "heic"),
        (ftyp(b"mif1", b"heic"), "heic"),
        (ftyp(b"mif1", b"miaf"), None),
        (ftyp(b"isom", b"iso2", b"avc1"), "mp4"),
        (ftyp(b"mp42"), "mp4"),
        (ftyp(b"XAVC", b"mp42"), "mp4"),
        (ftyp(b"qt  "), "mov"),
        (ftyp(b"M4A ", b"isom"), None),
        (ftyp(b"jxl ", b"isom"), None),
        (b"\0\0\0\x08wide\0\0\0\x20mdat", "mov"),
        (b"II*\0", "tiff"),
        (b"MM\0*", "tiff"),
        (b"MM\0+", "tiff"),
        (b"II*\x01", None),
        (b"", None),
        (b"\xff\xd8", None),
    ],
)
def test_sniff(head: bytes, expected: str | None) -> None:
    assert sniff(head) == expected


def test_the_brands_stop_where_the_box_stops() -> None:
    assert sniff(ftyp(b"mif1") + b"heic" * 4) is None
