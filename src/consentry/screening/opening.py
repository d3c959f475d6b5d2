"""Opening a submission: decode its picture or video, unless the same bytes are already known."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import PurePath
from time import perf_counter
from typing import Final, Literal

from consentry.errors import ConsentryError, InputError
from consentry.media import Clip, MediaDecoder, Picture
from consentry.screening.decision import Gate
from consentry.screening.submission import Submission

__all__ = ["DECODE_GATE", "Opened", "Outline", "refusal"]

DECODE_GATE: Final = "decode"
DECODE_VERSION: Final = "1"


@dataclass(frozen=True, slots=True)
class Outline:
    """What is remembered of a decoded file: enough to find results again, no pixels.

    Attributes:
        kind: picture or clip.
        digests: SHA-256 of each subject: the file's for a picture, the frame's for a clip.
        times: seconds into the clip for each subject; a single None for a picture.
    """

    kind: Literal["picture", "clip"]
    digests: tuple[str, ...]
    times: tuple[float | None, ...]


class Opened:
    """The picture or clip of one submission; decodes at the first need and not before."""

    def __init__(self, submission: Submission, data: bytes, decoder: MediaDecoder) -> None:
        """Take the digest of the bytes; nothing is decoded yet."""
        self._submission = submission
        self.data = data
        self._decoder = decoder
        self._pictures: tuple[Picture, ...] | None = None
        self.sha256 = hashlib.sha256(data).hexdigest()
        self.outline: Outline | None = None
        self.ms = 0.0

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What the result of decoding depends on, the declared format included."""
        suffix = PurePath(self._submission.name or "").suffix.lower()
        return (DECODE_GATE, self.sha256, suffix, self._submission.content_type or "")

    def decode(self) -> tuple[Picture, ...]:
        """Every subject in it, in order of time; decoded once.

        Raises:
            MediaError: the file cannot be used.
            DecoderError: the decoder could not do its work.
        """
        if self._pictures is None:
            started = perf_counter()
            try:
                media = self._decoder.decode(
                    self.data,
                    name=self._submission.name,
                    content_type=self._submission.content_type,
                )
            finally:
                self.ms = (perf_counter() - started) * 1000
            self._pictures, self.outline = _subjects(media)
        return self._pictures

    def gate(self) -> Gate:
        """The proof that the file was opened, now or before."""
        decoded = self._pictures is not None
        status: Literal["checked", "cached"] = "checked" if decoded else "cached"
        return Gate(DECODE_GATE, DECODE_VERSION, self.sha256, self.ms, status)


def _subjects(media: Picture | Clip) -> tuple[tuple[Picture, ...], Outline]:
    if isinstance(media, Picture):
        return (media,), Outline("picture", (media.sha256,), (None,))
    pictures = tuple(frame.picture for frame in media.frames)
    digests = tuple(picture.sha256 for picture in pictures)
    return pictures, Outline("clip", digests, tuple(frame.time_s for frame in media.frames))


def refusal(error: ConsentryError, saw: str | None, ms: float) -> Gate:
    """The gate of a file that was not opened: refused if the file is at fault, failed if we are."""
    status: Literal["refused", "failed"] = "refused" if isinstance(error, InputError) else "failed"
    return Gate(DECODE_GATE, DECODE_VERSION, saw, ms, status, str(error))
