"""Hypothesis at the boundary: whatever comes, it is a picture, a clip or a named error."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.media import makers

from consentry.config import MediaSettings
from consentry.errors import InputError
from consentry.media import Clip, MediaDecoder, Picture
from consentry.media.child import exif, extent, jpeg
from consentry.media.sniff import sniff

QUICK = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
HEADS = (
    b"\xff\xd8\xff\xe0",
    b"\xff\xd8\xff\xe1\x00\x10Exif\0\0II*\0",
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    b"GIF89a",
    b"RIFF\x20\0\0\0WEBPVP8 ",
    b"RIFF\x20\0\0\0WEBPVP8X\n\0\0\0",
    b"\0\0\0\x14ftypavif\0\0\0\0avif\0\0\0\x20meta",
    b"\0\0\0\x14ftypheic\0\0\0\0mif1\0\0\0\x20meta",
    b"\0\0\0\x14ftypmp42\0\0\0\0mp42\0\0\0\x20moov",
    b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm",
    b"II*\0\x08\0\0\0",
    b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0",
)


@functools.cache
def real(format_: str) -> bytes:
    return makers.encode(makers.photo(size=(24, 16)), format_)


@pytest.fixture(scope="module")
def decoder() -> Iterator[MediaDecoder]:
    limits = MediaSettings(decoders=1, max_pixels=100_000, max_frames=3, decode_seconds=10)
    with MediaDecoder(limits) as made:
        yield made


def look(decoder: MediaDecoder, data: bytes, **names: str | None) -> None:
    try:
        media = decoder.decode(data, **names)
    except InputError:
        return
    assert isinstance(media, Picture | Clip)


@QUICK
@given(head=st.sampled_from(HEADS), rest=st.binary(max_size=400))
def test_a_true_head_and_any_bytes(decoder: MediaDecoder, head: bytes, rest: bytes) -> None:
    look(decoder, head + rest)


@QUICK
@given(
    format_=st.sampled_from(makers.STILLS),
    place=st.floats(0, 1),
    removed=st.integers(0, 40),
    put=st.binary(max_size=40),
)
def test_a_real_file_with_a_part_replaced(
    decoder: MediaDecoder, format_: str, place: float, removed: int, put: bytes
) -> None:
    data = real(format_)
    start = int(place * len(data))
    look(decoder, data[:start] + put + data[start + removed :])


@QUICK
@given(name=st.none() | st.text(max_size=30), declared=st.none() | st.text(max_size=30))
def test_any_name_and_any_type(
    decoder: MediaDecoder, name: str | None, declared: str | None
) -> None:
    look(decoder, real("png"), name=name, content_type=declared)


@given(st.binary(max_size=300))
def test_the_readers_of_structure_never_raise(data: bytes) -> None:
    sniff(data)
    exif.orientation(b"II*\0" + data)
    jpeg.walk(b"\xff\xd8" + data)
    extent.end_of_matroska(lambda start, size: data[start : start + size], len(data))
    for format_ in makers.STILLS:
        assert (extent.end_of(format_, data) or 0) <= len(data)
