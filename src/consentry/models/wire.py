"""Protocol Buffers on the wire: just enough to take an ONNX file apart and put it together.

Importing the `onnx` package takes a third of a second and 15 MB, only to look at a few hundred
small records; this reads them in milliseconds. Bytes come here after their SHA-256 was verified.
Source: protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

__all__ = ["VARINT", "Field", "content", "decode", "encode", "integers", "texts"]

VARINT: Final = 0
FIXED64: Final = 1
BYTES: Final = 2
FIXED32: Final = 5


class Field(NamedTuple):
    """One field of a message: its number, and an unsigned integer or the bytes of its value."""

    number: int
    value: int | bytes
    wire: int = BYTES


def decode(message: bytes) -> Iterator[Field]:
    """Give the fields of `message` in the order in which they stand.

    Raises:
        ValueError: it ends early or holds a wire type that nobody uses any more.
    """
    at = 0
    while at < len(message):
        key, at = _read_varint(message, at)
        number, wire = key >> 3, key & 7
        if wire == VARINT:
            value: int | bytes
            value, at = _read_varint(message, at)
        else:
            length, at = _length(message, at, wire)
            value, at = message[at : at + length], at + length
        if at > len(message):
            raise ValueError("the message ends early")
        yield Field(number, value, wire)


def encode(fields: Iterable[Field]) -> bytes:
    """Put `fields` together to a message: the inverse of `decode`."""
    parts: list[bytes] = []
    for number, value, wire in fields:
        parts.append(_varint(number << 3 | wire))
        if isinstance(value, int):
            parts.append(_varint(value))
            continue
        if wire == BYTES:
            parts.append(_varint(len(value)))
        parts.append(value)
    return b"".join(parts)


def content(field: Field) -> bytes:
    """The bytes of `field`.

    Raises:
        ValueError: it is an integer.
    """
    if isinstance(field.value, int):
        raise ValueError(f"field {field.number} holds a number where a record belongs")  # noqa: TRY004  the file is wrong, not the caller
    return field.value


def texts(fields: Iterable[Field], number: int) -> tuple[str, ...]:
    """Every string among `fields` that has `number`."""
    return tuple(content(field).decode() for field in fields if field.number == number)


def integers(fields: Iterable[Field], number: int) -> list[int]:
    """Every int64 among `fields` that has `number`, packed or not."""
    found: list[int] = []
    for field in fields:
        if field.number != number:
            continue
        if isinstance(field.value, int):
            found.append(_signed(field.value))
            continue
        at = 0
        while at < len(field.value):
            value, at = _read_varint(field.value, at)
            found.append(_signed(value))
    return found


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


def _length(message: bytes, at: int, wire: int) -> tuple[int, int]:
    if wire == BYTES:
        return _read_varint(message, at)
    try:
        return {FIXED64: 8, FIXED32: 4}[wire], at
    except KeyError:
        raise ValueError(f"wire type {wire} is not known") from None


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(message) or shift > 63:  # noqa: PLR2004  a varint has 64 bits at most
            raise ValueError("the message ends early")
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:  # noqa: PLR2004  the top bit says that more follows
            return value, at


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004  seven bits a byte
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
