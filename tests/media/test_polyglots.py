"""Files that are two things at once, and the honest ones that only look like it."""

from __future__ import annotations

import io
import random
import struct
import zipfile

import pytest
from tests.media import makers

from consentry.errors import MediaPolyglotError
from consentry.media import MediaDecoder, Picture
from consentry.media.child import extent, polyglots

WALKED = ("jpeg", "png", "webp", "gif", "avif", "heic", "bmp")


def archive(comment: bytes = b"") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("page.html", "<p>hello")
        file.comment = comment
    return out.getvalue()


def jpeg() -> bytes:
    return makers.encode(makers.photo(), "jpeg")


def segment(marker: int, payload: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(payload) + 2) + payload


def mpf(pictures: int) -> bytes:
    entry = struct.pack("<HHLL", 0xB001, 4, 1, pictures)
    return segment(0xE2, b"MPF\0II*\0\x08\0\0\0" + struct.pack("<H", 1) + entry + bytes(4))


def xmp(words: bytes) -> bytes:
    return segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta " + words + b"/>")


@pytest.mark.parametrize("format_", [*WALKED, "tiff"])
@pytest.mark.parametrize("comment", [b"", b"c" * 60_000])
def test_an_archive_at_the_end(decoder: MediaDecoder, format_: str, comment: bytes) -> None:
    with pytest.raises(MediaPolyglotError, match="ZIP"):
        decoder.decode(makers.encode(makers.photo(), format_) + archive(comment))


@pytest.mark.parametrize(
    "words", [b"%PDF-1.4", b"<html>", b"<SCRIPT>", b"<!DOCTYPE html>", b"<?php echo"]
)
def test_a_page_or_a_document_near_the_start(decoder: MediaDecoder, words: bytes) -> None:
    data = jpeg()
    with pytest.raises(MediaPolyglotError):
        decoder.decode(data[:2] + segment(0xFE, words) + data[2:])


@pytest.mark.parametrize("format_", WALKED)
@pytest.mark.parametrize(
    "tail",
    [
        b"PK\x03\x04 and no directory",
        b"Rar!\x1a\x07\x01\0",
        b"7z\xbc\xaf\x27\x1c",
        b"%PDF-1.7",
        b"\x7fELF\x02\x01",
        b"MZ\x90\0",
        b"\x1f\x8b\x08\0",
        b"#!/bin/sh",
        b"\r\n<script>",
        b"\0\0\0\0GIF89a",
        b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom",
        b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm",
        b"some words, then Rar!\x1a\x07\0",
    ],
)
def test_another_file_right_behind_the_picture(
    decoder: MediaDecoder, format_: str, tail: bytes
) -> None:
    with pytest.raises(MediaPolyglotError):
        decoder.decode(makers.encode(makers.photo(), format_) + tail)


@pytest.mark.parametrize("first", WALKED)
@pytest.mark.parametrize("second", makers.STILLS)
def test_an_undeclared_second_picture(decoder: MediaDecoder, first: str, second: str) -> None:
    other = makers.encode(makers.photo("coffee.png"), second)
    with pytest.raises(MediaPolyglotError, match="second"):
        decoder.decode(makers.encode(makers.photo(), first) + other)


@pytest.mark.parametrize("format_", WALKED)
@pytest.mark.parametrize("padding", [bytes(3), bytes(5000), b"\r\n", b"ordinary words"])
def test_padding_is_harmless_and_counted(
    decoder: MediaDecoder, format_: str, padding: bytes
) -> None:
    if format_ in {"avif", "heic"} and padding.strip(b"\0"):
        padding = bytes(8)
    picture = decoder.decode(makers.encode(makers.photo(), format_) + padding)
    assert isinstance(picture, Picture)
    assert picture.metadata.trailing_bytes == len(padding)


class TestPhones:
    def test_declared_further_pictures(self, decoder: MediaDecoder) -> None:
        data, other = jpeg(), makers.encode(makers.photo("coffee.png"), "jpeg")
        picture = decoder.decode(data[:2] + mpf(3) + data[2:] + bytes(16) + other + other)
        assert isinstance(picture, Picture)
        assert picture.metadata.trailing_bytes == 16 + 2 * len(other)

    def test_pillows_own_multi_picture_file(self, decoder: MediaDecoder) -> None:
        out = io.BytesIO()
        photo = makers.photo()
        photo.save(out, "MPO", save_all=True, append_images=[makers.photo("coffee.png")])
        picture = decoder.decode(out.getvalue(), name="a.jpg")
        assert isinstance(picture, Picture)
        assert picture.metadata.trailing_bytes > 0

    def test_one_picture_more_than_declared(self, decoder: MediaDecoder) -> None:
        data = jpeg()
        with pytest.raises(MediaPolyglotError):
            decoder.decode(data[:2] + mpf(2) + data[2:] + jpeg() + jpeg())

    def test_an_archive_behind_declared_pictures(self, decoder: MediaDecoder) -> None:
        data = jpeg()
        with pytest.raises(MediaPolyglotError):
            decoder.decode(data[:2] + mpf(2) + data[2:] + jpeg() + b"Rar!\x1a\x07\x01\0")

    def test_a_motion_photo(self, decoder: MediaDecoder) -> None:
        data, clip = jpeg(), b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(500)
        declared = data[:2] + xmp(b'GCamera:MotionPhoto="1"') + data[2:] + clip
        assert isinstance(decoder.decode(declared), Picture)
        with pytest.raises(MediaPolyglotError):
            decoder.decode(data[:2] + xmp(b'GCamera:MotionPhoto="0"') + data[2:] + clip)


class TestChance:
    def test_four_bytes_in_noise_are_no_archive(self, decoder: MediaDecoder) -> None:
        noise = random.Random(7).randbytes(3000)  # noqa: S311  noise, not a secret
        record = b"PK\x05\x06" + noise[:40]
        assert isinstance(decoder.decode(jpeg() + b"x" + noise + record), Picture)

    def test_an_end_marker_inside_a_segment_is_not_the_end(self, decoder: MediaDecoder) -> None:
        data = jpeg()
        trick = data[:2] + segment(0xFE, b"\xff\xd9 and more") + data[2:]
        picture = decoder.decode(trick)
        assert isinstance(picture, Picture)
        assert picture.metadata.trailing_bytes == 0

    def test_a_progressive_jpeg_has_many_scans_and_one_end(self, decoder: MediaDecoder) -> None:
        data = makers.encode(makers.photo("astronaut.png", (300, 300)), "jpeg", progressive=True)
        picture = decoder.decode(data + b"abc")
        assert isinstance(picture, Picture)
        assert picture.metadata.trailing_bytes == 3

    def test_a_bitmap_that_claims_more_than_its_pixels(self, decoder: MediaDecoder) -> None:
        data = bytearray(makers.encode(makers.photo(), "bmp") + b"7z\xbc\xaf\x27\x1c")
        data[2:6] = struct.pack("<L", len(data))
        with pytest.raises(MediaPolyglotError):
            decoder.decode(bytes(data))


@pytest.mark.parametrize("format_", sorted(set(WALKED) - {"jpeg"}))
def test_the_end_of_a_whole_file_is_its_end(format_: str) -> None:
    data = makers.encode(makers.photo(), format_)
    assert extent.end_of(format_, data) == len(data)
    assert extent.end_of(format_, data[: len(data) // 2]) in {None, len(data) // 2}


def test_zip64_directories_count() -> None:
    tail = b"xPK\x06\x07" + bytes(16) + b"PK\x05\x06" + bytes(4) + b"\xff" * 12 + bytes(2)
    with pytest.raises(MediaPolyglotError):
        polyglots.check_ends(lambda start, size: tail[start : start + size], len(tail))
