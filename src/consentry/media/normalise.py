"""Normalising a prompt: undo what hides words from a reader of rules, and remember where they were.

`normalise` folds each character (compatibility forms, case, accents, invisible characters, emoji
that stand for words), then letters of other scripts inside Latin words. The result is `text`, and
every character of it maps back to a span of the original.

What cannot be undone without guessing stays as it is in `text` and is offered as a `Disguise`:
digits and signs for letters, letters spaced or dotted apart, letters repeated, a whole word in
look-alikes. Whoever knows a vocabulary picks the reading that is a word. All of it takes time that
grows in proportion to the text, whatever the text is.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from unicodedata import normalize

from consentry.media import _disguises
from consentry.media._disguises import Disguise, Piece, spellings
from consentry.media._folding import fold_character, is_invisible, tables

__all__ = ["Disguise", "Normalised", "Word", "fold", "normalise"]

_MARKS: Final = "\u0900-\u0963\u0966-\u0dff\u0e31\u0e34-\u0e4e\u3099\u309a"
_UNSPACED: Final = (
    "\u3005\u3007\u3041-\u3096\u30a0-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uac00-\ud7a3\U00020000-\U0003ffff"
)
_WORDS: Final = re.compile(
    rf"[{_UNSPACED}]+"
    rf"|(?:[^\W_{_UNSPACED}{_MARKS}]|[{_MARKS}])++(?:'s\b)?"
    "|(?P<stop>[.!?;\n…。\u0964\u0965؟؛])|(?P<comma>[,:،、()])"
)
_UNUSUAL: Final = re.compile(r"[^\t\n\r\x20-\x7e]")
_COMPOSES: Final = re.compile(
    "[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?|[\uac00-\ud7a3][\u11a8-\u11c2]"
    "|[\u3040-\u30ff][\u3099\u309a]"
)
_LETTER_RUN: Final = re.compile(r"[^\W\d_]+")
_MOST_FOLDS: Final = 16_384
_LATIN_END: Final = "\u0370"
_MIXED: Final = re.compile(  # a letter of Latin with a letter of something else beside it
    r"[A-Za-z\u00aa-\u036f](?<=[^\W\d_])(?:(?=[^\W\d_\0-\u036f])|(?<=[^\W\d_\0-\u036f].))"
)


class _Folds(dict[int, str]):
    """What each character becomes, for `str.translate`; worked out when it is first asked for."""

    def __missing__(self, point: int) -> str:
        character = chr(point)
        unusual = _UNUSUAL.match(character) is not None
        folded = fold_character(character) if unusual else character.lower()
        if len(self) < _MOST_FOLDS:
            self[point] = folded
        return folded


_FOLDS: Final = _Folds()


class Word(NamedTuple):
    """One word, or a piece of writing without spaces, or `.` or `,` for a break between clauses.

    Attributes:
        text: folded, without a trailing 's.
        start: its first character in the normalised text.
        end: one past its last.
    """

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Normalised:
    """A text without its disguises.

    Attributes:
        text: the folded text.
        words: its words and clause breaks in order.
        disguises: other readings of some of the words, in order of their first word.
        starts: for each character of `text`, where it starts in the original; empty when the
            two correspond one to one.
        ends: the same for where it ends.
    """

    text: str
    words: Sequence[Word]
    disguises: Sequence[Disguise]
    starts: Sequence[int] = field(default=(), repr=False)
    ends: Sequence[int] = field(default=(), repr=False)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span [start, end) of the original that `text[start:end]` came from.

        Raises:
            ValueError: the span is empty or not inside the text.
        """
        if not 0 <= start < end <= len(self.text):
            raise ValueError(f"no span of {len(self.text)} characters: [{start}, {end})")
        if not self.starts:
            return start, end
        return self.starts[start], self.ends[end - 1]

    @property
    def readings(self) -> tuple[str, ...]:
        """The text as it stands and, where there are disguises, with the likeliest ones undone.

        One to three texts, without repetition. For readers that have no vocabulary.
        """
        found = [self.text]
        if self.disguises:
            found += [self._undisguised(0), self._undisguised(1)]
        return tuple(dict.fromkeys(found))

    def _undisguised(self, choice: int) -> str:
        pieces, done = [], 0
        for disguise in self.disguises:
            if disguise.start >= done:
                reading = disguise.readings[min(choice, len(disguise.readings) - 1)]
                pieces += [self.text[done : disguise.start], reading]
                done = disguise.end
        return "".join([*pieces, self.text[done:]])


def normalise(text: str) -> Normalised:
    """Fold `text` and find what may be disguised in it. Any string will do; nothing is raised."""
    folded = _Folded(text)
    words = list(_words(folded.text))
    known = [*folded.mixed, *_with_invisible(words, folded.hidden)]
    found = _disguises.find(folded.text, words, known)
    return Normalised(folded.text, words, found, folded.starts, folded.ends)


def fold(text: str) -> str:
    """The folded text alone: what `normalise(text).text` is, but several times faster."""
    if _UNUSUAL.search(text) is None:
        return text.lower()
    folded = text.translate(_FOLDS)
    if folded.isascii():
        return folded
    return _unmixed(_COMPOSES.sub(lambda one: normalize("NFC", one.group()), folded))[0]


class _Folded:
    """The folded text with its offsets, and where invisible and look-alike characters were."""

    def __init__(self, text: str) -> None:
        self.hidden: list[int] = []
        self.mixed: list[Piece] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        if _UNUSUAL.search(text) is None:
            self.text = text.lower()
            return
        self.text = self._fold(text)
        if _COMPOSES.search(self.text):
            self._compose()
        self.text, self.mixed = _unmixed(self.text)

    def _fold(self, text: str) -> str:
        pieces: list[str] = []
        done = 0
        for unusual in _UNUSUAL.finditer(text):
            place = unusual.start()
            if place > done:
                self._keep(pieces, text, done, place)
            self._change(pieces, unusual.group(), place)
            done = place + 1
        self._keep(pieces, text, done, len(text))
        return "".join(pieces)

    def _keep(self, pieces: list[str], text: str, start: int, end: int) -> None:
        pieces.append(text[start:end].lower())
        self.starts.extend(range(start, end))
        self.ends.extend(range(start + 1, end + 1))

    def _change(self, pieces: list[str], character: str, place: int) -> None:
        folded = fold_character(character)
        if folded:
            pieces.append(folded)
            self.starts.extend([place] * len(folded))
            self.ends.extend([place + 1] * len(folded))
        elif is_invisible(character) and character != "\u00ad":  # a soft hyphen is no trick
            self.hidden.append(len(self.starts))

    def _compose(self) -> None:
        """Join what only becomes a character together: Hangul jamo, kana and their voicing."""
        pieces: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        done = 0
        for match in _COMPOSES.finditer(self.text):
            start, end = match.span()
            whole = normalize("NFC", match.group())
            pieces += [self.text[done:start], whole]
            starts += self.starts[done:start] + [self.starts[start]] * len(whole)
            ends += self.ends[done:start] + [self.ends[end - 1]] * len(whole)
            done = end
        self.text = "".join([*pieces, self.text[done:]])
        self.starts = starts + self.starts[done:]
        self.ends = ends + self.ends[done:]
        self.hidden = []  # their places have moved; nobody hides things in single jamo


def _unmixed(text: str) -> tuple[str, list[Piece]]:
    """`text` with look-alikes folded inside words that are otherwise of one script; and where."""
    found: list[Piece] = []
    if text.isascii() or _MIXED.search(text) is None:
        return text, found
    pieces: list[str] = []
    done = 0
    for run in _LETTER_RUN.finditer(text):
        readings = () if run.group().isascii() else _one_script(run.group())
        if readings:
            pieces += [text[done : run.start()], readings[0]]
            done = run.end()
            found.append(Piece(*run.span(), "confusable", readings))
    return "".join([*pieces, text[done:]]), found


def _one_script(word: str) -> tuple[str, ...]:
    """`word` in one script, likeliest first, if it mixes letters that look alike."""
    latin = {letter for letter in word if letter < _LATIN_END}
    others = set(word) - latin
    if not latin or not others:
        return ()
    table = tables()
    found: list[str] = []
    if others <= table.confusable.keys():
        found = spellings([table.confusable.get(letter, letter) for letter in word])
    if latin <= table.cyrillic.keys() and all("\u0400" <= letter < "\u0530" for letter in others):
        found = [*found[:7], "".join(table.cyrillic.get(letter, letter) for letter in word)]
    return tuple(found)


def _words(text: str) -> Iterator[Word]:
    for match in _WORDS.finditer(text):
        kind = match.lastgroup
        start, end = match.span()
        if kind is None:
            found = match.group()
            yield Word(found.removesuffix("'s"), start, end)
        else:
            yield Word("." if kind == "stop" else ",", start, end)


def _with_invisible(words: Sequence[Word], places: Sequence[int]) -> Iterator[Piece]:
    """The words that had something invisible inside: they are shown plainly now."""
    begins = [word.start for word in words] if places else []
    done = -1
    for place in places:
        index = bisect_left(begins, place) - 1
        if index > done and place < words[index].end:
            done = index  # once for a word, however much was hidden in it
            word = words[index]
            yield Piece(word.start, word.end, "invisible", (word.text,))
