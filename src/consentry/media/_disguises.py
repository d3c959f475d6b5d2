"""Disguises: words that may read otherwise than they stand, each with its few likely readings."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple, Protocol

from consentry.media._folding import tables

__all__ = ["Disguise", "Piece", "find", "spellings"]

_MOST_READINGS: Final = 8
_LONGEST_CHUNK: Final = 64
_LONGEST_RUN: Final = 2
_SHORTEST_BESIDE: Final = 5
_SIGNS: Final = re.escape("0123456789@$!|+€£¢*#")
_LEET: Final = re.compile(
    rf"(?<![{_SIGNS}\w])(?=[{_SIGNS}]*+[a-z])(?=[a-z]*+[{_SIGNS}])[a-z{_SIGNS}]++(?!\w)"
)
_REPEATED: Final = re.compile(r"([^\W\d_])\1\1|(?:([^\W\d_])\2){3}")
_RUNS: Final = re.compile(r"(.)\1*", re.DOTALL)
_SPACED: Final = re.compile(
    rf"(?<![^\W_])(?:[^\W_]|[{_SIGNS}])(?:[\W_]{{1,5}}?(?:[^\W_]|[@$€£])(?![^\W_])){{2,}}"
)
_FOREIGN: Final = re.compile("(?<![a-z])[\u0370-\u058f\u13a0-\u13ff]+(?![a-z])")
_UNIT: Final = re.compile(r"[^\W_]|[@$€£]")


class Disguise(NamedTuple):
    """Some words that may be one other word.

    Attributes:
        first: index of the first word.
        last: one past the index of the last word.
        start: where it starts in the normalised text; a sign may stand before the first word.
        end: one past its last character.
        kind: `leet`, `repeated`, `spaced`, `confusable` or `invisible`.
        readings: what they may say, likeliest first; at most eight. For `invisible` and for
            `confusable` this can be the word as it stands in the normalised text.
    """

    first: int
    last: int
    start: int
    end: int
    kind: str
    readings: tuple[str, ...]


class Piece(NamedTuple):
    """A disguise before it is known which words it covers: [start, end) in the normalised text."""

    start: int
    end: int
    kind: str
    readings: tuple[str, ...]


class _Placed(Protocol):
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


def find(text: str, words: Sequence[_Placed], known: Sequence[Piece]) -> list[Disguise]:
    """The disguises in `text`, which is folded already, and the `known` ones; in order."""
    pieces = [*known, *_leet(text), *_repeated(text), *_spaced(text)]
    if not text.isascii():
        pieces += _look_alikes(text)
    if not pieces:
        return []
    begins = [word.start for word in words]
    ends = [word.end for word in words]
    found = []
    for piece in pieces:
        first = bisect_right(ends, piece.start)
        last = bisect_left(begins, piece.end)
        if first < last and piece.readings:
            found.append(Disguise(first, last, *piece))
    return sorted(found, key=lambda one: (one.first, -one.last))


def _leet(text: str) -> Iterator[Piece]:
    for match in _LEET.finditer(text):
        chunk = match.group().rstrip("!|+*#").lstrip("!|+*#")
        if len(chunk) > _LONGEST_CHUNK or chunk.isalpha():
            continue
        start = match.start() + match.group().index(chunk)
        yield Piece(start, start + len(chunk), "leet", _with_runs(_unleet(chunk)))


def _unleet(chunk: str) -> list[str]:
    """What `chunk` may say when its digits and signs are letters, or only trail behind it."""
    leet = tables().leet
    readings = spellings([leet.get(character, character) for character in chunk])
    bare = chunk.strip("0123456789@$!|+€£¢*#")
    return [*readings, bare] if bare.isalpha() and len(bare) > 1 else readings


def spellings(options: Sequence[Sequence[str]]) -> list[str]:
    """Every way to choose one of each of `options`, likeliest first, eight at most."""
    found = [""]
    for choices in options:
        few = choices if len(found) * len(choices) <= _MOST_READINGS else choices[:1]
        found = [spelling + choice for spelling in found for choice in few]
    return found


def _with_runs(readings: Sequence[str]) -> tuple[str, ...]:
    """Each reading, and those with long runs of a letter cut to two and to one."""
    found = dict.fromkeys(readings)
    for reading in readings:
        if _REPEATED.search(reading):
            found.update(dict.fromkeys(_shortened(reading)))
    return tuple(found)[:_MOST_READINGS]


def _shortened(word: str) -> list[str]:
    """`word` with each run of three or more cut to one or two, and with every run cut to one."""
    runs = [run.group() for run in _RUNS.finditer(word)]
    options = [(run[0], run[:2]) if len(run) > _LONGEST_RUN else (run,) for run in runs]
    return [*spellings(options), "".join(run[0] for run in runs)]


def _repeated(text: str) -> Iterator[Piece]:
    done = 0
    for match in _REPEATED.finditer(text):
        if match.start() < done:
            continue
        start, end = _around(text, match.start(), done)
        done = end
        if end - start <= _LONGEST_CHUNK:
            yield Piece(start, end, "repeated", _with_runs(_shortened(text[start:end])))


def _around(text: str, place: int, floor: int) -> tuple[int, int]:
    """The run of letters around `place`; it does not reach below `floor`."""
    start = end = place
    while start > floor and text[start - 1].isalpha():
        start -= 1
    while end < len(text) and text[end].isalpha():
        end += 1
    return start, end


def _spaced(text: str) -> Iterator[Piece]:
    for match in _SPACED.finditer(text):
        units = [(unit.start(), unit.group()) for unit in _UNIT.finditer(match.group())]
        gaps = [match.group()[a + 1 : b] for (a, _), (b, _) in pairwise(units)]
        usual = Counter(gaps).most_common(1)[0][0] if gaps else ""
        group = [units[0]] if units else []
        for gap, unit in zip([*gaps, None], [*units[1:], (0, "")], strict=True):
            if gap == usual:
                group.append(unit)
                continue
            if len(group) > 1:
                joined = "".join(letter for _, letter in group)
                start = match.start() + group[0][0]
                end = match.start() + group[-1][0] + 1
                yield Piece(start, end, "spaced", _with_runs(_unspaced(joined)))
            group = [unit]


def _unspaced(joined: str) -> list[str]:
    """What letters set apart may say; a word of one letter may stand before or after them."""
    parts = [joined[1:], joined[:-1]] if len(joined) >= _SHORTEST_BESIDE else []
    return [joined, *_unleet(joined), *parts]


def _look_alikes(text: str) -> Iterator[Piece]:
    """Words wholly in look-alikes of Latin letters, in a text that is otherwise mostly Latin."""
    looks = tables().confusable
    foreign = list(_FOREIGN.finditer(text))
    latin = sum("a" <= character <= "z" for character in text) if foreign else 0
    if latin * 2 < sum(map(str.isalpha, text)):
        return
    for word in foreign:
        if all(letter in looks for letter in word.group()):
            readings = spellings([looks[letter] for letter in word.group()])
            yield Piece(*word.span(), "confusable", tuple(readings))
