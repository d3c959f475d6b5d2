"""Whether a text is in a language that the rules do not know, by that language's frequent words."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Final

from consentry.detectors._prompt_lexicon import built_in
from consentry.media.normalise import Word, fold

__all__ = ["foreign_language"]

_FEWEST: Final = 2


def foreign_language(words: Sequence[Word], common: int) -> str | None:
    """The BCP 47 code of a language that `words` seem to be in and no rule knows, or None.

    At least two different words must be of that language and of no known one, and more than the
    `common` words that the likeliest known language has in the text.
    """
    table = _table()
    counts: dict[str, int] = {}
    for word in {one.text for one in words}:
        for code in table.get(word, ()):
            counts[code] = counts.get(code, 0) + 1
    best = max(counts, key=lambda code: counts[code], default=None)
    return best if best and counts[best] >= max(_FEWEST, common + 1) else None


@cache
def _table() -> dict[str, tuple[str, ...]]:
    """Each telling word to the languages that have it."""
    text = files(__package__).joinpath("language_data.toml").read_text("utf-8")
    lexicon = built_in()
    found: dict[str, tuple[str, ...]] = {}
    for code, listed in tomllib.loads(text).items():
        for word in dict.fromkeys(map(str.strip, fold(listed).split(","))):
            if word not in lexicon.entries:
                found[word] = (*found.get(word, ()), code)
    return found
