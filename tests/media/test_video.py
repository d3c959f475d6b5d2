"""Videos: formats, sampling, limits, and what is refused."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.media import makers

from consentry.config import MediaSettings
from consentry.errors import (
    MediaExtensionError,
    MediaFormatError,
    MediaPixelsError,
    MediaPolyglotError,
    MediaSizeError,
    MediaTooCostlyError,
    MediaTruncatedError,
    MediaVideoError,
)
from consentry.media import Clip, MediaDecoder
from consentry.media.child.plan import plan_frames
from consentry.media.child.sampling import evenly
from consentry.media.protocol import Limits

av = pytest.importorskip("av")

FORMATS = ("mp4", "mov", "webm", "mkv")


def still(count: int, name: str = "chelsea.png") -> list[Image.Image]:
    return [makers.photo(name, (96, 64))] * count


def clip_of(decoder: MediaDecoder, data: bytes, **names: str) -> Clip:
    clip = decoder.decode(data, **names)
    assert isinstance(clip, Clip)
    return clip


def nearest(clip: Clip, photo: Image.Image) -> float:
    return min(makers.distance(f.picture.pixels, np.asarray(photo)) for f in clip.frames)


@pytest.mark.parametrize("format_", FORMATS)
def test_each_format_is_sampled_evenly_from_first_to_last(
    decoder: MediaDecoder, format_: str
) -> None:
    clip = clip_of(decoder, makers.video(still(50), format_), name=f"clip.{format_}")
    assert clip.format == format_
    assert clip.frame_count == 50
    assert clip.duration_s == pytest.approx(4.9, abs=0.05)
    assert [round(frame.time_s * 10) for frame in clip.frames] == evenly(50, 16)
    assert nearest(clip, makers.photo(size=(96, 64))) < 4


@pytest.mark.parametrize("hidden", [1, 17, 48])
def test_one_different_frame_is_seen(decoder: MediaDecoder, hidden: int) -> None:
    frames = still(50)
    frames[hidden] = makers.photo("astronaut.png", (96, 64))
    clip = clip_of(decoder, makers.video(frames))
    assert len(clip.frames) <= 16
    assert nearest(clip, frames[hidden]) < 8


def test_a_short_video_is_seen_whole(decoder: MediaDecoder) -> None:
    clip = clip_of(decoder, makers.video([*still(3), *still(4, "coffee.png")]))
    assert len(clip.frames) == 7


@pytest.mark.parametrize("rotation", [90, 180, -90])
def test_the_display_matrix_is_applied(decoder: MediaDecoder, rotation: int) -> None:
    data = makers.video(still(3), rotation=rotation)
    with av.open(io.BytesIO(data)) as container:
        frame = next(container.decode(video=0))
        turned = np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90))
    pixels = clip_of(decoder, data).frames[0].picture.pixels
    assert np.array_equal(pixels, turned)
    assert pixels.shape == ((64, 96, 3) if rotation == 180 else (96, 64, 3))


def test_the_direction_of_rotation(decoder: MediaDecoder) -> None:
    """A phone held upright stores lying frames and says: turn clockwise by 90 degrees."""
    upright = makers.photo("obama.jpg", (64, 96))
    lying = upright.transpose(Image.Transpose.ROTATE_90)
    for rotation in (90, -90):
        data = makers.video([lying] * 3, rotation=rotation)
        matrix = display_matrix(data)
        pixels = clip_of(decoder, data).frames[0].picture.pixels
        clockwise = matrix[:2] == (0, 1)  # tkhd {0, 1; -1, 0}: ISO/IEC 14496-12, 6.2.2
        right = np.asarray(upright if clockwise else upright.rotate(180))
        assert makers.distance(pixels, right) < 5


def display_matrix(data: bytes) -> tuple[int, ...]:
    start = data.index(b"tkhd") + 4 + 40
    raw = np.frombuffer(data[start : start + 36], ">i4").tolist()
    return tuple(value // 65536 for value in (raw[0], raw[1], raw[3], raw[4]))


@pytest.fixture(scope="module")
def strict() -> Iterator[MediaDecoder]:
    settings = MediaSettings(
        decoders=1, video_max_seconds=3, video_max_bytes=60_000, max_pixels=10_000, max_side=120
    )
    with MediaDecoder(settings) as decoder:
        yield decoder


class TestLimits:
    def test_too_long(self, strict: MediaDecoder) -> None:
        with pytest.raises(MediaVideoError, match="seconds long"):
            strict.decode(makers.video(still(40)))

    def test_too_long_although_the_header_does_not_say(self, strict: MediaDecoder) -> None:
        data = makers.video(still(40), "webm", muxing={"live": "1"})
        with av.open(io.BytesIO(data)) as container:
            assert not container.duration
        with pytest.raises(MediaVideoError, match="seconds long"):
            strict.decode(data)

    def test_too_many_bytes(self, strict: MediaDecoder) -> None:
        with pytest.raises(MediaSizeError) as caught:
            strict.decode(makers.video(still(3)) + bytes(60_000))
        assert "video_max_bytes" in caught.value.hint

    def test_too_many_pixels(self, strict: MediaDecoder) -> None:
        with pytest.raises(MediaPixelsError):
            strict.decode(makers.video([Image.new("RGB", (110, 100))] * 3))

    @pytest.mark.parametrize("format_", FORMATS)
    @pytest.mark.parametrize("part", [0.4, 0.9])
    def test_truncated(self, decoder: MediaDecoder, format_: str, part: float) -> None:
        data = makers.video(still(20), format_)
        with pytest.raises(MediaTruncatedError):
            decoder.decode(data[: int(len(data) * part)])

    def test_a_wrong_name(self, decoder: MediaDecoder) -> None:
        data = makers.video(still(3))
        clip_of(decoder, data, name="a.mov", content_type="video/quicktime")
        with pytest.raises(MediaExtensionError):
            decoder.decode(data, name="a.webm")
        with pytest.raises(MediaExtensionError):
            decoder.decode(data, name="a.jpg")

    @pytest.mark.parametrize("format_", FORMATS)
    def test_a_polyglot(self, decoder: MediaDecoder, format_: str) -> None:
        with pytest.raises(MediaPolyglotError):
            decoder.decode(makers.video(still(3), format_) + b"Rar!\x1a\x07\x01\0")

    def test_the_time_limit_holds(self) -> None:
        frames = [makers.photo("coffee.png", (1280, 720))] * 60
        data = makers.video(frames, options={"preset": "ultrafast"})
        with MediaDecoder(MediaSettings(decoders=1, decode_seconds=0.1)) as hurried:
            hurried.warm_up()
            with pytest.raises(MediaTooCostlyError):
                hurried.decode(data)


class TestRefused:
    def test_sound_alone(self, decoder: MediaDecoder) -> None:
        out = io.BytesIO()
        with av.open(out, "w", format="mp4") as container:
            stream = container.add_stream("aac", rate=8000)
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            frame.sample_rate = 8000
            for packet in [*stream.encode(frame), *stream.encode(None)]:
                container.mux(packet)
        with pytest.raises(MediaVideoError, match="no picture track"):
            decoder.decode(out.getvalue())

    def test_two_picture_tracks(self, decoder: MediaDecoder) -> None:
        out = io.BytesIO()
        with av.open(out, "w", format="mp4") as container:
            streams = [container.add_stream("mpeg4", rate=10) for _ in range(2)]
            for stream in streams:
                stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
            for stream in streams:
                container.mux(stream.encode(av.VideoFrame.from_image(makers.photo())))
                container.mux(stream.encode())
        with pytest.raises(MediaVideoError, match="2 picture tracks"):
            decoder.decode(out.getvalue())

    @pytest.mark.parametrize(
        "playlist",
        [
            b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n",
            b"ffconcat version 1.0\nfile /etc/passwd\n",
            b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n",
        ],
    )
    def test_playlists_are_no_video(self, decoder: MediaDecoder, playlist: bytes) -> None:
        with pytest.raises(MediaFormatError):
            decoder.decode(playlist)
        with pytest.raises((MediaTruncatedError, MediaPolyglotError)):
            decoder.decode(makers.box(b"ftyp", b"mp42", bytes(4), b"mp42") + playlist)

    def test_without_the_extra(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        data = makers.video(still(3))
        (tmp_path / "av.py").write_text("raise ImportError('hidden by a test')\n")
        monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
        with MediaDecoder(MediaSettings(decoders=1)) as bare:
            with pytest.raises(MediaVideoError, match="video extra") as caught:
                bare.decode(data)
            bare.decode(makers.encode(makers.photo(), "png"))
        assert "consentry[video]" in caught.value.hint


class TestPlan:
    LIMITS = Limits(
        max_pixels=1000,
        max_side=100,
        max_frames=4,
        decode_seconds=1,
        decode_memory_bytes=2**28,
        metadata_bytes=100,
        video_max_seconds=100,
    )

    def test_what_is_little_work_is_decoded_whole(self) -> None:
        plan = plan_frames(40, [0], 100, self.LIMITS)
        assert plan.everything
        assert len(plan.wanted) == 40

    def test_long_videos_use_key_frames(self) -> None:
        plan = plan_frames(400, list(range(0, 400, 10)), 100, self.LIMITS)
        assert not plan.everything
        assert len(plan.wanted) <= 40
        assert set(plan.starts) <= set(range(0, 400, 10))

    def test_rare_key_frames_are_decoded_forward_or_refused(self) -> None:
        plan = plan_frames(50, [0, 30], 100, self.LIMITS)
        assert dict(zip(plan.wanted, plan.starts, strict=True)) == {0: 0, 16: 0, 30: 30, 49: 30}
        with pytest.raises(MediaTooCostlyError, match="key frames"):
            plan_frames(400, [0], 100, self.LIMITS)


def test_a_long_video_is_looked_at_in_parts() -> None:
    scenes = ("chelsea.png", "coffee.png", "rocket.jpg", "obama.jpg", "sunak.jpg", "astronaut.png")
    frames = [makers.photo(name, (96, 64)) for name in scenes for _ in range(20)]
    data = makers.video(frames, options={"crf": "10", "g": "10", "bf": "2"})
    settings = MediaSettings(decoders=1, max_pixels=6144, max_frames=20)  # work: 20 of 120 frames
    with MediaDecoder(settings) as decoder:
        clip = clip_of(decoder, data)
    assert clip.frame_count == 120
    assert len(clip.frames) <= 20
    for name in scenes:
        assert nearest(clip, makers.photo(name, (96, 64))) < 8
