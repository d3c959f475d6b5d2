"""Disguises of a prompt, made by code from plain rows."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from typing import Final

__all__ = ["DISGUISES", "disguise"]

_LATIN_WORD: Final = re.compile(r"[^\W\d_]{4,}")
_UNSPACED: Final = re.compile("[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_LOOK_ALIKE: Final = str.maketrans("aceopxy", "\u0430\u0441\u0435\u043e\u0440\u0445\u0443")
_TO_LATIN: Final = str.maketrans("\u0430\u0441\u0435\u043e\u0440\u0445\u0443", "aceopxy")
_LEET: Final = str.maketrans("aeios", "43105")
_WIDE: Final = str.maketrans({code: code + 0xFEE0 for code in range(0x21, 0x7F)})
_INVISIBLE: Final = ("\u200b", "\u200d", "\u2060", "\ufeff")
_ACUTE: Final = "\u0301"

_Change = Callable[[str, random.Random], str]


def disguise(text: str, kind: str, seed: int) -> str:
    """`text` with its longer words written as `kind` says; the same seed gives the same text."""
    return DISGUISES[kind](text, random.Random(f"{seed} {kind} {text}"))  # noqa: S311  no secret


def _words(text: str, change: Callable[[str], str]) -> str:
    return _LATIN_WORD.sub(lambda word: change(word.group()), text)


def _leet(text: str, _: random.Random) -> str:
    return _words(text, lambda word: word.translate(_LEET))


def _look_alike(text: str, _: random.Random) -> str:
    cyrillic = re.search("[\u0430-\u044f]", text) is not None
    return _words(text, lambda word: word.translate(_TO_LATIN if cyrillic else _LOOK_ALIKE))


def _apart(separator: str) -> _Change:
    """One word in two (the longer ones) with its letters set apart."""

    def change(text: str, chance: random.Random) -> str:
        return _words(text, lambda word: separator.join(word) if chance.random() < 1 / 2 else word)

    return change


def _repeated(text: str, chance: random.Random) -> str:
    def change(word: str) -> str:
        place = chance.randrange(len(word))
        return word[: place + 1] + word[place] * 3 + word[place + 1 :]

    return text if _UNSPACED.search(text) else _words(text, change)


def _invisible(text: str, chance: random.Random) -> str:
    def change(word: str) -> str:
        place = chance.randrange(1, len(word))
        return word[:place] + chance.choice(_INVISIBLE) + word[place:]

    return _words(text, change)


def _accents(text: str, chance: random.Random) -> str:
    def mark(letter: str) -> str:
        return letter + _ACUTE if letter in "aeiouy" and chance.random() < 1 / 2 else letter

    return _words(text, lambda word: "".join(map(mark, word)))


def _wide(text: str, _: random.Random) -> str:
    return text.translate(_WIDE)


def _capitals(text: str, chance: random.Random) -> str:
    return "".join(one.upper() if chance.random() < 1 / 2 else one for one in text)


DISGUISES: Final[Mapping[str, _Change]] = {
    "accents": _accents,
    "capitals": _capitals,
    "dotted": _apart("."),
    "full-width": _wide,
    "invisible": _invisible,
    "leet": _leet,
    "look-alike": _look_alike,
    "repeated": _repeated,
    "spaced": _apart(" "),
}
"""Each kind of disguise and what makes it."""
