"""What the demo needs of a `Guard`, and nothing more: tests give it a small stand-in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from consentry.config import Settings
from consentry.screening.decision import Decision
from consentry.screening.submission import Submission

__all__ = ["DemoGuard", "DemoPreview"]


class _Category(Protocol):
    @property
    def title(self) -> str: ...


class _Taxonomy(Protocol):
    @property
    def categories(self) -> Mapping[str, _Category]: ...


class _Policy(Protocol):
    @property
    def taxonomy(self) -> _Taxonomy: ...


class DemoPreview(Protocol):
    """A small JPEG of a picture that was decoded safely; sizes in pixels."""

    @property
    def jpeg(self) -> bytes:
        """The encoded preview, without metadata."""

    @property
    def width(self) -> int:
        """Of the preview."""

    @property
    def height(self) -> int:
        """Of the preview."""

    @property
    def full_width(self) -> int:
        """Of the upright original, in which findings name their boxes."""

    @property
    def full_height(self) -> int:
        """Of the upright original."""


class DemoGuard(Protocol):
    """The part of `consentry.guard.Guard` that the demo uses."""

    @property
    def settings(self) -> Settings:
        """The settings in force."""

    @property
    def policy(self) -> _Policy:
        """The policy in force: its taxonomy names the categories in plain words."""

    def screen(self, submission: Submission) -> Decision:
        """Decide, and record the decision. Blocks: call it in a thread."""

    def preview(self, data: bytes, *, max_side: int) -> DemoPreview:
        """Decode in a limited child and encode again, small.

        Raises:
            MediaError: the file cannot be used.
            DecoderError: the decoder could not do its work.
        """
