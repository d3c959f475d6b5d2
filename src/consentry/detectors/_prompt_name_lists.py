"""The lists of names, as they are compared: folded like the prompts."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

from consentry.media.normalise import fold

__all__ = ["Lists", "fingerprint", "lists"]

_FILES: Final = ("latin.toml", "native.toml")
_CASES: Final = ("", *fold("а я у ю ы и е о ом ем ой ей ою ым им").split())  # noqa: RUF001  they are
"""Endings of Russian names in their cases."""


@dataclass(frozen=True, slots=True)
class Lists:
    """Folded words of one script, by what they say: `given`, `family`, `titles`, and so on."""

    sets: dict[str, frozenset[str]]

    def __getitem__(self, name: str) -> frozenset[str]:
        """Nothing where the script has no such list."""
        return self.sets.get(name, frozenset())


@cache
def lists(script: str) -> Lists:
    """The lists of `latin`, `cyrillic`, `arabic`, `devanagari`, `han`, `kana` or `hangul`."""
    found = _sets(_read(script))
    if script == "cyrillic":
        for name in ("given", "family", "titles"):
            found[name] = frozenset(form for word in found[name] for form in _declined(word))
    return Lists(found)


@cache
def fingerprint() -> str:
    """Changes whenever a list changes."""
    folder = files(__package__) / "names_data"
    return sha256(b"".join((folder / name).read_bytes() for name in _FILES)).hexdigest()[:12]


def _read(script: str) -> dict[str, str]:
    name = "latin.toml" if script == "latin" else "native.toml"
    content: dict[str, Any] = tomllib.loads(
        (files(__package__) / "names_data" / name).read_text(encoding="utf-8")
    )
    return content if script == "latin" else content[script]


def _sets(source: dict[str, str]) -> dict[str, frozenset[str]]:
    return {name: frozenset(fold(one) for one in text.split()) for name, text in source.items()}


def _declined(word: str) -> list[str]:
    return [word, *(stem + ending for stem in {word, word[:-1]} for ending in _CASES)]
