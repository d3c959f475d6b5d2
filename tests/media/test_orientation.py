"""All eight EXIF orientations, in every format that can declare one."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageOps
from tests.media import makers

from consentry.media import MediaDecoder, Picture
from consentry.media.child import exif


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_", ["jpeg", "png", "webp", "tiff", "avif"])
def test_orientation_is_applied_as_pillow_does(
    decoder: MediaDecoder, format_: str, orientation: int
) -> None:
    data = makers.encode(
        makers.photo(size=(70, 45)), format_, exif=makers.exif_with_orientation(orientation)
    )
    with Image.open(io.BytesIO(data)) as image:
        upright = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    picture = decoder.decode(data)
    assert isinstance(picture, Picture)
    assert np.array_equal(picture.pixels, upright)
    assert picture.metadata.orientation == orientation


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_cmyk_jpeg_is_turned_on_the_slow_path(decoder: MediaDecoder, orientation: int) -> None:
    data = makers.encode(
        makers.photo(size=(70, 45)).convert("CMYK"),
        "jpeg",
        exif=makers.exif_with_orientation(orientation),
    )
    with Image.open(io.BytesIO(data)) as image:
        upright = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    picture = decoder.decode(data)
    assert isinstance(picture, Picture)
    assert np.array_equal(picture.pixels, upright)


def test_a_large_turned_picture_is_written_in_bands(decoder: MediaDecoder) -> None:
    photo = makers.photo("coffee.png", (2500, 2100))
    data = makers.encode(photo, "png", compress_level=1, exif=makers.exif_with_orientation(6))
    picture = decoder.decode(data)
    assert isinstance(picture, Picture)
    assert np.array_equal(picture.pixels, np.rot90(np.asarray(photo), -1))


@pytest.mark.parametrize("turn", range(4))
def test_a_heic_is_turned_once_by_its_own_property(decoder: MediaDecoder, turn: int) -> None:
    photo = makers.photo(size=(96, 64))
    picture = decoder.decode(makers.heic(photo, turn))
    assert isinstance(picture, Picture)
    assert makers.distance(picture.pixels, np.rot90(np.asarray(photo), turn)) < 4


def test_every_frame_of_an_animation_is_turned(decoder: MediaDecoder) -> None:
    frames = [makers.photo(size=(70, 45)), makers.photo("coffee.png", (70, 45))]
    data = makers.animation(frames, "webp", exif=makers.exif_with_orientation(8))
    clip = decoder.decode(data)
    for frame, original in zip(clip.frames, frames, strict=True):
        assert np.array_equal(frame.picture.pixels, np.rot90(np.asarray(original)))


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"II*\0",
        b"XX*\0\x08\0\0\0",
        b"II*\0\xff\xff\xff\xff",
        b"II*\0\x08\0\0\0\xff\xff",
        b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x09\0\0\0",
        b"II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\x01\0\0\0\x06\0\0\0",
    ],
)
def test_exif_that_makes_no_sense_means_upright(block: bytes) -> None:
    assert exif.orientation(block) == 1


def test_both_byte_orders_are_read() -> None:
    assert exif.orientation(b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0") == 6
    assert exif.orientation(b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0") == 6
