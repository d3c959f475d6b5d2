"""Reading a prompt with the vocabulary: disguises undone, words run together taken apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import inf
from typing import Final, NamedTuple

from consentry.detectors._prompt_lexicon import BEGINNING, Lexicon
from consentry.media.normalise import Disguise, Normalised

__all__ = ["Token", "read", "undisguised", "unglue"]

_DIGITS_FIRST: Final = re.compile(r"(\d{1,3})([^\W\d_]+)")
_UNSPACED: Final = re.compile("[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3]+")
_SHORTEST_JOINED: Final = 5
_SHORTEST_GLUED: Final = 8
_LONGEST_PIECE: Final = 14
_SHORTEST_KEY: Final = 4
_SHORTEST_PART: Final = 2
_UNKNOWN: Final = 1.5
_MOSTLY: Final = 0.7
_LONGEST_ENDING: Final = 6
_ENDING: Final = 0.4
_SHORTEST_STEM: Final = 4


class Token(NamedTuple):
    """One word as it was understood.

    Attributes:
        text: the word, undisguised; `.` or `,` between clauses.
        start: its first character in the normalised text.
        end: one past its last.
        disguise: the kind of disguise that had to be undone to read it, or None.
    """

    text: str
    start: int
    end: int
    disguise: str | None = None


def read(subject: Normalised, lexicon: Lexicon) -> list[Token]:
    """The words of `subject`, each disguise undone where that gives a word that is known."""
    found: list[Token] = []
    pending = list(reversed(subject.disguises))
    place = 0
    while place < len(subject.words):
        taken: list[Token] = []
        last = place + 1
        while pending and pending[-1].first <= place:
            disguise = pending.pop()
            if disguise.first == place and not taken:
                taken = _undo(disguise, subject, lexicon)
                last = disguise.last if taken else last
        found += taken or _plain(Token(*subject.words[place]), lexicon)
        place = last
    return _join(found, lexicon)


def undisguised(subject: Normalised, tokens: Sequence[Token]) -> str:
    """The text with its disguises undone: as `tokens` were read, or else as is likeliest.

    For readers without a vocabulary: letters that were set apart become words with spaces between.
    """
    read_as: dict[tuple[int, int], list[str]] = {}
    for token in tokens:
        if token.disguise is not None:
            read_as.setdefault((token.start, token.end), []).append(token.text)
    pieces, done = [], 0
    for disguise in subject.disguises:
        if disguise.start >= done:
            known = read_as.get((disguise.start, disguise.end))
            pieces += [subject.text[done : disguise.start]]
            pieces += [" ".join(known) if known else disguise.readings[0]]
            done = disguise.end
    return "".join([*pieces, subject.text[done:]])


def unglue(text: str, lexicon: Lexicon) -> list[str]:
    """The words of one language that `text` consists of, at least one of them telling; or nothing.

    Takes time in proportion to the length of `text`.
    """
    before: dict[int, int] = {0: 0}
    for end in range(2, len(text) + 1):
        for start in range(max(0, end - _LONGEST_PIECE), end - 1):
            if start in before and text[start:end] in lexicon.entries:
                before[end] = start
                break
    parts: list[str] = []
    end = len(text) if len(text) in before else 0
    while end > 0:
        parts.append(text[before[end] : end])
        end = before[end]
    telling = any(len(part) >= _SHORTEST_KEY and lexicon.is_key(part) for part in parts)
    languages = [set(lexicon.entries[part].hits) for part in parts]
    return parts[::-1] if telling and len(parts) > 1 and set.intersection(*languages) else []


def _undo(disguise: Disguise, subject: Normalised, lexicon: Lexicon) -> list[Token]:
    place = (disguise.start, disguise.end, disguise.kind)
    if disguise.kind == "leet":
        aged = list(_plain(Token(*subject.words[disguise.first]), lexicon))
        if len(aged) > 1 and lexicon.knows(aged[-1].text):
            return aged
    readings = disguise.readings
    if disguise.kind == "repeated":  # where both are words, `topless` says more than `toples`
        readings = tuple(sorted(readings, key=len, reverse=True))
    for reading in readings:
        if _is_one(reading, disguise.kind, lexicon):
            return [Token(reading, *place)]
        parts = unglue(reading, lexicon) if len(reading) >= _SHORTEST_GLUED else []
        if not parts and disguise.kind == "spaced" and len(reading) >= _SHORTEST_GLUED:
            parts = _around(reading, lexicon)
        if parts:
            return [Token(part, *place) for part in parts]
    whole = readings[0] if disguise.kind == "spaced" and readings else ""
    return [Token(whole, *place)] if len(whole) >= _SHORTEST_KEY or lexicon.knows(whole) else []


def _is_one(reading: str, kind: str, lexicon: Lexicon) -> bool:
    """Whether `reading` is one word: letters set apart that begin like a stem may be several."""
    if _UNSPACED.fullmatch(reading) is not None:
        return True
    exact = reading in lexicon.entries or reading in lexicon.stems
    return exact or (kind != "spaced" and lexicon.knows(reading))


def _around(text: str, lexicon: Lexicon) -> list[str]:
    """The words of `text` with what lies between them, if one is telling or most are known.

    For letters set apart, where the breaks between words are lost and not every word is known.
    """
    starts = _cheapest(text, lexicon)
    parts: list[str] = []
    end, unknown = len(text), len(text)
    while end > 0:
        start = starts[end]
        if end - start > 1:
            parts += [part for part in (text[end:unknown], text[start:end]) if part]
            unknown = start
        end = start
    parts += [text[:unknown]] if unknown else []
    telling = any(len(part) >= _SHORTEST_KEY and lexicon.is_key(part) for part in parts)
    letters = sum(len(part) for part in parts if lexicon.knows(part))
    return parts[::-1] if telling or letters >= _MOSTLY * len(text) else []


def _cheapest(text: str, lexicon: Lexicon) -> list[int]:
    """Where the last word starts in the cheapest reading of each beginning of `text`."""
    costs = [0.0, *[inf] * len(text)]
    starts = [0] * (len(text) + 1)
    for first in range(len(text)):
        for length, price in _prices(text, first, lexicon).items():
            if costs[first] + price < costs[first + length]:
                costs[first + length], starts[first + length] = costs[first] + price, first
        if costs[first] + _UNKNOWN <= costs[first + 1]:
            costs[first + 1], starts[first + 1] = costs[first] + _UNKNOWN, first
    return starts


def _prices(text: str, first: int, lexicon: Lexicon) -> dict[int, float]:
    """How many letters from `first` may be a word, and what that costs; 1 is a known word."""
    prices: dict[int, float] = {}
    for length in range(_SHORTEST_PART, min(_LONGEST_PIECE, len(text) - first) + 1):
        piece = text[first : first + length]
        if length == BEGINNING and piece not in lexicon.beginnings:
            break
        if piece in lexicon.stems:  # a longer stem comes later, and is cheaper for what follows
            longest = min(length + _LONGEST_ENDING, _LONGEST_PIECE, len(text) - first)
            if length >= _SHORTEST_STEM:
                prices |= {n: 1 + _ENDING * (n - length) for n in range(length + 1, longest + 1)}
            prices[length] = 1.0
        elif piece in lexicon.entries:
            prices[length] = 1.0
    return prices


def _plain(word: Token, lexicon: Lexicon) -> Iterator[Token]:
    text, start, end, _ = word
    aged = _DIGITS_FIRST.fullmatch(text) if text[0].isdecimal() else None
    if aged is not None:
        yield Token(aged[1], start, start + len(aged[1]))
        yield Token(aged[2], start + len(aged[1]), end)
    elif len(text) >= _SHORTEST_GLUED and not lexicon.knows(text):
        parts = unglue(text, lexicon)
        yield from (Token(part, start, end, "glued") for part in parts) if parts else (word,)
    else:
        yield word


def _join(found: Sequence[Token], lexicon: Lexicon) -> list[Token]:
    """Put together a telling word that was cut in two or three (`un dress`)."""
    joined: list[Token] = []
    place = 0
    while place < len(found):
        count = _cut_in(found, place, lexicon)
        group = found[place : place + count]
        if count == 1:
            joined += group
        else:
            text = "".join(token.text for token in group)
            joined.append(Token(text, group[0].start, group[-1].end, "split"))
        place += count
    return joined


def _cut_in(found: Sequence[Token], place: int, lexicon: Lexicon) -> int:
    """How many tokens a telling word at `place` was cut into: three, two, or one if it was not."""
    text = found[place].text
    for count in (2, 3):
        if place + count > len(found):
            break
        text += found[place + count - 1].text
        if text in lexicon.entries and len(text) >= _SHORTEST_JOINED and lexicon.is_key(text):
            parts = found[place : place + count]
            if not all(token.text in lexicon.entries for token in parts):
                return count
    return 1
