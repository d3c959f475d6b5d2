"""Files that are a picture and something else at once.

Three looks, each where the other kind of file would be searched for by its own reader: words of a
page or a PDF near the start, the directory of an archive near the end, and the signature of
another file right behind the picture.
"""

from __future__ import annotations

import re
import struct
from typing import Final

from consentry.errors import MediaPolyglotError, MediaTruncatedError
from consentry.media.child import jpeg
from consentry.media.child.extent import Read, end_of_boxes, end_of_matroska
from consentry.media.sniff import sniff

__all__ = [
    "HEAD_BYTES",
    "TAIL_BYTES",
    "check_ends",
    "check_trailing",
    "check_video",
    "jpeg_end",
]

HEAD_BYTES: Final = 1024
"""How far readers look for `%PDF-`, and browsers for a page."""

TAIL_BYTES: Final = 65_557
"""The longest end-of-central-directory record of a ZIP: 22 bytes and a comment of 65,535."""

_WORDS: Final = re.compile(rb"(%pdf-)|<(?:html|script|!doctype html|\?php)", re.IGNORECASE)
_SIGNATURES: Final = (
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "a ZIP archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x1f\x8b\x08", "a gzip archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"BZh", "a bzip2 archive"),
    (b"%PDF-", "a PDF document"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"#!/", "a script"),
    (b"SQLite format 3\x00", "a database"),
)
_ANYWHERE: Final = (b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c")
_PADDING: Final = b"\x00 \r\n\t"


def check_ends(read: Read, total: int) -> None:
    """Look at the first `HEAD_BYTES` and the last `TAIL_BYTES` of what `read` gives in parts.

    Raises:
        MediaPolyglotError: a page or PDF starts there, or an archive ends there.
    """
    word = _WORDS.search(read(0, HEAD_BYTES))
    if word:
        raise _polyglot("a PDF document" if word[1] else "a web page")
    if _ends_an_archive(read, total):
        raise _polyglot("a ZIP archive")


def check_trailing(trailing: bytes) -> None:
    """Look at what lies behind the picture; padding is skipped.

    Raises:
        MediaPolyglotError: another file starts there.
    """
    rest = trailing.lstrip(_PADDING)
    for signature, what in _SIGNATURES:
        if rest.startswith(signature):
            raise _polyglot(what)
    if _WORDS.match(rest):
        raise _polyglot("a web page or a PDF document")
    after_zeros = trailing.lstrip(b"\x00")[:HEAD_BYTES]
    # The size of a box starts with zeros that are no padding: put some of them back.
    for start in (rest[:HEAD_BYTES], *(bytes(count) + after_zeros for count in range(4))):
        other = sniff(start)
        if other:
            raise _polyglot(f"a second file ({other}) that the first does not declare")
    if any(signature in trailing for signature in _ANYWHERE):
        raise _polyglot("an archive")


def check_video(read: Read, total: int, format_: str) -> None:
    """All three looks at a video, which `read` gives in parts.

    Raises:
        MediaPolyglotError: it is something else as well.
        MediaTruncatedError: it ends before its declared end.
    """
    check_ends(read, total)
    finder = end_of_boxes if format_ in {"mp4", "mov"} else end_of_matroska
    end = finder(read, total)
    if end is not None and end > total:
        raise MediaTruncatedError("The video ends early.")
    if end is not None:
        check_trailing(read(end, TAIL_BYTES))


def jpeg_end(data: bytes, found: jpeg.Jpeg) -> int:
    """Where a JPEG ends, together with the further pictures and the video that it declares.

    A phone's multi-picture file declares them in an MPF segment, a motion photo in XMP.
    """
    end = found.end or len(data)
    for _ in range(min(found.pictures, 100) - 1):
        start = len(data) - len(data[end:].lstrip(b"\x00"))
        following = jpeg.walk(data, start) if data[start : start + 3] == b"\xff\xd8\xff" else None
        if following is None or following.end is None:
            break
        end = following.end
    if found.motion and sniff(data[end : end + 4096]) in {"mp4", "mov"}:
        return len(data)
    return end


def _ends_an_archive(read: Read, total: int) -> bool:
    start = max(total - TAIL_BYTES, 0)
    tail = read(start, TAIL_BYTES)
    place = tail.rfind(b"PK\x05\x06")
    while place >= 0:
        if _is_directory_end(read, start + place):
            return True
        place = tail.rfind(b"PK\x05\x06", 0, place)
    return False


def _is_directory_end(read: Read, place: int) -> bool:
    """Four bytes also occur by chance: the record must point at a directory that is there.

    Some readers look for the directory right before the record, others at its declared offset.
    Source: APPNOTE.TXT 6.3.10, 4.3.15 and 4.3.16.
    """
    record = read(place, 22)
    if len(record) < 22:  # noqa: PLR2004  the record's fixed part
        return False
    entries, size, offset = struct.unpack_from("<HLL", record, 10)
    if entries == 0 and size == 0:
        return True
    if read(max(place - 20, 0), 4) == b"PK\x06\x07":
        return True
    starts = (place - size, offset)
    return any(start >= 0 and read(start, 4) == b"PK\x01\x02" for start in starts)


def _polyglot(what: str) -> MediaPolyglotError:
    return MediaPolyglotError(f"The file is a picture and also {what}.")
