"""What the parent and a decoder child say to each other: one JSON message each way per file.

Bytes never travel through the socket. The file lies in one shared memory, the pixels and the
metadata in another; messages only say where. The parent trusts nothing that a child says:
`parse_answer` checks every number before it is used.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from typing import Any, Final

__all__ = [
    "ARENAS",
    "MAX_BLOCKS",
    "MAX_MESSAGE",
    "PAGE",
    "Answer",
    "Block",
    "FrameSpot",
    "Limits",
    "Refusal",
    "Request",
    "pack",
    "parse_answer",
    "unpack",
]

ARENAS: Final = 4
"""Shared memories for pixels that each child has."""

PAGE: Final = 4096
MAX_BLOCKS: Final = 64
"""Most metadata blocks of one file: with the limit on their names it bounds the message."""

MAX_MESSAGE: Final = 64 * 1024
_MAX_TEXT: Final = 600


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child must keep to: MediaSettings without what concerns only the parent."""

    max_pixels: int
    max_side: int
    max_frames: int
    decode_seconds: float
    decode_memory_bytes: int
    metadata_bytes: int
    video_max_seconds: float


@dataclass(frozen=True, slots=True)
class Request:
    """Decode the first `size` bytes of the inbox as `format` into arena number `arena`."""

    format: str
    size: int
    arena: int


@dataclass(frozen=True, slots=True)
class FrameSpot:
    """Where a frame lies: RGB, uint8, rows without gaps, from byte `offset` of the arena."""

    offset: int
    width: int
    height: int
    time_s: float


@dataclass(frozen=True, slots=True)
class Block:
    """Where a metadata block lies in the arena."""

    key: str
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request."""

    clip: bool
    frames: tuple[FrameSpot, ...]
    used: int
    duration_s: float = 0.0
    frame_count: int = 1
    blocks: tuple[Block, ...] = ()
    orientation: int = 1
    dropped_bytes: int = 0
    trailing_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing came of it: the code, message and hint of a MediaError, or of DecoderError."""

    code: str
    message: str
    hint: str = field(default="")


def pack(message: Request | Answer | Refusal) -> bytes:
    """Write a message."""
    return json.dumps({type(message).__name__: asdict(message)}).encode()


def unpack(raw: bytes) -> Request:
    """Read a request; in the child, where the other side is trusted."""
    return Request(**json.loads(raw)["Request"])


def parse_answer(raw: bytes, *, capacity: int, limits: Limits) -> Answer | Refusal:
    """Read what a child answered, without trust in it.

    Raises:
        ValueError: it is not an answer, or a number in it is out of bounds.
    """
    try:
        message = json.loads(raw)
        if "Refusal" in message:
            return _refusal(message["Refusal"])
        answer = _answer(message["Answer"])
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError("it is not an answer") from error
    _check(answer, capacity, limits)
    return answer


def _refusal(raw: dict[str, Any]) -> Refusal:
    return Refusal(*(str(raw[key])[:_MAX_TEXT] for key in ("code", "message", "hint")))


def _answer(raw: dict[str, Any]) -> Answer:
    raw["frames"] = tuple(FrameSpot(**spot) for spot in raw["frames"])
    raw["blocks"] = tuple(Block(**block) for block in raw["blocks"])
    return Answer(**raw)


def _check(answer: Answer, capacity: int, limits: Limits) -> None:
    whole = (answer.used, answer.frame_count, answer.dropped_bytes, answer.trailing_bytes)
    _demand(all(type(number) is int and number >= 0 for number in whole))
    _demand(answer.used <= capacity and type(answer.clip) is bool)
    _demand(type(answer.orientation) is int and 1 <= answer.orientation <= 8)  # noqa: PLR2004  EXIF's range
    _demand(_is_time(answer.duration_s))
    _demand(1 <= len(answer.frames) <= max(limits.max_frames, 1))
    _demand(answer.clip or len(answer.frames) == 1)
    _demand(len(answer.blocks) <= MAX_BLOCKS)
    for spot in answer.frames:
        _check_frame(spot, answer.used, limits)
    for block in answer.blocks:
        _check_block(block, answer.used)
    _demand(sum(block.size for block in answer.blocks) <= limits.metadata_bytes)


def _check_frame(spot: FrameSpot, used: int, limits: Limits) -> None:
    _demand(all(type(n) is int for n in (spot.offset, spot.width, spot.height)))
    _demand(spot.offset >= 0 and spot.width > 0 and spot.height > 0)
    _demand(max(spot.width, spot.height) <= limits.max_side)
    _demand(spot.width * spot.height <= limits.max_pixels)
    _demand(spot.offset + spot.width * spot.height * 3 <= used)
    _demand(_is_time(spot.time_s))


def _check_block(block: Block, used: int) -> None:
    _demand(type(block.key) is str and type(block.offset) is int and type(block.size) is int)
    _demand(block.offset >= 0 and block.size >= 0 and block.offset + block.size <= used)


def _is_time(seconds: object) -> bool:
    return type(seconds) in {int, float} and math.isfinite(seconds) and seconds >= 0  # type: ignore[arg-type,operator]  # just checked


def _demand(truth: bool) -> None:  # noqa: FBT001  reads as a sentence
    if not truth:
        raise ValueError("a number is out of bounds")
