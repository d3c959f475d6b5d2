"""Videos through PyAV: count the frames, choose which to decode, decode and sample those.

Only the picture track is read. FFmpeg gets a file object and the one demuxer of the sniffed
format; a file that names another file or an address is not followed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, TypeAlias

import numpy as np

from consentry.errors import (
    ConsentryError,
    MediaTruncatedError,
    MediaVideoError,
)
from consentry.media.child.inbox import Inbox
from consentry.media.child.keep import Keeper
from consentry.media.child.opening import check_size
from consentry.media.child.output import Output
from consentry.media.child.plan import Plan, plan_frames
from consentry.media.child.polyglots import check_video
from consentry.media.child.sampling import Histogram, Sampler, histogram
from consentry.media.protocol import Answer, FrameSpot, Limits, Request

__all__ = ["decode_video"]

_DEMUXERS: Final = {
    "mp4": "mov,mp4,m4a,3gp,3g2,mj2",
    "mov": "mov,mp4,m4a,3gp,3g2,mj2",
    "webm": "matroska,webm",
    "mkv": "matroska,webm",
}
# PyAV is an extra: its classes are not there to be named.
Container: TypeAlias = Any
Stream: TypeAlias = Any
VideoFrame: TypeAlias = Any

_BUFFER: Final = 1024 * 1024
_PADDING: Final = 65_536
_LOOK_SIDE: Final = 64


def decode_video(inbox: int, request: Request, limits: Limits, output: Output) -> Answer:
    """Decode the sampled frames of the video in `inbox` into `output`.

    Raises:
        MediaError: the video cannot be used; the class says why.
        MemoryError: the child's limit of memory is reached.
    """
    file = Inbox(inbox, request.size)
    check_video(file.at, request.size, request.format)
    with _damaged_means_truncated(), _open(file, request.format) as container:
        stream = _picture_track(container, limits)
        stamps, keys = _count(container, stream, limits)
        plan = plan_frames(len(stamps), keys, stream.width * stream.height, limits)
        sampler = Sampler(len(plan.wanted), limits.max_frames)
        for number, frame in enumerate(_decode(container, stream, stamps, plan)):
            check_size(frame.width, frame.height, limits)
            time_s = max(float(frame.time or 0.0) - stamps[0], 0.0)
            sampler.offer(number, partial(_look, frame), partial(_store, frame, output, time_s))
        if not sampler.spots:
            raise MediaTruncatedError("The video holds no frame that can be decoded.")
        return _answer(container, stamps, sampler, limits, output)


@contextmanager
def _damaged_means_truncated() -> Iterator[None]:
    try:
        yield
    except (ConsentryError, MemoryError):
        raise
    except Exception as error:
        raise MediaTruncatedError(
            "The video ends early, is damaged, or uses a feature that is not supported."
        ) from error


def _open(file: Inbox, format_: str) -> Container:
    try:
        import av
    except ImportError as error:
        raise MediaVideoError(
            "Videos cannot be read: the video extra is not installed.",
            hint="Install consentry[video], or send a picture.",
        ) from error
    av.logging.set_level(None)
    return av.open(
        file,
        format=_DEMUXERS[format_],
        io_open=_refuse_to_open,
        buffer_size=_BUFFER,
        metadata_errors="replace",
        container_options={
            "protocol_whitelist": "none",
            "enable_drefs": "0",
            "ignore_editlist": "1",  # an edit list may hide frames from a player, not from us
        }
        if format_ in {"mp4", "mov"}
        else {"protocol_whitelist": "none"},
    )


def _refuse_to_open(url: str, flags: int, options: dict[str, str]) -> object:
    del flags, options
    raise MediaVideoError(f"The video refers to another file ({url[:100]!r}).")


def _picture_track(container: Container, limits: Limits) -> Stream:
    """The one video stream, set to one thread and checked against the limits."""
    tracks = [
        stream
        for stream in container.streams.video
        if not stream.disposition & type(stream.disposition).attached_pic
    ]
    if len(tracks) != 1:
        raise MediaVideoError(
            f"The video has {len(tracks) or 'no'} picture tracks.",
            hint="Send a video with one picture track.",
        )
    stream = tracks[0]
    stream.codec_context.thread_count = 1
    # Decoders pad their frames: twice the limit here, the limit itself where a frame comes out.
    stream.codec_context.options = {"max_pixels": str(2 * limits.max_pixels + _PADDING)}
    check_size(stream.width, stream.height, limits)
    if container.duration:
        _check_seconds(container.duration / 1_000_000, limits)
    return stream


def _check_seconds(seconds: float, limits: Limits) -> None:
    if seconds > limits.video_max_seconds:
        raise MediaVideoError(
            f"The video is {seconds:,.0f} seconds long; the limit is "
            f"{limits.video_max_seconds:,.0f}.",
            hint="Send a shorter video, or raise media.video_max_seconds.",
        )


def _count(container: Container, stream: Stream, limits: Limits) -> tuple[list[float], list[int]]:
    """Read through the file without decoding: the time of every frame, and which are key frames.

    What the header says about length is not believed.
    """
    found: list[tuple[float, bool]] = []
    for packet in container.demux(stream):
        if packet.pts is None or packet.size == 0:
            continue
        if packet.is_corrupt:
            raise MediaTruncatedError("The video ends early.")
        found.append((float(packet.pts * stream.time_base), packet.is_keyframe))
    if not found or len(found) < stream.frames:
        raise MediaTruncatedError("The video ends early.")
    found.sort()
    stamps = [stamp for stamp, _ in found]
    _check_seconds(stamps[-1] - stamps[0], limits)
    return stamps, [number for number, (_, is_key) in enumerate(found) if is_key] or [0]


def _decode(
    container: Container, stream: Stream, stamps: list[float], plan: Plan
) -> Iterator[VideoFrame]:
    """The frames of the plan, in order."""
    if plan.everything:
        _seek(container, stream, stamps[0])
        yield from _flow(container, stream)
        return
    for wanted, key in zip(plan.wanted, plan.starts, strict=True):
        only_key = wanted == key
        stream.codec_context.skip_frame = "NONKEY" if only_key else "DEFAULT"
        _seek(container, stream, stamps[key])
        last = None
        for frame in _flow(container, stream):
            last = frame
            if only_key or (frame.time or 0.0) >= stamps[wanted] - 1e-6:
                break
        if last is not None:
            yield last


def _seek(container: Container, stream: Stream, stamp: float) -> None:
    container.seek(round(stamp / stream.time_base), stream=stream, backward=True)


def _flow(container: Container, stream: Stream) -> Iterator[VideoFrame]:
    for packet in container.demux(stream):
        yield from packet.decode()


def _look(frame: VideoFrame) -> Histogram:
    grey = frame.reformat(_LOOK_SIDE, _LOOK_SIDE, "gray", interpolation="FAST_BILINEAR")
    return histogram(grey.to_ndarray())


def _store(frame: VideoFrame, output: Output, time_s: float, old: FrameSpot | None) -> FrameSpot:
    """Write a frame as RGB, turned as the display matrix says."""
    quarters = round((frame.rotation or 0) / 90) % 4
    upright = np.rot90(frame.to_ndarray(format="rgb24"), quarters)
    height, width = upright.shape[:2]
    region = output.reclaim(old, width, height) or output.reserve(width, height)
    with output.pixels(region, width, height) as pixels:
        pixels[:] = upright
    return region.spot(width, height, time_s)


def _answer(
    container: Container,
    stamps: list[float],
    sampler: Sampler,
    limits: Limits,
    output: Output,
) -> Answer:
    keeper = Keeper(limits.metadata_bytes)
    for key, value in container.metadata.items():
        keeper.add(f"video:{key}", str(value))
    blocks = keeper.write(output)
    return Answer(
        clip=True,
        frames=sampler.spots,
        used=output.used,
        duration_s=stamps[-1] - stamps[0],
        frame_count=len(stamps),
        blocks=blocks,
        dropped_bytes=keeper.dropped_bytes,
    )
