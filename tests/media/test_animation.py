"""Animations and many-page files: no frame slips by unseen."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from PIL import Image
from tests.media import makers

from consentry.config import MediaSettings
from consentry.errors import MediaPixelsError, MediaTooCostlyError
from consentry.media import Clip, MediaDecoder, Picture
from consentry.media.child.sampling import evenly

ANIMATED = ("gif", "webp", "png", "avif", "tiff")


def shades(count: int, size: tuple[int, int] = (48, 32)) -> list[Image.Image]:
    """Frames that differ so little from one to the next that no scene changes."""
    return [Image.new("RGB", size, (100, 100, 100 + number % 2)) for number in range(count)]


def clip_of(decoder: MediaDecoder, frames: list[Image.Image], format_: str) -> Clip:
    clip = decoder.decode(makers.animation(frames, format_))
    assert isinstance(clip, Clip)
    return clip


@pytest.mark.parametrize("format_", ANIMATED)
def test_the_second_of_two_frames_is_seen(decoder: MediaDecoder, format_: str) -> None:
    frames = [makers.photo(), makers.photo("coffee.png")]
    clip = clip_of(decoder, frames, format_)
    assert clip.format == format_
    assert clip.frame_count == len(clip.frames) == 2
    for frame, original in zip(clip.frames, frames, strict=True):
        assert makers.distance(frame.picture.pixels, np.asarray(original)) < 6
        assert frame.picture.sha256 == hashlib.sha256(frame.picture.pixels.tobytes()).hexdigest()


def test_times_are_seconds_for_animations_and_page_numbers_for_pages(
    decoder: MediaDecoder,
) -> None:
    frames = [makers.photo(), makers.photo("coffee.png"), makers.photo("rocket.jpg")]
    animation = clip_of(decoder, frames, "gif")
    assert [frame.time_s for frame in animation.frames] == pytest.approx([0, 0.1, 0.2])
    assert animation.duration_s == pytest.approx(0.3)
    pages = clip_of(decoder, frames, "tiff")
    assert [frame.time_s for frame in pages.frames] == [0, 1, 2]
    assert pages.duration_s == 0


@pytest.mark.parametrize("format_", ANIMATED)
def test_a_long_one_is_sampled_evenly_with_first_and_last(
    decoder: MediaDecoder, format_: str
) -> None:
    clip = clip_of(decoder, shades(61), format_)
    step = 1.0 if format_ == "tiff" else 0.1
    assert clip.frame_count == 61
    places = [round(frame.time_s / step) for frame in clip.frames]
    assert places == evenly(61, 16)
    assert places[0] == 0
    assert places[-1] == 60


@pytest.mark.parametrize("format_", ANIMATED)
@pytest.mark.parametrize("hidden", [1, 7, 58])
def test_one_different_frame_among_many_is_seen(
    decoder: MediaDecoder, format_: str, hidden: int
) -> None:
    frames = shades(60)
    frames[hidden] = makers.photo("astronaut.png", (48, 32))
    clip = clip_of(decoder, frames, format_)
    assert len(clip.frames) <= 16
    nearest = min(
        makers.distance(frame.picture.pixels, np.asarray(frames[hidden])) for frame in clip.frames
    )
    assert nearest < 8


def test_flicker_does_not_crowd_out_another_scene(decoder: MediaDecoder) -> None:
    dark, light = Image.new("RGB", (48, 32), "black"), Image.new("RGB", (48, 32), "white")
    frames = [dark, light] * 40
    frames[33] = makers.photo("chelsea.png", (48, 32))
    clip = clip_of(decoder, frames, "webp")
    nearest = min(
        makers.distance(frame.picture.pixels, np.asarray(frames[33])) for frame in clip.frames
    )
    assert nearest == 0


def test_pages_of_different_sizes(decoder: MediaDecoder) -> None:
    frames = [makers.photo(size=(40, 30)), makers.photo("coffee.png", (90, 70))]
    clip = clip_of(decoder, frames, "tiff")
    assert [frame.picture.pixels.shape for frame in clip.frames] == [(30, 40, 3), (70, 90, 3)]


@pytest.mark.parametrize("second", [(300, 300), (600, 2)])
def test_a_large_second_page_does_not_slip_past_the_limit(second: tuple[int, int]) -> None:
    data = makers.animation([makers.photo(size=(40, 30)), Image.new("RGB", second)], "tiff")
    settings = MediaSettings(decoders=1, max_pixels=50_000, max_side=500)
    with MediaDecoder(settings) as small, pytest.raises(MediaPixelsError):
        small.decode(data)


def test_total_work_is_limited() -> None:
    settings = MediaSettings(decoders=1, max_pixels=2_000, max_frames=2)
    with MediaDecoder(settings) as small, pytest.raises(MediaTooCostlyError, match="frames"):
        small.decode(makers.animation(shades(40), "gif"))


def test_an_animation_of_one_frame_is_a_picture(decoder: MediaDecoder) -> None:
    assert isinstance(decoder.decode(makers.animation([makers.photo()], "webp")), Picture)


def test_all_frames_share_memory_that_outlives_the_others(decoder: MediaDecoder) -> None:
    frames = [makers.photo(), makers.photo("coffee.png")]
    second = clip_of(decoder, frames, "png").frames[1].picture
    before = second.pixels.copy()
    for _ in range(12):
        decoder.decode(makers.encode(makers.photo("rocket.jpg"), "png"))
    assert np.array_equal(second.pixels, before)
