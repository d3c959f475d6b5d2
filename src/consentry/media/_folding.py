"""Folding of single characters: what one character becomes, whatever stands beside it."""

from __future__ import annotations

import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

__all__ = ["Tables", "fold_character", "is_invisible", "tables"]

# Marks that are decoration in every script we read: accents, Hebrew points, Arabic vowel signs,
# the Devanagari nukta, variation selectors. Other marks (vowel signs of Indic scripts, the voicing
# mark of kana) are letters and stay.
_DECORATION: Final = (
    (0x0300, 0x036F),
    (0x0591, 0x05C7),
    (0x0610, 0x061A),
    (0x064B, 0x065F),
    (0x0670, 0x0670),
    (0x06D6, 0x06ED),
    (0x093C, 0x093C),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20FF),
    (0xFE00, 0xFE0F),
    (0xFE20, 0xFE2F),
    (0xE0100, 0xE01EF),
)
_FILLERS: Final = frozenset("\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u3164\uffa0\u0640")
_SKIN_TONES: Final = frozenset(map(chr, range(0x1F3FB, 0x1F400)))
# Letters in boxes and flags that have no decomposition: (first code point, letters in order).
_BOXED: Final = (0x1F150, 0x1F170, 0x1F1E6)
_KEEPS_SYLLABLES: Final = ((0x1100, 0x11FF), (0x3040, 0x30FF), (0xAC00, 0xD7A3))
_ALPHABET: Final = 26
_ROUNDS: Final = 4
_LONGEST: Final = 4  # one ligature of Arabic unfolds into eighteen characters: no rule needs them


@dataclass(frozen=True, slots=True)
class Tables:
    """What `normalise.toml` says.

    Attributes:
        letters: a letter to what it is always folded to.
        confusable: a non-Latin letter to the Latin letters that it looks like, likeliest first.
        cyrillic: a Latin letter to the Cyrillic one that it looks like.
        leet: a digit or sign to the letters that it may stand for, likeliest first.
        emoji: an emoji to its word.
    """

    letters: dict[str, str]
    confusable: dict[str, str]
    cyrillic: dict[str, str]
    leet: dict[str, str]
    emoji: dict[str, str]


@cache
def tables() -> Tables:
    """Read `normalise.toml`, once."""
    plain = tomllib.loads(files(__package__).joinpath("normalise.toml").read_text("utf-8"))
    looks: dict[str, str] = {}
    for latin, alikes in plain["confusable"].items():
        for alike in alikes:
            looks[alike] = looks.get(alike, "") + latin
    return Tables(plain["letters"], looks, plain["cyrillic"], plain["leet"], plain["emoji"])


@lru_cache(maxsize=16_384)
def is_invisible(character: str) -> bool:
    """Whether `character` shows nothing: controls that are no space, format characters, fillers."""
    if character in _FILLERS:
        return True
    return unicodedata.category(character) in {"Cf", "Cc", "Cs"} and not character.isspace()


@lru_cache(maxsize=16_384)
def fold_character(character: str) -> str:
    """What `character` becomes: lower case, undecorated; an empty string if it shows nothing.

    Folding the answer again, character by character, changes nothing.
    """
    if is_invisible(character) or character in _SKIN_TONES:
        return ""
    if character.isspace() or character == "\u2800":
        return "\n" if character in "\n\v\f\x1c\x1d\x1e\x85\u2028\u2029" else " "
    if character in tables().emoji:
        return f" {tables().emoji[character]} "
    if unicodedata.category(character) in {"Cn", "Co"}:
        return character
    return _to_fixed_point(_boxed_letter(character))[:_LONGEST]


def _to_fixed_point(folded: str) -> str:
    for _ in range(_ROUNDS):
        again = "".join(map(_fold_once, folded))
        if again == folded:
            break
        folded = again
    return folded


def _fold_once(character: str) -> str:
    if is_invisible(character):
        return ""
    folded = unicodedata.normalize("NFKC", character.casefold())
    if any(_within(_KEEPS_SYLLABLES, ord(one)) for one in folded):
        return folded
    bare = (
        one
        for one in unicodedata.normalize("NFKD", folded)
        if not _within(_DECORATION, ord(one)) and not is_invisible(one)
    )
    letters = tables().letters
    return "".join(letters.get(one, one) for one in unicodedata.normalize("NFC", "".join(bare)))


def _boxed_letter(character: str) -> str:
    for first in _BOXED:
        if first <= ord(character) < first + _ALPHABET:
            return chr(ord("a") + ord(character) - first)
    return character


def _within(ranges: tuple[tuple[int, int], ...], point: int) -> bool:
    return any(first <= point <= last for first, last in ranges)
