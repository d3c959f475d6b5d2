"""The one rule for transparency, and every kind of sample."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from tests.media import makers

from consentry.errors import MediaFormatError
from consentry.media import MediaDecoder, Picture
from consentry.media.child import flatten


def pixels_of(decoder: MediaDecoder, image: Image.Image, format_: str, **options: object):
    picture = decoder.decode(makers.encode(image, format_, **options))
    assert isinstance(picture, Picture)
    return picture.pixels


def over_white(values: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    return (values.astype(int) * alpha + 255 * (255 - alpha.astype(int)) + 127) // 255


def test_the_alpha_rule_holds_for_every_value_and_every_alpha() -> None:
    value, alpha = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8))
    image = Image.fromarray(np.stack([value, value[::-1], value, alpha], axis=2))
    flat = np.asarray(flatten.to_rgb(image))
    assert np.array_equal(flat[..., 0], over_white(value, alpha))
    assert np.array_equal(flat[..., 1], over_white(value[::-1], alpha))


@pytest.mark.parametrize("format_", ["png", "webp", "tiff"])
def test_transparent_pictures_go_over_white(decoder: MediaDecoder, format_: str) -> None:
    photo = makers.photo()
    ramp = Image.linear_gradient("L").resize(photo.size)
    photo.putalpha(ramp)
    options = {"lossless": True, "exact": True} if format_ == "webp" else {}
    expected = over_white(np.asarray(photo)[..., :3], np.asarray(ramp)[..., None])
    assert np.array_equal(pixels_of(decoder, photo, format_, **options), expected)


def test_a_palette_with_transparency(decoder: MediaDecoder) -> None:
    image = Image.new("P", (4, 1))
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    image.putdata([0, 1, 2, 1])
    found = pixels_of(decoder, image, "png", transparency=bytes([255, 0, 128]))
    assert found[0].tolist() == [[255, 0, 0], [255, 255, 255], [127, 127, 255], [255, 255, 255]]


def test_a_transparent_colour_of_a_gif(decoder: MediaDecoder) -> None:
    image = Image.new("P", (3, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putdata([0, 1, 0])
    found = pixels_of(decoder, image, "gif", transparency=1)
    assert found[0].tolist() == [[10, 20, 30], [255, 255, 255], [10, 20, 30]]


def test_grey_and_alpha(decoder: MediaDecoder) -> None:
    image = Image.merge("LA", (Image.new("L", (2, 1), 100), Image.new("L", (2, 1), 51)))
    assert (
        pixels_of(decoder, image, "png")[0, 0].tolist() == [(100 * 51 + 255 * 204 + 127) // 255] * 3
    )


def test_sixteen_bits_keep_their_high_byte(decoder: MediaDecoder) -> None:
    samples = np.array([[0, 255, 256, 0x1234, 0x80FF, 0xFFFF]], dtype=np.uint16)
    for format_ in ("png", "tiff"):
        found = pixels_of(decoder, Image.fromarray(samples), format_)
        assert found[0, :, 0].tolist() == [0, 0, 1, 0x12, 0x80, 255]


@pytest.mark.parametrize("key", [(0x1200, 0, 0xFF00), (0x12, 0, 0xFF)])
def test_sixteen_bit_colour_keeps_its_high_byte_and_hides_nothing(
    decoder: MediaDecoder, key: tuple[int, int, int]
) -> None:
    import struct
    import zlib

    header = struct.pack(">LLBBBBB", 2, 1, 16, 2, 0, 0, 0)
    row = b"\0" + struct.pack(">6H", 0x1234, 0x00FF, 0xFFFF, 0x8000, 0x0100, 0x7FFF)
    data = b"\x89PNG\r\n\x1a\n" + makers.png_chunk(b"IHDR", header)
    data += makers.png_chunk(b"tRNS", struct.pack(">3H", *key))
    data += makers.png_chunk(b"IDAT", zlib.compress(row)) + makers.png_chunk(b"IEND", b"")
    picture = decoder.decode(data)
    assert isinstance(picture, Picture)
    assert picture.pixels[0].tolist() == [[0x12, 0, 255], [0x80, 1, 0x7F]]


def test_a_transparent_sixteen_bit_grey_is_matched_in_full(decoder: MediaDecoder) -> None:
    import struct
    import zlib

    header = struct.pack(">LLBBBBB", 3, 1, 16, 0, 0, 0, 0)
    row = b"\0" + struct.pack(">3H", 0x1234, 0x1235, 0x1200)
    data = b"\x89PNG\r\n\x1a\n" + makers.png_chunk(b"IHDR", header)
    data += makers.png_chunk(b"tRNS", struct.pack(">H", 0x1234))
    data += makers.png_chunk(b"IDAT", zlib.compress(row)) + makers.png_chunk(b"IEND", b"")
    picture = decoder.decode(data)
    assert isinstance(picture, Picture)
    assert picture.pixels[0, :, 0].tolist() == [255, 0x12, 0x12]


@pytest.mark.parametrize("mode", ["1", "L", "P"])
@pytest.mark.parametrize("format_", ["png", "tiff", "bmp", "gif"])
def test_few_colours(decoder: MediaDecoder, mode: str, format_: str) -> None:
    image = makers.photo().convert(mode)
    assert np.array_equal(pixels_of(decoder, image, format_), np.asarray(image.convert("RGB")))


def test_cmyk(decoder: MediaDecoder) -> None:
    image = makers.photo().convert("CMYK")
    found = pixels_of(decoder, image, "jpeg", quality=95)
    assert makers.distance(found, np.asarray(image.convert("RGB"))) < 4
    found = pixels_of(decoder, image, "tiff")
    assert np.array_equal(found, np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("mode", ["F", "I"])
def test_samples_without_an_eight_bit_meaning_are_refused(decoder: MediaDecoder, mode: str) -> None:
    with pytest.raises(MediaFormatError, match="8 or 16 bits"):
        decoder.decode(makers.encode(makers.photo().convert("L").convert(mode), "tiff"))
