"""From a file to its hashes, by the names that HMA's clients use; `GET` and `POST /h/hash`.

The hash that is shown is the one that HMA computes: of the pixels as the file stores them, since
python-threatexchange does not heed EXIF orientation. What is looked up and banked is more: see
`consentry.matching.signals.variants`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from consentry.errors import MediaEmptyError, MediaFormatError
from consentry.media import Clip, Picture
from consentry.web.hma.answers import Refusal

if TYPE_CHECKING:  # it stands on all models and detectors
    from consentry.guard import Guard

__all__ = ["CONTENT_TYPES", "Asked", "Hashed", "hash_file", "kind_of", "wanted"]

PHOTO: Final = "photo"
VIDEO: Final = "video"
CONTENT_TYPES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        PHOTO: frozenset({"pdq", "md5", "sha256"}),
        VIDEO: frozenset({"video_md5", "vpdq", "md5", "sha256"}),
    }
)
"""Which signal types each content type has."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be hashed as what.

    Attributes:
        content: one of `CONTENT_TYPES`.
        types: signal types, in the order of the answer.
    """

    content: str
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hashed:
    """The hashes of one file.

    Attributes:
        shown: signal type to hash; empty where there is too little to see, as in HMA.
        picture: the decoded picture, where one was needed.
        data: the file.
    """

    shown: dict[str, str]
    picture: Picture | None
    data: bytes


def kind_of(content_type: str | None, *, declared: str = "") -> str:
    """The content type that was asked for, or that a fetched file was declared to be.

    Raises:
        Refusal: there is no such content type, or none can be told.
    """
    if content_type:
        if content_type not in CONTENT_TYPES:
            raise Refusal(400, f"no such content_type: '{content_type}'")
        return content_type
    for start, content in (("image", PHOTO), ("video", VIDEO)):
        if declared.startswith(start):
            return content
    raise Refusal(
        400,
        "unsupported url ContentType, if you know the expected type, provide it with the "
        "content_type query param",
    )


def wanted(content: str, types: str | None, enabled: Sequence[str]) -> Asked:
    """The signal types to compute: all that are enabled, or those that `types` lists.

    Raises:
        Refusal: a listed one is not known or not enabled, or the list is empty.
    """
    known = tuple(name for name in enabled if name in CONTENT_TYPES[content])
    if types is None:
        if not known:
            raise Refusal(500, "No signal types configured!")
        return Asked(content, known)
    listed = tuple(dict.fromkeys(name for one in types.split(",") if (name := one.strip())))
    for name in listed:
        if name not in known:
            raise Refusal(400, f"signal type '{name}' doesn't exist or is disabled")
    if not listed:
        raise Refusal(400, "empty signal type selection")
    return Asked(content, listed)


def hash_file(guard: Guard, data: bytes, asked: Asked) -> Hashed:
    """Hash `data`.

    Raises:
        MediaError: it cannot be decoded, where that is needed.
        DecoderError: the decoder could not do its work.
    """
    if not data:
        raise MediaEmptyError("The file has no bytes.")
    media = guard.decode(data) if {"pdq", "vpdq"} & set(asked.types) else None
    shown = {name: _hash(name, data, media) for name in asked.types}
    return Hashed(shown, _picture(media) if asked.content == PHOTO else None, data)


def _hash(name: str, data: bytes, media: Picture | Clip | None) -> str:
    if name == "pdq":
        return _pdq(_picture(media))
    if name == "vpdq":
        return _vpdq(media)
    return _digest(name, data)


def _digest(name: str, data: bytes) -> str:
    from consentry.matching.signals.contract import Signal
    from consentry.matching.signals.digests import Md5, Sha256, VideoMd5

    types = {one.name: one for one in (Md5(), VideoMd5(), Sha256())}
    found = types[name].hash_bytes(data)
    return found.value if isinstance(found, Signal) else ""


def _pdq(picture: Picture | None) -> str:
    from consentry.matching.signals.contract import Signal
    from consentry.matching.signals.pdq import Pdq
    from consentry.matching.signals.variants import as_stored

    if picture is None:
        raise MediaFormatError("This is no picture.")
    found = Pdq().hash_pixels(as_stored(picture.pixels, picture.metadata.orientation))
    return found.value if isinstance(found, Signal) else ""


def _vpdq(media: Picture | Clip | None) -> str:
    from consentry.matching.signals.contract import Signal
    from consentry.matching.signals.video import VideoPdq

    if not isinstance(media, Clip):
        raise MediaFormatError("This is no video.")
    frames = ((one.time_s, one.picture.pixels) for one in media.frames)
    found = VideoPdq().hash_frames(frames)
    return found.value if isinstance(found, Signal) else ""


def _picture(media: Picture | Clip | None) -> Picture | None:
    """The picture, or the first frame of an animation, as HMA's library reads it."""
    return media.frames[0].picture if isinstance(media, Clip) else media
