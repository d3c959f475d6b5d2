"""Bytes to numbered lines of text, one at a time, whatever the bytes are.

UTF-8 with or without a byte order mark; lines end in LF or CRLF. A line that is too long is passed
over without being read into memory whole.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO, Final, TypeAlias

from consentry.errors import ImportFileError, LineFault
from consentry.matching.exchange.faults import Faults

__all__ = ["MAX_LINE_BYTES", "NumberedLine", "numbered_lines"]

NumberedLine: TypeAlias = tuple[int, str]
"""Counted from 1, without its end."""

MAX_LINE_BYTES: Final = 1 << 20
"""Room for the frames of a video of an hour."""
_WIDE: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def numbered_lines(
    file: BinaryIO, faults: Faults, *, limit: int = MAX_LINE_BYTES
) -> Iterator[NumberedLine]:
    """The lines of `file` that are text, empty ones left out; faults go to `faults`.

    Raises:
        ImportFileError: the file is UTF-16 or cannot be read.
    """
    for number, raw in enumerate(_bounded(file, limit), 1):
        plain = _without_mark(raw) if number == 1 else raw
        text = _text(plain, number, faults, limit)
        if text.strip():
            yield number, text


def _bounded(file: BinaryIO, limit: int) -> Iterator[bytes]:
    """Lines with their ends; of one longer than `limit`, only its first `limit` + 1 bytes."""
    try:
        while line := file.readline(limit + 1):
            rest = line
            while len(rest) > limit and not rest.endswith(b"\n"):
                rest = file.readline(limit + 1)
            yield line
    except (OSError, EOFError) as error:
        raise ImportFileError.of_file(f"The file cannot be read: {error}.") from error


def _without_mark(line: bytes) -> bytes:
    if line.startswith(_WIDE):
        raise ImportFileError((LineFault(1, "The file is in UTF-16: save it as UTF-8."),), 1)
    return line.removeprefix(codecs.BOM_UTF8)


def _text(line: bytes, number: int, faults: Faults, limit: int) -> str:
    if len(line) > limit:
        faults.add(number, f"The line has more than {limit} bytes.")
        return ""
    if b"\0" in line:
        faults.add(number, "The line has a NUL byte in it: is this a text file?")
        return ""
    try:
        return line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        faults.add(number, "The line is not UTF-8 text.")
        return ""
