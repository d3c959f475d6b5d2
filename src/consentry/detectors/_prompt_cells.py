"""From tokens to cells: what each word of a prompt is, in each language that knows some of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple, TypeAlias

from consentry.detectors._prompt_lexicon import Bits, Language, Lexicon
from consentry.detectors._prompt_patterns import SEPARATOR
from consentry.detectors._prompt_reading import Token

__all__ = ["Cells", "Sense", "senses"]

_UNSPACED: Final = re.compile("[\u3005\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_ADULT: Final = 18
_LONGEST_NUMBER: Final = 3

_Hits: TypeAlias = dict[int, tuple[int, int]]  # place of a token: its mask, and how many words
_Piece: TypeAlias = tuple[Token, int]  # a token and its mask


class Cells(NamedTuple):
    """The cells of one text in one language.

    Attributes:
        text: one cell after the other.
        tokens: the token of each cell.
    """

    text: str
    tokens: Sequence[Token]

    def between(self, start: int, end: int) -> Sequence[Token]:
        """The tokens whose cells are in `text[start:end]`."""
        first = self.text.count(SEPARATOR, 0, start)
        return self.tokens[first : first + self.text.count(SEPARATOR, start, end)]


@dataclass(slots=True)
class Sense:
    """What one language makes of a text.

    Attributes:
        language: the language.
        mask: every class that occurs.
        common: how many of the language's common words occur.
    """

    language: Language
    mask: int
    common: int
    _make: Callable[[], Cells]
    _cells: Cells | None = None

    @property
    def cells(self) -> Cells:
        """The text's cells, made when they are first needed: for most texts they never are."""
        if self._cells is None:
            self._cells = self._make()
        return self._cells


def senses(tokens: Sequence[Token], capitals: Collection[int], lexicon: Lexicon) -> Iterator[Sense]:
    """What each language makes of the text, for those in which some rule could match.

    `capitals` are the places of tokens that are written with a capital inside a sentence.
    """
    words = [token.text for token in tokens]
    hits: dict[int, _Hits] = {}
    for place in range(len(words)):
        for index, hit in lexicon.find(words, place).items():
            hits.setdefault(index, {})[place] = hit
    unspaced = frozenset(place for place, word in enumerate(words) if _UNSPACED.match(word))
    for index, language in enumerate(lexicon.languages):
        if index in hits or (unspaced and language.segments):
            text = _Text(tokens, capitals, unspaced, hits.get(index, {}))
            sense = text.sense(language, lexicon)
            if sense is not None:
                yield sense


@dataclass(slots=True)
class _Text:
    tokens: Sequence[Token]
    capitals: Collection[int]
    unspaced: Collection[int]
    hits: _Hits

    def sense(self, language: Language, lexicon: Lexicon) -> Sense | None:
        """What `language` makes of it, unless none of its rules could match."""
        bits = lexicon.bits
        pieces = {
            place: _segments(self.tokens[place], language)
            for place in (self.unspaced if language.segments else ())
        }
        masks = [mask for mask, _ in self.hits.values()]
        masks += [mask for piece in pieces.values() for _, mask in piece]
        everything = bits.anywhere
        for mask in masks:
            everything |= mask
        if not everything & language.anchor_mask:
            return None
        if not any(mask & ~bits.common and not mask & bits.shared for mask in masks):
            return None
        common = sum(1 for mask in masks if mask & bits.common)
        return Sense(language, everything, common, partial(self._cells, language, lexicon, pieces))

    def _cells(
        self, language: Language, lexicon: Lexicon, pieces: dict[int, list[_Piece]]
    ) -> Cells:
        row = list(self._row(language, lexicon, pieces))
        text = "".join([lexicon.classes.cell(mask) for _, mask in row])
        return Cells(text, [token for token, _ in row])

    def _row(
        self, language: Language, lexicon: Lexicon, pieces: dict[int, list[_Piece]]
    ) -> Iterator[_Piece]:
        rest = 0
        for place, token in enumerate(self.tokens):
            mask, length = self.hits.get(place, (0, 1))
            if rest:
                rest -= 1
                yield token, lexicon.bits.rest
            elif place in pieces:
                for piece, known in pieces[place]:
                    yield piece, known or lexicon.bits.other
            else:
                rest = length - 1
                capital = place in self.capitals and language.source.capitals
                yield token, mask or _built_in(token.text, lexicon.bits, capital=capital)


def _built_in(word: str, bits: Bits, *, capital: bool) -> int:
    """The class of a word that no list has."""
    if word == ".":
        return bits.stop
    if word == ",":
        return bits.comma
    if word.isdecimal():
        young = len(word) < _LONGEST_NUMBER and int(word) < _ADULT
        return bits.under18 if young else bits.number
    return bits.other | bits.capital if capital else bits.other


def _segments(token: Token, language: Language) -> list[_Piece]:
    """`token` cut into the longest pieces that are known; what lies between stays in one piece."""
    found: list[_Piece] = []
    text, place, unknown = token.text, 0, 0
    while place < len(text):
        for length in range(min(language.longest, len(text) - place), 0, -1):
            mask = language.segments.get(text[place : place + length])
            if mask is not None:
                if unknown < place:
                    found.append((_part(token, unknown, place), 0))
                found.append((_part(token, place, place + length), mask))
                place += length
                unknown = place
                break
        else:
            place += 1
    if unknown < place:
        found.append((_part(token, unknown, place), 0))
    return found


def _part(token: Token, start: int, end: int) -> Token:
    if token.disguise is not None:  # its characters lie apart: keep the whole place
        return Token(token.text[start:end], token.start, token.end, token.disguise)
    return Token(token.text[start:end], token.start + start, token.start + end)
