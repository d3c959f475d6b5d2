"""Digests of bytes: they find the very same file and nothing else.

`md5` and `video_md5` exist because exchanges still use them. An MD5 can be forged, so it may find
a file that deserves a look, and it must never prove that a file is harmless.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import ClassVar

from consentry.matching.signals.contract import Outcome, Signal, SignalExample, Unhashable
from consentry.matching.signals.hashes import distance, parse_digits

__all__ = ["Md5", "Sha256", "VideoMd5"]


class _Digest:
    name: ClassVar[str]
    max_distance: ClassVar[int] = 0
    _algorithm: ClassVar[str]
    _digits: ClassVar[int]

    def parse(self, text: str) -> str:
        """The digest in lower case. SignalError when it is none."""
        return parse_digits(text, self._digits, self.name)

    def distance(self, one: str, other: str) -> int:
        """The number of differing bits; only 0 means anything."""
        return distance(one, other)

    def hash_bytes(self, data: bytes) -> Outcome:
        """The digest of `data`; an empty file is unhashable, since all of them are alike."""
        if not data:
            return Unhashable(self.name, "The file has no bytes.")
        digest = hashlib.new(self._algorithm, data, usedforsecurity=False)
        return Signal(self.name, digest.hexdigest())


class Md5(_Digest):
    """MD5 of a file."""

    name = "md5"
    _algorithm = "md5"
    _digits = 32

    @classmethod
    def get_examples(cls) -> Sequence[SignalExample]:
        """The digest of `abc`, from RFC 1321."""
        value = "900150983cd24fb0d6963f7d28e17f72"
        other = f"{value[:-1]}3"
        return (
            SignalExample(value, (f" {value.upper()}\n",), {other: 1}, ("", value[1:], "g" * 32)),
        )


class VideoMd5(Md5):
    """MD5 of a video file: the same digest, under the name by which exchanges trade it."""

    name = "video_md5"


class Sha256(_Digest):
    """SHA-256 of a file."""

    name = "sha256"
    _algorithm = "sha256"
    _digits = 64

    @classmethod
    def get_examples(cls) -> Sequence[SignalExample]:
        """The digest of `abc`, from FIPS 180-4."""
        value = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        other = f"{value[:-1]}c"
        return (
            SignalExample(value, (f"{value.upper()} ",), {other: 1}, ("", value[1:], "g" * 64)),
        )
