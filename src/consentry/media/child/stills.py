"""Still pictures and animations: check the header, then decode, then keep the metadata aside."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
from PIL import Image

from consentry.errors import MediaTooCostlyError, MediaTruncatedError
from consentry.media.child import flatten, jpeg
from consentry.media.child.exif import bare, orientation
from consentry.media.child.extent import end_of
from consentry.media.child.keep import Keeper
from consentry.media.child.opening import check_size, open_image, reading
from consentry.media.child.output import Output
from consentry.media.child.polyglots import (
    check_ends,
    check_trailing,
    jpeg_end,
)
from consentry.media.child.sampling import Histogram, Sampler, histogram
from consentry.media.protocol import Answer, FrameSpot, Limits

__all__ = ["decode_still"]

_PAGED = frozenset({"tiff", "heic"})
_LOOK_SIDE = 64


@dataclass(frozen=True, slots=True)
class _Job:
    """What the steps of one decoding share."""

    data: bytes
    format: str
    limits: Limits
    output: Output
    keeper: Keeper
    trailing: int


def decode_still(data: bytes, format_: str, limits: Limits, output: Output) -> Answer:
    """Decode a picture, or the sampled frames of an animation, into `output`.

    Raises:
        MediaError: the file cannot be used; the class says why.
        MemoryError: the child's limit of memory is reached.
    """
    check_ends(lambda start, size: data[start : start + size], len(data))
    keeper = Keeper(limits.metadata_bytes)
    if format_ == "jpeg":
        return _decode_jpeg(data, limits, output, keeper)
    end = end_of(format_, data)
    if end is not None:
        check_trailing(data[end:])
    job = _Job(data, format_, limits, output, keeper, len(data) - end if end else 0)
    return _decode_image(job)


def _decode_jpeg(data: bytes, limits: Limits, output: Output, keeper: Keeper) -> Answer:
    with reading("jpeg"):
        found = jpeg.walk(data)
    if found.end is not None:
        check_trailing(data[jpeg_end(data, found) :])
    keeper.add("exif", bare(found.exif))
    for key in ("xmp", "icc", "iptc", "comment"):
        keeper.add(key, getattr(found, key))
    turn = orientation(found.exif)
    spot = _fast_jpeg(data, turn, limits, output) or _slow_jpeg(data, turn, limits, output)
    trailing = len(data) - found.end if found.end else 0
    job = _Job(data, "jpeg", limits, output, keeper, trailing)
    return _answer(job, (spot,), orientation=turn)


def _fast_jpeg(data: bytes, turn: int, limits: Limits, output: Output) -> FrameSpot | None:
    """Straight into shared memory; None where Pillow has to judge."""
    size = jpeg.header(data)
    if size is None:
        return None
    width, height = size
    check_size(width, height, limits)
    used = output.used
    shape = _turned(width, height, turn)
    region = output.reserve(*shape)
    with output.pixels(region, *shape) as pixels:
        target = pixels if turn == 1 else np.empty((height, width, 3), np.uint8)
        if not jpeg.decode_into(data, target):
            output.used = used
            return None
        if turn != 1:
            flatten.turn(target, turn, pixels)
    return region.spot(*shape, 0.0)


def _slow_jpeg(data: bytes, turn: int, limits: Limits, output: Output) -> FrameSpot:
    with reading("jpeg"), open_image("jpeg", data, limits) as image:
        image.load()
        return _store(image, turn, output, 0.0, None)


def _decode_image(job: _Job) -> Answer:
    with reading(job.format), open_image(job.format, job.data, job.limits) as image:
        count = int(getattr(image, "n_frames", 1))
        _check_work(image, count, job.limits)
        if count == 1:
            return _decode_single(image, job)
        return _decode_frames(image, count, job)


def _decode_single(image: Image.Image, job: _Job) -> Answer:
    before = _declared(image, job.format)
    image.load()
    turn = before or orientation(image.info.get("exif", b""))
    spot = _store(image, 1 if before else turn, job.output, 0.0, None)
    _keep(image, job)
    return _answer(job, (spot,), orientation=turn)


def _decode_frames(image: Image.Image, count: int, job: _Job) -> Answer:
    sampler = Sampler(count, job.limits.max_frames)
    turn = before = _declared(image, job.format)
    clock = 0.0
    for number in range(count):
        image.seek(number)
        check_size(image.width, image.height, job.limits)
        image.load()
        if number == 0:
            turn = before or orientation(image.info.get("exif", b""))
        time_s = float(number) if job.format in _PAGED else clock
        store = partial(_store, image, 1 if before else turn, job.output, time_s)
        sampler.offer(number, partial(_look, image), store)
        clock += _seconds(image)
    _keep(image, job)
    duration = 0.0 if job.format in _PAGED else clock
    return _answer(job, sampler.spots, clip=True, duration=duration, count=count, orientation=turn)


def _look(image: Image.Image) -> Histogram:
    small = image.resize((_LOOK_SIDE, _LOOK_SIDE), Image.Resampling.NEAREST)
    return histogram(np.asarray(flatten.to_rgb(small).convert("L")))


def _store(
    image: Image.Image, turn: int, output: Output, time_s: float, old: FrameSpot | None
) -> FrameSpot:
    """Write an image upright, over the frame `old` if it is of the same size."""
    width, height = _turned(image.width, image.height, turn)
    region = output.reclaim(old, width, height) or output.reserve(width, height)
    with output.pixels(region, width, height) as pixels:
        flatten.write(image, turn, pixels)
    return region.spot(width, height, time_s)


def _turned(width: int, height: int, turn: int) -> tuple[int, int]:
    return (height, width) if turn >= 5 else (width, height)  # noqa: PLR2004  5 to 8 swap sides


def _declared(image: Image.Image, format_: str) -> int:
    """The orientation, where the library itself turns the picture upright; else 0."""
    if format_ == "tiff":
        value = image.tag_v2.get(0x0112, 1)  # type: ignore[attr-defined]  # TiffImageFile has it
        return value if isinstance(value, int) and 1 <= value <= 8 else 1  # noqa: PLR2004  EXIF's range
    if format_ == "heic":
        return int(image.info.get("original_orientation") or 1)
    return 0


def _seconds(image: Image.Image) -> float:
    """How long the current frame is shown."""
    milliseconds = image.info.get("duration") or 0
    usable = isinstance(milliseconds, (int, float)) and math.isfinite(milliseconds)
    return max(float(milliseconds), 0.0) / 1000 if usable else 0.0


def _check_work(image: Image.Image, count: int, limits: Limits) -> None:
    """Frames depend on those before them: all must be decoded, whatever is kept."""
    if count < 1:
        raise MediaTruncatedError("The file holds no frame.")
    if count * image.width * image.height > limits.max_pixels * limits.max_frames:
        raise MediaTooCostlyError(
            f"{count:,} frames of {image.width} x {image.height} pixels are more than the limit "
            "of work: media.max_pixels times media.max_frames."
        )


def _keep(image: Image.Image, job: _Job) -> None:
    info = image.info
    job.keeper.add("exif", bare(_bytes(info.get("exif"))))
    job.keeper.add("xmp", _bytes(info.get("xmp")))
    job.keeper.add("icc", _bytes(info.get("icc_profile")))
    job.keeper.add("iptc", _bytes(info.get("photoshop")))
    if job.format == "png":
        for key, value in (getattr(image, "_text", None) or {}).items():
            if key != "XML:com.adobe.xmp":  # that is the block xmp
                job.keeper.add(f"png:{key}", value)
    else:
        job.keeper.add("comment", _bytes(info.get("comment")))


def _bytes(value: object) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "replace")
    return value if isinstance(value, bytes) else b""


def _answer(  # noqa: PLR0913  what the two kinds of media differ in
    job: _Job,
    spots: tuple[FrameSpot, ...],
    *,
    clip: bool = False,
    duration: float = 0.0,
    count: int = 1,
    orientation: int = 1,
) -> Answer:
    blocks = job.keeper.write(job.output)
    return Answer(
        clip=clip,
        frames=spots,
        used=job.output.used,
        duration_s=duration,
        frame_count=count,
        blocks=blocks,
        orientation=orientation,
        dropped_bytes=job.keeper.dropped_bytes,
        trailing_bytes=job.trailing,
    )
