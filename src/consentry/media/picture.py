"""What decoding gives: `Picture` and `Clip`, safe input for everything that follows.

Only `consentry.media` makes them from untrusted bytes; tests and benchmarks may build them from
arrays with `Picture.from_pixels`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

__all__ = ["Clip", "Frame", "Metadata", "Picture"]

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a file says about itself: kept aside, never trusted, never used to decide.

    Attributes:
        blocks: raw bytes by kind: `exif`, `xmp`, `icc`, `iptc`, `comment`, `png:<keyword>` …
        orientation: the EXIF orientation that the file declared, 1 to 8; already applied.
        dropped_bytes: metadata that was longer than `media.metadata_bytes` and was not kept.
        trailing_bytes: bytes after the end of the picture.
    """

    blocks: Mapping[str, bytes] = field(
        default_factory=lambda: MappingProxyType({}),
        repr=False,  # may hold a place or a name: not for a log
    )
    orientation: int = 1
    dropped_bytes: int = 0
    trailing_bytes: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One decoded, upright still picture.

    Attributes:
        pixels: read-only uint8 array of shape (height, width, 3), RGB, orientation applied,
            transparency flattened onto white.
        sha256: hex digest of the bytes that were decoded (of the pixels, if built from pixels).
        format: lower-case name of the format: jpeg, png, webp, gif, avif, heic, tiff, bmp.
        metadata: what the file said about itself.
    """

    pixels: Pixels
    sha256: str
    format: str
    metadata: Metadata = field(default_factory=Metadata)

    @property
    def width(self) -> int:
        """Pixels across."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Pixels down."""
        return int(self.pixels.shape[0])

    @classmethod
    def from_pixels(cls, pixels: Pixels, *, format: str = "raw") -> Picture:  # noqa: A002  the field's name
        """A picture from an array of shape (height, width, 3), uint8, RGB."""
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:  # noqa: PLR2004
            raise ValueError("pixels are a uint8 array of shape (height, width, 3)")
        frozen = np.ascontiguousarray(pixels)
        if frozen is pixels:
            frozen = pixels.view()
        frozen.flags.writeable = False
        return cls(frozen, hashlib.sha256(frozen.tobytes()).hexdigest(), format)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One sampled frame of a clip.

    Attributes:
        picture: the frame; its `sha256` is that of the frame's pixels.
        time_s: seconds from the start of the clip; the page number for a many-page TIFF.
    """

    picture: Picture
    time_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A video or an animation, as the frames that were sampled from it.

    Attributes:
        frames: at least one, in order of time.
        sha256: hex digest of the bytes that were decoded.
        format: mp4, webm, mov, … or gif, webp, png, avif, heic, tiff for animations.
        duration_s: seconds; 0 where the file does not say.
        frame_count: frames in the file, sampled or not.
        metadata: what the file said about itself.
    """

    frames: tuple[Frame, ...]
    sha256: str
    format: str
    duration_s: float
    frame_count: int
    metadata: Metadata = field(default_factory=Metadata)
