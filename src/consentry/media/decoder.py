"""`MediaDecoder`: untrusted bytes in, a safe `Picture` or `Clip` out.

Nothing is decoded in this process. A pool of child processes with hard limits does it; what they
answer is checked, and their pixels are looked at through shared memory. See docs/guide/media.md.
"""

from __future__ import annotations

import hashlib
import time
import weakref
from types import MappingProxyType, TracebackType
from typing import Final, Self

from consentry.config import MediaSettings
from consentry.errors import (
    DecoderError,
    MediaEmptyError,
    MediaError,
    MediaFormatError,
    MediaSizeError,
)
from consentry.media.arena import Arena, Pixels, lend
from consentry.media.names import check_names
from consentry.media.picture import Clip, Frame, Metadata, Picture
from consentry.media.pool import Pool
from consentry.media.process import ChildProcess, NeverReadError
from consentry.media.protocol import Answer, Limits, Refusal
from consentry.media.sniff import HEAD_BYTES, VIDEO_FORMATS, sniff

__all__ = ["MediaDecoder"]

_ATTEMPTS: Final = 4
_ERRORS: Final = {cls.code: cls for cls in MediaError.__subclasses__()}


class MediaDecoder:
    """Decodes pictures, animations and videos in limited child processes.

    Safe to use from many threads. Children start at `warm_up` or at the first `decode`. Close it,
    or use it in a `with` block; what is not closed is ended with the program.
    """

    def __init__(self, settings: MediaSettings) -> None:
        """Keep the limits; nothing is started yet."""
        self._settings = settings
        limits = Limits(
            max_pixels=settings.max_pixels,
            max_side=settings.max_side,
            max_frames=settings.max_frames,
            decode_seconds=settings.decode_seconds,
            decode_memory_bytes=settings.decode_memory_bytes,
            metadata_bytes=settings.metadata_bytes,
            video_max_seconds=settings.video_max_seconds,
        )
        inbox_bytes = max(settings.max_bytes, settings.video_max_bytes)
        self._pool = Pool(lambda: ChildProcess(limits, inbox_bytes), settings.decoders)
        self._finalizer = weakref.finalize(self, self._pool.close)

    def warm_up(self, children: int | None = None) -> None:
        """Start so many children, or all, side by side, and return when they are ready.

        Raises:
            DecoderError: one of them cannot be started.
        """
        self._pool.warm_up(children)

    def close(self) -> None:
        """End all children. Pictures that were decoded stay usable."""
        self._finalizer()

    def __enter__(self) -> Self:
        """Give the decoder itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of the children that run now."""
        return self._pool.pids

    def decode(
        self, data: bytes, *, name: str | None = None, content_type: str | None = None
    ) -> Picture | Clip:
        """Decode one file.

        Waits while all children are busy; then takes `media.decode_seconds` at most.

        Args:
            data: the whole file.
            name: the file's name, to compare its extension with the bytes.
            content_type: the declared media type, to compare it with the bytes.

        Raises:
            MediaEmptyError: there are no bytes.
            MediaFormatError: the bytes are of no format on the allow-list.
            MediaExtensionError: the name or the declared type is that of another format.
            MediaSizeError: more bytes than `media.max_bytes` or `media.video_max_bytes`.
            MediaPixelsError: more pixels or a longer side than allowed, said by the header.
            MediaTruncatedError: the file ends early or is damaged.
            MediaPolyglotError: the file is something else as well.
            MediaTooCostlyError: past the limit of time, memory or work.
            MediaVideoError: no picture track, too long, or the video extra is not installed.
            DecoderError: a child could not be started or died.
        """
        format_ = self._check(data, name, content_type)
        for _ in range(_ATTEMPTS):
            child = self._pool.take()
            try:
                return self._ask(child, format_, data)
            except NeverReadError:
                continue
        raise DecoderError("Decoder children die as soon as they are started.")

    def _check(self, data: bytes, name: str | None, content_type: str | None) -> str:
        if not data:
            raise MediaEmptyError("The file has no bytes.")
        format_ = sniff(data[:HEAD_BYTES])
        if format_ is None:
            raise MediaFormatError("The bytes are of no picture or video format that is accepted.")
        check_names(format_, name, content_type)
        video = format_ in VIDEO_FORMATS
        limit = self._settings.video_max_bytes if video else self._settings.max_bytes
        if len(data) > limit:
            raise MediaSizeError(
                f"The file has {len(data):,} bytes; the limit is {limit:,}.",
                hint=f"Send a smaller file, or raise media.{'video_' if video else ''}max_bytes.",
            )
        return format_

    def _ask(self, child: ChildProcess, format_: str, data: bytes) -> Picture | Clip:
        """Let `child` decode; whatever goes wrong with it, its place gets a fresh one."""
        try:
            deadline = time.monotonic() + self._settings.decode_seconds
            arena = child.send(format_, data)
            sha256 = hashlib.sha256(data).hexdigest()  # while the child decodes
            answer = child.receive(arena, len(data), deadline)
            media = _build(answer, arena, child, format_, sha256)
        except BaseException:
            self._pool.replace(child)
            raise
        self._pool.give_back(child)
        if isinstance(media, Refusal):
            raise _ERRORS.get(media.code, DecoderError)(media.message, hint=media.hint or None)
        return media


def _build(
    answer: Answer | Refusal, arena: Arena, child: ChildProcess, format_: str, sha256: str
) -> Picture | Clip | Refusal:
    if isinstance(answer, Refusal):
        child.home.append(arena)
        return answer
    metadata = _metadata(answer, arena)
    pixels = lend(arena, child.home, answer)
    if not answer.clip:
        return Picture(pixels[0], sha256, format_, metadata)
    frames = tuple(
        Frame(_frame_picture(array, format_), spot.time_s)
        for array, spot in zip(pixels, answer.frames, strict=True)
    )
    return Clip(frames, sha256, format_, answer.duration_s, answer.frame_count, metadata)


def _frame_picture(pixels: Pixels, format_: str) -> Picture:
    return Picture(pixels, hashlib.sha256(pixels.data).hexdigest(), format_)


def _metadata(answer: Answer, arena: Arena) -> Metadata:
    blocks = {block.key: arena.read(block.offset, block.size) for block in answer.blocks}
    return Metadata(
        MappingProxyType(blocks), answer.orientation, answer.dropped_bytes, answer.trailing_bytes
    )
