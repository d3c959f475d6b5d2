"""What the learned part of the prompt gate looks at: meaning, structure and letters, as numbers."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from consentry.detectors import _prompt_lexicon
from consentry.detectors._prompt_patterns import SEPARATOR
from consentry.detectors._prompt_reading import undisguised
from consentry.detectors._prompt_view import View, view, view_of
from consentry.findings import Finding
from consentry.media.prompt import Prompt
from consentry.models.sentence import SentenceEncoder

__all__ = ["CATEGORIES", "Window", "features", "prepare", "width", "windows"]

CATEGORIES: Final = (
    "sexual.undress",
    "sexual.nudity",
    "sexual.explicit",
    "sexual.suggestive",
    "defamation.crime",
    "person.named",
    "minor.referenced",
)
"""The categories of the rules whose highest scores are features."""

_TELLING: Final = (
    "remove",
    "undress",
    "strip",
    "nude",
    "clothes",
    "garment",
    "intimate",
    "swim",
    "outer",
    "object",
    "blemish",
    "person",
    "pronoun",
    "body",
    "bits",
    "sheer",
    "make",
    "put",
    "wear",
    "without",
    "under",
    "see",
    "gone",
    "only",
    "everything",
    "nothing",
    "naught",
    "from",
    "place",
    "crime",
    "sexy",
    "skin",
    "image",
    "other",
    "scanty",
    "wish",
    "expose",
    "reveal",
    "open",
    "lift",
    "fall",
    "cover",
    "fewer",
    "away",
    "cloth",
    "thing",
    "animal",
    "capital",
    "mine",
    "given",
    "less",
    "plain",
)
"""The classes whose neighbourhood is a feature: what is removed, and from what."""

_NEAR: Final = 4
_PAIR_SCALE: Final = 0.7
_NGRAMS: Final = 4096
_LENGTHS: Final = (2, 3, 4, 5)
_LONGEST: Final = 240
_STEP: Final = 180
_EDGE: Final = 4
_MOST: Final = 16
_SPACE: Final = re.compile(r"\s")
_UNSPACED: Final = re.compile("[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_MEANING_SCALE: Final = 5.6  # an embedding of length 1 gets parts of about a quarter each
_LETTERS_SCALE: Final = 4.0


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a prompt that is judged by itself.

    Attributes:
        start: its first character in the prompt.
        text: what stands there.
        rules: for each of `CATEGORIES` the highest score that the rules found in it.
    """

    start: int
    text: str
    rules: tuple[float, ...]

    @property
    def end(self) -> int:
        """One past its last character."""
        return self.start + len(self.text)


def windows(text: str, found: Sequence[Finding]) -> list[Window]:
    """The parts of `text` to judge: one if it is short; at most 16, however long it is.

    Of a long text these are the first and the last few parts, and those in which the rules found
    anything, however weak.
    """
    cuts = list(_cuts(text))
    if len(cuts) > _MOST:
        near = [cut for cut in cuts[_EDGE:-_EDGE] if any(_touches(one, *cut) for one in found)]
        cuts = [*cuts[:_EDGE], *near[: _MOST - 2 * _EDGE], *cuts[-_EDGE:]]
    return [Window(start, text[start:end], _scores(found, start, end)) for start, end in cuts]


def width() -> int:
    """How many features there are."""
    return SentenceEncoder.size + len(_classes()) + len(_pairs()) // 2 + len(CATEGORIES) + _NGRAMS


def features(
    parts: Sequence[Window], encoder: SentenceEncoder, whole: Prompt | None = None
) -> NDArray[np.float32]:
    """One row for each window, `width()` numbers wide. `parts` must not be empty.

    Where the only window is all of a prompt, `whole` is that prompt: it may have been read already.

    Raises:
        ModelError: the encoder cannot be run.
    """
    views = [view_of(whole)] if whole and len(parts) == 1 else [view(part.text) for part in parts]
    plain = [undisguised(one.text, one.tokens) for one in views]
    meaning = encoder.encode([text or " " for text in plain]) * _MEANING_SCALE
    structure = np.array([_structure(one) for one in views], np.float32)
    rules = np.array([part.rules for part in parts], np.float32)
    letters = np.array([_letters(text) for text in plain], np.float32) * _LETTERS_SCALE
    return np.concatenate([meaning, structure, rules, letters], axis=1, dtype=np.float32)


def prepare(texts: Iterable[str], encoder: SentenceEncoder) -> None:
    """Embed those that are short enough to be one window together, ahead of their `features`.

    Raises:
        ModelError: the encoder cannot be run.
    """
    short = [text for text in texts if len(text) <= _LONGEST // 2]
    views = [view(text) for text in short]
    encoder.prepare([undisguised(one.text, one.tokens) or " " for one in views])


def _cuts(text: str) -> Iterator[tuple[int, int]]:
    """Spans of up to 240 characters, each beginning 180 or less after the one before.

    Half of that where it is written without spaces: there a character says as much as two.
    """
    longest, step = _LONGEST, _STEP
    if len(_UNSPACED.findall(text)) * 2 > len(text):
        longest, step = longest // 2, step // 2
    start = 0
    while len(text) - start > longest:
        yield start, start + longest
        space = _SPACE.search(text, start + step - step // 4, start + step)
        start = space.end() if space else start + step
    yield start, len(text)


def _touches(one: Finding, start: int, end: int) -> bool:
    span = (one.where or {}).get("span")
    return span is not None and span[0] < end and start < span[1]


def _scores(found: Iterable[Finding], start: int, end: int) -> tuple[float, ...]:
    near = [one for one in found if _touches(one, start, end)]
    return tuple(
        max((one.score for one in near if one.category == category), default=0.0)
        for category in CATEGORIES
    )


@cache
def _classes() -> tuple[str, ...]:
    """The classes of words that most languages have, in order of their names."""
    found: dict[str, int] = {}
    for language in _prompt_lexicon.built_in().languages:
        for name in language.source.words:
            found[name] = found.get(name, 0) + 1
    most = len(_prompt_lexicon.built_in().languages) * 2 // 3
    return tuple(sorted(name for name, count in found.items() if count >= most))


@cache
def _pairs() -> dict[tuple[str, str], int]:
    """Every two letters of telling classes, in either order, and the place of the pair."""
    letter = _prompt_lexicon.built_in().classes.letter
    found: dict[tuple[str, str], int] = {}
    for place, (one, other) in enumerate(combinations(map(letter, _TELLING), 2)):
        found[one, other] = found[other, one] = place
    return found


def _structure(seen: View) -> list[float]:
    """Which classes occur, and which near each other, in the likeliest language or languages."""
    most = max((sense.common for sense in seen.senses), default=0)
    mask, near = 0, np.zeros(len(_pairs()) // 2, np.float32)
    for sense in seen.senses:
        if sense.common == most:
            mask |= sense.mask
            near[list(_neighbours(sense.cells.text))] = _PAIR_SCALE
    bit = _prompt_lexicon.built_in().classes.bit
    return [*(1.0 if mask & bit(name) else 0.0 for name in _classes()), *near]


def _neighbours(cells: str) -> Iterator[int]:
    """The places of the pairs of classes that stand at most four words apart in one clause."""
    pairs, stop = _pairs(), _prompt_lexicon.built_in().classes.letter("stop")
    before: deque[str] = deque(maxlen=_NEAR)
    for cell in cells.split(SEPARATOR)[1:]:
        if stop in cell:
            before.clear()
            continue
        for one in cell:
            for earlier in (*before, cell):
                yield from (pairs[one, other] for other in earlier if (one, other) in pairs)
        before.append(cell)


def _letters(text: str) -> NDArray[np.float32]:
    """Runs of two to five letters, hashed; damped by the square root, of length 1 or 0."""
    counts = np.zeros(_NGRAMS, np.float32)
    padded = f" {text} "
    for length in _LENGTHS:
        places = [
            crc32(padded[place : place + length].encode("utf-8", "replace")) % _NGRAMS
            for place in range(len(padded) - length + 1)
        ]
        np.add.at(counts, places, 1.0)
    damped = np.sqrt(counts)
    return np.asarray(damped / max(float(np.linalg.norm(damped)), 1e-9), np.float32)
