"""Every named error, each from a file that deserves it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import pytest
from PIL import Image
from tests.media import makers

from consentry.config import MediaSettings
from consentry.errors import (
    MediaEmptyError,
    MediaExtensionError,
    MediaFormatError,
    MediaPixelsError,
    MediaSizeError,
    MediaTooCostlyError,
    MediaTruncatedError,
)
from consentry.media import MediaDecoder


@pytest.fixture(scope="module")
def strict() -> Iterator[MediaDecoder]:
    settings = MediaSettings(decoders=1, max_bytes=300_000, max_pixels=250_000, max_side=2_000)
    with MediaDecoder(settings) as decoder:
        yield decoder


def test_empty(decoder: MediaDecoder) -> None:
    with pytest.raises(MediaEmptyError):
        decoder.decode(b"")


@pytest.mark.parametrize(
    "data",
    [
        b"x",
        b"not a picture at all",
        bytes(100),
        b"%PDF-1.7 and so on",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"RIFF\x10\0\0\0AVI LIST",
        b"BMore text than bitmap, although it starts alike",
        b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom",
        b"\0\0\0\x0cjXL \r\n\x87\n",
        b"\x1aE\xdf\xa3 but no Matroska",
        b"\0\0\1\0\1\0\x10\x10\0\0\1\0\x20\0",
    ],
)
def test_unknown_formats(decoder: MediaDecoder, data: bytes) -> None:
    with pytest.raises(MediaFormatError):
        decoder.decode(data)


@pytest.mark.parametrize("format_", makers.STILLS)
@pytest.mark.parametrize("part", [0.02, 0.3, 0.7, 0.95])
def test_truncated(decoder: MediaDecoder, format_: str, part: float) -> None:
    data = makers.encode(makers.photo(), format_)
    with pytest.raises((MediaTruncatedError, MediaFormatError)) as caught:
        decoder.decode(data[: max(int(len(data) * part), 12)])
    assert part < 0.3 or caught.type is MediaTruncatedError


@pytest.mark.parametrize("format_", ["gif", "webp", "png", "avif", "tiff"])
def test_truncated_animations(decoder: MediaDecoder, format_: str) -> None:
    data = makers.animation([makers.photo(), makers.photo("coffee.png")] * 3, format_)
    for part in (0.3, 0.6, 0.9):
        with pytest.raises(MediaTruncatedError):
            decoder.decode(data[: int(len(data) * part)])


def test_a_damaged_checksum(decoder: MediaDecoder) -> None:
    data = bytearray(makers.encode(makers.photo(), "png"))
    data[data.index(b"IHDR") + 14] ^= 0xFF
    with pytest.raises(MediaTruncatedError):
        decoder.decode(bytes(data))


class TestSize:
    def test_too_many_bytes(self, strict: MediaDecoder) -> None:
        with pytest.raises(MediaSizeError, match="300,000"):
            strict.decode(makers.encode(makers.photo(), "jpeg") + bytes(300_000))

    def test_a_small_file_that_declares_a_huge_picture(self, decoder: MediaDecoder) -> None:
        rows = zlib.compress(bytes(12_001) * 1200, 9)
        bomb = makers.png_of(12_000, 12_000, rows)
        assert len(bomb) < 20_000
        with pytest.raises(MediaPixelsError, match="12000 x 12000"):
            decoder.decode(bomb)

    @pytest.mark.parametrize("format_", makers.STILLS)
    def test_too_many_pixels_in_each_format(self, strict: MediaDecoder, format_: str) -> None:
        photo = Image.new("RGB", (520, 490), (9, 9, 9))
        data = makers.encode(photo, format_)
        if len(data) > 300_000:
            data = makers.encode(photo.convert("1"), format_)
        with pytest.raises(MediaPixelsError):
            strict.decode(data)

    def test_a_side_that_is_too_long(self, strict: MediaDecoder) -> None:
        with pytest.raises(MediaPixelsError, match="a side of 2001"):
            strict.decode(makers.encode(Image.new("L", (2001, 2)), "png"))

    def test_what_is_just_within_the_limits_is_fine(self, strict: MediaDecoder) -> None:
        strict.decode(makers.encode(Image.new("L", (2000, 125)), "png"))

    def test_a_jpeg_whose_header_lies_is_stopped_by_its_header(self, strict: MediaDecoder) -> None:
        data = bytearray(makers.encode(makers.photo(), "jpeg"))
        start = data.index(b"\xff\xc0")
        data[start + 5 : start + 9] = struct.pack(">HH", 60_000, 60_000)
        with pytest.raises(MediaPixelsError):
            strict.decode(bytes(data))

    def test_a_gif_frame_larger_than_its_screen(self, strict: MediaDecoder) -> None:
        frames = [makers.photo(size=(40, 30)), makers.photo("coffee.png", (40, 30))]
        data = bytearray(makers.animation(frames, "gif"))
        second = data.rindex(b"\x2c\0\0\0\0" + struct.pack("<HH", 40, 30))
        data[second + 5 : second + 9] = struct.pack("<HH", 60_000, 60_000)
        with pytest.raises((MediaPixelsError, MediaTruncatedError)):
            strict.decode(bytes(data))


class TestCost:
    def test_memory(self) -> None:
        settings = MediaSettings(decoders=1, decode_memory_bytes=330 * 2**20, max_pixels=10**8)
        bomb = makers.png_of(9_000, 9_000, zlib.compress(bytes(9_001 * 9_000), 1))
        with MediaDecoder(settings) as small:
            with pytest.raises(MediaTooCostlyError, match="memory"):
                small.decode(bomb)
            small.decode(makers.encode(makers.photo(), "png"))

    def test_unpacked_text(self, decoder: MediaDecoder) -> None:
        text = b"Comment\0\0" + zlib.compress(bytes(40_000_000), 9)
        data = makers.png_of(1, 1, zlib.compress(b"\0\0"), zTXt=text)
        with pytest.raises(MediaTooCostlyError, match="Text"):
            decoder.decode(data)

    def test_segments_without_end(self, decoder: MediaDecoder) -> None:
        data = makers.encode(makers.photo(), "jpeg")
        with pytest.raises(MediaTooCostlyError, match="segments"):
            decoder.decode(data[:2] + b"\xff\xfe\0\x02" * 30_000 + data[2:])


class TestNames:
    @pytest.mark.parametrize(
        "name", ["a.jpg", "a.JPEG", "a.jpe", "a.jfif", "a", None, "", "a.bin", "jpg", "a.png.jpg"]
    )
    def test_names_that_agree_or_say_nothing(self, decoder: MediaDecoder, name: str | None) -> None:
        decoder.decode(makers.encode(makers.photo(), "jpeg"), name=name)

    @pytest.mark.parametrize("name", ["a.png", "a.GIF", "x/y.webp", "a.mp4", "a.svg", "a.jpg.heic"])
    def test_names_of_another_format(self, decoder: MediaDecoder, name: str) -> None:
        with pytest.raises(MediaExtensionError, match="jpeg"):
            decoder.decode(makers.encode(makers.photo(), "jpeg"), name=name)

    @pytest.mark.parametrize(
        "declared",
        [
            "image/jpeg",
            "IMAGE/JPG; q=1",
            None,
            "",
            "application/octet-stream",
            "image/x-unheard-of",
        ],
    )
    def test_types_that_agree_or_say_nothing(
        self, decoder: MediaDecoder, declared: str | None
    ) -> None:
        decoder.decode(makers.encode(makers.photo(), "jpeg"), content_type=declared)

    @pytest.mark.parametrize("declared", ["image/png", "video/mp4", "image/svg+xml"])
    def test_types_of_another_format(self, decoder: MediaDecoder, declared: str) -> None:
        with pytest.raises(MediaExtensionError, match="declared"):
            decoder.decode(makers.encode(makers.photo(), "jpeg"), content_type=declared)

    def test_relatives(self, decoder: MediaDecoder) -> None:
        decoder.decode(makers.encode(makers.photo(), "heic"), name="a.heif")
        decoder.decode(makers.encode(makers.photo(), "tiff"), name="a.tif")


def test_every_error_says_what_to_do(strict: MediaDecoder) -> None:
    for data in (b"", b"x", makers.encode(Image.new("L", (2001, 2)), "png")):
        with pytest.raises(Exception, match=r"\.") as caught:
            strict.decode(data)
        assert caught.value.hint
