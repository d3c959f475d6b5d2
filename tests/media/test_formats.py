"""Every accepted format, in real encodings of real photos."""

from __future__ import annotations

import hashlib
import io

import numpy as np
import pytest
import simplejpeg
from PIL import Image
from tests.media import makers

from consentry.media import MediaDecoder, Picture

PHOTOS = sorted(path.name for path in makers.PHOTOS.iterdir() if path.suffix in {".jpg", ".png"})
LOSSLESS = {"png", "tiff", "bmp"}


def picture(decoder: MediaDecoder, data: bytes, **names: str) -> Picture:
    media = decoder.decode(data, **names)
    assert isinstance(media, Picture)
    return media


@pytest.mark.parametrize("format_", makers.STILLS)
def test_each_format_gives_the_pixels_that_were_saved(decoder: MediaDecoder, format_: str) -> None:
    photo = makers.photo()
    data = makers.encode(photo, format_)
    found = picture(decoder, data, name=f"photo.{format_}")
    assert found.format == format_
    assert found.sha256 == hashlib.sha256(data).hexdigest()
    assert (found.width, found.height) == photo.size
    limit = 0 if format_ in LOSSLESS else 4
    assert makers.distance(found.pixels, np.asarray(photo)) <= limit


@pytest.mark.parametrize("name", PHOTOS)
def test_photos_as_they_come_are_accepted_and_decode_as_pillow_does(
    decoder: MediaDecoder, name: str
) -> None:
    data = (makers.PHOTOS / name).read_bytes()
    found = picture(decoder, data, name=name)
    with Image.open(io.BytesIO(data)) as image:
        assert np.array_equal(found.pixels, np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("name", PHOTOS)
def test_no_photo_in_any_format_raises_a_false_alarm(decoder: MediaDecoder, name: str) -> None:
    photo = makers.photo(name, (320, 240))
    for format_ in makers.STILLS:
        assert picture(decoder, makers.encode(photo, format_)).metadata.trailing_bytes == 0


@pytest.mark.parametrize(
    "options",
    [
        {"subsampling": 0},
        {"subsampling": 1},
        {"subsampling": 2},
        {"progressive": True},
        {"quality": 30},
        {"restart_marker_rows": 1},
    ],
)
def test_the_fast_jpeg_path_gives_exactly_pillows_pixels(
    decoder: MediaDecoder, options: dict[str, object]
) -> None:
    data = makers.encode(makers.photo("astronaut.png", (333, 251)), "jpeg", **options)
    with Image.open(io.BytesIO(data)) as image:
        by_pillow = np.asarray(image.convert("RGB"))
    assert np.array_equal(picture(decoder, data).pixels, by_pillow)


def test_a_jpeg_that_only_pillow_forgives_is_still_read(decoder: MediaDecoder) -> None:
    data = makers.encode(makers.photo(), "jpeg")
    scan = data.index(b"\xff\xda")
    wounded = data[: scan + 900] + b"\x55\xaa\x55" + data[scan + 900 :]
    with pytest.raises(ValueError, match=r"\w"):
        simplejpeg.decode_jpeg(wounded)
    assert picture(decoder, wounded).width == 96


def test_pixels_cannot_be_written(decoder: MediaDecoder) -> None:
    pixels = picture(decoder, makers.encode(makers.photo(), "png")).pixels
    with pytest.raises(ValueError, match="WRITEABLE"):
        pixels.flags.writeable = True


def test_a_large_picture_goes_beyond_the_mapped_window(decoder: MediaDecoder) -> None:
    photo = makers.photo("coffee.png", (3000, 2200))
    data = makers.encode(photo, "bmp")
    assert np.array_equal(picture(decoder, data).pixels, np.asarray(photo))


def test_a_small_picture_after_a_large_one_is_right(decoder: MediaDecoder) -> None:
    large, small = makers.photo("coffee.png", (900, 700)), makers.photo("rocket.jpg", (31, 17))
    for photo in (large, small, large, small):
        data = makers.encode(photo, "png")
        assert np.array_equal(picture(decoder, data).pixels, np.asarray(photo))


class TestMetadata:
    def test_blocks_are_kept_aside(self, decoder: MediaDecoder) -> None:
        exif = makers.exif_with_orientation(1)
        data = makers.encode(
            makers.photo(), "jpeg", exif=exif, icc_profile=b"i" * 70_000, comment=b"hello"
        )
        blocks = picture(decoder, data).metadata.blocks
        assert blocks["exif"] == exif.removeprefix(b"Exif\0\0")
        assert blocks["icc"] == b"i" * 70_000
        assert blocks["comment"] == b"hello"

    def test_png_text_keeps_its_keyword(self, decoder: MediaDecoder) -> None:
        from PIL.PngImagePlugin import PngInfo

        text = PngInfo()
        text.add_text("parameters", "a lighthouse, Steps: 20")
        text.add_itxt("Title", "Leuchtturm ä", zip=True)
        blocks = picture(
            decoder, makers.encode(makers.photo(), "png", pnginfo=text)
        ).metadata.blocks
        assert blocks["png:parameters"] == b"a lighthouse, Steps: 20"
        assert blocks["png:Title"].decode() == "Leuchtturm ä"

    def test_what_is_over_the_budget_is_dropped_and_counted(self) -> None:
        from consentry.config import MediaSettings

        data = makers.encode(makers.photo(), "jpeg", icc_profile=b"i" * 5000, comment=b"hello")
        with MediaDecoder(MediaSettings(decoders=1, metadata_bytes=1000)) as small:
            metadata = picture(small, data).metadata
        assert dict(metadata.blocks) == {"comment": b"hello"}
        assert metadata.dropped_bytes == 5000

    def test_it_does_not_show_in_a_log(self, decoder: MediaDecoder) -> None:
        data = makers.encode(makers.photo(), "jpeg", comment=b"a secret place")
        assert "secret" not in repr(picture(decoder, data))
