"""Untrusted bytes in, `Picture`, `Clip` and `Prompt` out.

The names are loaded when they are first used. Nothing here imports Pillow or PyAV: only the
decoder's child processes do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from consentry.media.decoder import MediaDecoder
    from consentry.media.picture import Clip, Frame, Metadata, Picture
    from consentry.media.prompt import Prompt

__all__ = ["Clip", "Frame", "MediaDecoder", "Metadata", "Picture", "Prompt"]

_HOMES: Final = {
    "Clip": "consentry.media.picture",
    "Frame": "consentry.media.picture",
    "MediaDecoder": "consentry.media.decoder",
    "Metadata": "consentry.media.picture",
    "Picture": "consentry.media.picture",
    "Prompt": "consentry.media.prompt",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
