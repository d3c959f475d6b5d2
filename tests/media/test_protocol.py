"""A child may be in the hands of whoever made the file: its answers are not believed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from consentry.media.protocol import (
    Answer,
    Block,
    FrameSpot,
    Limits,
    Refusal,
    Request,
    pack,
    parse_answer,
    unpack,
)

LIMITS = Limits(
    max_pixels=10_000,
    max_side=500,
    max_frames=2,
    decode_seconds=1,
    decode_memory_bytes=2**20,
    metadata_bytes=100,
    video_max_seconds=10,
)
GOOD: dict[str, Any] = {
    "clip": True,
    "frames": [
        {"offset": 0, "width": 100, "height": 50, "time_s": 0.0},
        {"offset": 16384, "width": 10, "height": 50, "time_s": 1.5},
    ],
    "used": 30_000,
    "duration_s": 2.0,
    "frame_count": 9,
    "blocks": [{"key": "exif", "offset": 20_480, "size": 40}],
    "orientation": 6,
    "dropped_bytes": 1,
    "trailing_bytes": 0,
}


def parse(raw: object) -> Answer | Refusal:
    return parse_answer(json.dumps(raw).encode(), capacity=40_000, limits=LIMITS)


def changed(path: str, value: object) -> dict[str, Any]:
    answer = json.loads(json.dumps(GOOD))
    *steps, last = path.split(".")
    place = answer
    for step in steps:
        place = place[int(step)] if step.isdigit() else place[step]
    place[last] = value
    return {"Answer": answer}


def test_messages_survive_the_journey() -> None:
    request = Request("png", 17, 2)
    assert unpack(pack(request)) == request
    answer = Answer(
        clip=False, frames=(FrameSpot(0, 4, 5, 0.0),), used=60, blocks=(Block("xmp", 0, 3),)
    )
    assert parse_answer(pack(answer), capacity=4096, limits=LIMITS) == answer
    refusal = Refusal("media.truncated", "It ends early.", "Send it all.")
    assert parse_answer(pack(refusal), capacity=0, limits=LIMITS) == refusal


def test_a_good_answer_is_read() -> None:
    assert isinstance(parse({"Answer": GOOD}), Answer)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("frames", []),
        ("frames", [GOOD["frames"][0]] * 3),
        ("frames", None),
        ("frames", 7),
        ("clip", False),
        ("clip", 1),
        ("used", 40_001),
        ("used", 14_999),
        ("used", -1),
        ("used", 1.5),
        ("frames.0.width", 0),
        ("frames.0.width", -100),
        ("frames.0.width", 501),
        ("frames.0.height", 101),
        ("frames.0.height", "50"),
        ("frames.0.height", True),
        ("frames.0.offset", -1),
        ("frames.0.offset", 20_000),
        ("frames.0.time_s", float("nan")),
        ("frames.0.time_s", float("inf")),
        ("frames.0.time_s", -1),
        ("frames.0.time_s", None),
        ("frames.0.more", 1),
        ("duration_s", float("nan")),
        ("duration_s", -0.5),
        ("orientation", 9),
        ("orientation", 0),
        ("frame_count", -1),
        ("blocks.0.size", 101),
        ("blocks.0.size", -1),
        ("blocks.0.offset", 29_990),
        ("blocks.0.key", 5),
        ("blocks", [GOOD["blocks"][0]] * 3),
        ("blocks", [{"key": "x", "offset": 0, "size": 0}] * 65),
        ("unheard_of", 1),
    ],
)
def test_what_is_out_of_bounds_is_refused(path: str, value: object) -> None:
    with pytest.raises(ValueError, match=r"answer|bounds"):
        parse(changed(path, value))


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"7", b"null", b"{}", b"\xff\xfe", b"[" * 50_000, b'{"Refusal": {}}']
)
def test_what_is_no_answer_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="."):  # noqa: RUF043  any words
        parse_answer(raw, capacity=10, limits=LIMITS)


def test_a_refusal_cannot_be_long() -> None:
    found = parse({"Refusal": {"code": "c" * 9999, "message": "m" * 9999, "hint": ""}})
    assert isinstance(found, Refusal)
    assert len(found.message) < 1000
