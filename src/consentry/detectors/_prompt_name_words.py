"""Names in scripts that put spaces between words: Latin, Cyrillic, Arabic, Devanagari, Hangul."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from consentry.detectors._prompt_lexicon import Lexicon
from consentry.detectors._prompt_name_lists import lists

__all__ = ["Hit", "Line", "Word", "by_words"]

_SURE, _LIKELY, _SOME, _EVEN = 0.9, 0.75, 0.6, 0.5
_STYLED: Final = 0.6
_FEW: Final = 4
_ENDS: Final = ("ing", "ed", "'s")
_ARABIC_PREFIX: Final = "وبلفك"
_GIVEN_SYLLABLES: Final = 3


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a prompt: folded, where it stands, and whether it was written with a capital."""

    text: str
    start: int
    end: int
    upper: bool
    first: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """A name that may be there: its place in the normalised text, how likely, on what evidence."""

    start: int
    end: int
    score: float
    evidence: str


@dataclass(frozen=True, slots=True)
class Line:
    """The words of a prompt.

    Attributes:
        words: in order, without clause breaks.
        lexicon: of the rules: what it knows is a word and no name.
        styled: most words have capitals, so these say nothing.
    """

    words: Sequence[Word]
    lexicon: Lexicon
    styled: bool

    @classmethod
    def of(cls, words: Sequence[Word], lexicon: Lexicon) -> Line:
        """Look at how it is written."""
        upper = sum(word.upper for word in words)
        return cls(words, lexicon, len(words) >= _FEW and upper > _STYLED * len(words))

    def after(self, place: int) -> Word | None:
        """The next word, if there is one."""
        return self.words[place + 1] if place + 1 < len(self.words) else None


def by_words(line: Line) -> Iterator[Hit]:
    """Every name that may be there."""
    for place, word in enumerate(line.words):
        look = _LOOKS.get(_script(word.text[0]))
        if look is not None:
            hit = look(line, place, word)
            if hit is not None:
                yield hit


def _script(character: str) -> str:
    for first, last, name in (
        ("a", "\u036f", "latin"),
        ("\u0400", "\u052f", "cyrillic"),
        ("\u0600", "\u06ff", "arabic"),
        ("\u0900", "\u097f", "devanagari"),
        ("\uac00", "\ud7a3", "hangul"),
    ):
        if first <= character <= last:
            return name
    return ""


def _hit(word: Word, last: Word | None, score: float, evidence: str) -> Hit:
    return Hit(word.start, (last or word).end, score, evidence)


def _latin(line: Line, place: int, word: Word) -> Hit | None:  # noqa: PLR0911  one for each kind of evidence
    known = lists("latin")
    capital = word.upper and not line.styled
    given = word.text in known["given"] or (capital and word.text in known["either"])
    if not given:
        if word.text in known["famous"]:
            return _hit(word, None, _SOME, "family name")
        if word.text in known["either"]:
            return _pair(line, place, word)
        return _two_capitals(line, place, word)
    following = _next_of_name(line, place)
    if following is not None and following.text in _family_or_given():
        return _hit(word, following, _SURE, "given and family name")
    if following is not None and following.upper and not line.styled:
        return _hit(word, following, _LIKELY, "given name and a capital")
    if following is not None and word.text in known["given"] and _unknown(line, following):
        return _hit(word, following, _SOME, "given name and an unknown word")
    if capital and not word.first:
        return _hit(word, None, _EVEN, "given name")
    return None


def _two_capitals(line: Line, place: int, word: Word) -> Hit | None:
    """Two words with capitals that no list has, and nothing that says it is a place."""
    following = line.after(place)
    if line.styled or not word.upper or following is None or not following.upper:
        return None
    around = line.words[max(0, place - 1) : place + 4]
    places = lists("latin")["places"]
    apart = following.start != word.end + 1 or not _unknown(line, following)
    if apart or line.lexicon.knows(word.text):
        return None
    named = not any(one.text in places for one in around if one.upper)
    return _hit(word, following, _EVEN, "two capitals") if named else None


@cache
def _family_or_given() -> frozenset[str]:
    known = lists("latin")
    return known["given"] | known["family"] | known["famous"]


def _pair(line: Line, place: int, word: Word) -> Hit | None:
    """A given name that is a word too, in small letters before a family name."""
    following = _next_of_name(line, place)
    if following is not None and following.text in lists("latin")["family"]:
        return _hit(word, following, _SOME, "given and family name")
    return None


def _next_of_name(line: Line, place: int) -> Word | None:
    """The word after a given name, past initials and particles."""
    for word in line.words[place + 1 : place + 4]:
        if len(word.text) == 1 and not word.upper:
            return None
        if len(word.text) > 1 and word.text not in lists("latin")["particles"]:
            return word
    return None


def _unknown(line: Line, word: Word) -> bool:
    plain = word.text in lists("latin")["plain"] or word.text.endswith(_ENDS)
    return word.text.isalpha() and not plain and not line.lexicon.knows(word.text)


def _cyrillic(line: Line, place: int, word: Word) -> Hit | None:  # noqa: PLR0911  the same
    known, following = lists("cyrillic"), line.after(place)
    capital = word.upper and not line.styled
    if word.text in known["given"]:
        if following is not None and (
            (following.upper and not line.styled) or _family_like(following.text)
        ):
            return _hit(word, following, _SURE, "given and family name")
        return _hit(word, None, _EVEN, "given name") if capital and not word.first else None
    if following is not None and following.upper and not line.styled:
        if word.text in known["titles"]:
            return _hit(word, following, _LIKELY, "title and a capital")
        if capital and _family_like(following.text):
            return _hit(word, following, _LIKELY, "two capitals, the second like a family name")
        if capital and not any(map(line.lexicon.knows, (word.text, following.text))):
            return _hit(word, following, _EVEN, "two capitals")
    unknown = len(word.text) > _FEW and not line.lexicon.knows(word.text)
    if following is not None and unknown and _declined_family(following.text, line):
        return _hit(word, following, _EVEN, "like a family name")
    if capital and not word.first and _family_like(word.text):
        return _hit(word, None, _SOME, "like a family name")
    return _hit(word, None, _SOME, "family name") if word.text in known["family"] else None


def _declined_family(text: str, line: Line) -> bool:
    endings = ("ова", "овой", "ову", "евой", "ева", "еву", "енко")
    return (
        len(text) > 2 * _GIVEN_SYLLABLES and text.endswith(endings) and not line.lexicon.knows(text)
    )


def _family_like(text: str) -> bool:
    known = lists("cyrillic")
    return text in known["family"] or (len(text) > _FEW and text.endswith(tuple(known["endings"])))


def _arabic(line: Line, place: int, word: Word) -> Hit | None:  # noqa: PLR0911  the same
    known, following = lists("arabic"), line.after(place)
    text = word.text
    if text not in known["given"] and text[0] in _ARABIC_PREFIX:
        text = text[1:]
    if following is None:
        lone = text in known["family"] and not text.startswith("ال")
        return _hit(word, None, _LIKELY, "family name") if lone else None
    if text in known["given"]:
        if following.text in known["given"] | known["family"] | known["joiners"]:
            return _hit(word, following, _SURE, "given and family name")
        unknown = not line.lexicon.knows(following.text) and following.text[0] not in "بع"
        if unknown and text not in known["either"]:
            return _hit(word, following, _SOME, "given name and an unknown word")
    if text in known["titles"] and following.text in known["given"] - known["either"]:
        return _hit(word, following, _LIKELY, "title and given name")
    if _nisba(line, word, following) and (
        place == 0 or line.words[place - 1].text in known["pictures"]
    ):
        return _hit(word, following, _EVEN, "a word and a name of origin")
    if text in known["family"] and not text.startswith("ال"):
        return _hit(word, None, _LIKELY, "family name")
    return None


def _nisba(line: Line, word: Word, following: Word) -> bool:
    """Whether `following` is a name of origin (`al-...i`) after a word that is nobody's."""
    text = following.text
    origin = text.startswith("ال") and text.endswith("ي") and len(text) > _FEW
    plain = word.text.startswith("ال") or line.lexicon.knows(word.text)
    return origin and not plain and not line.lexicon.knows(text)


def _devanagari(line: Line, place: int, word: Word) -> Hit | None:  # noqa: PLR0911  the same
    known, following = lists("devanagari"), line.after(place)
    if following is None:
        return None
    named = following.text in known["family"]
    if word.text in known["given"] and named:
        return _hit(word, following, _SURE, "given and family name")
    if word.text in known["given"] and following.text in known["after"]:
        return _hit(word, following, _LIKELY, "given name and a title")
    if word.text in known["titles"] and following.text in known["given"]:
        return _hit(word, following, _LIKELY, "title and given name")
    if named and not line.lexicon.knows(word.text):
        return _hit(word, following, _SOME, "family name")
    if word.text in known["given"] and not line.lexicon.knows(following.text):
        return _hit(word, following, _EVEN, "given name and an unknown word")
    return _of_a_picture(line, place, word)


def _of_a_picture(line: Line, place: int, word: Word) -> Hit | None:
    """Two words at the start that nobody knows, and then "picture of": `X Y ki tasveer`."""
    known, rest = lists("devanagari"), [one.text for one in line.words[place + 1 : place + 4]]
    if place or len(rest) < _GIVEN_SYLLABLES or any(map(line.lexicon.knows, (word.text, rest[0]))):
        return None
    if rest[1] in known["of"] and rest[2] in known["pictures"]:
        return _hit(word, line.words[place + 1], _SOME, "picture of somebody")
    return None


def _hangul(line: Line, place: int, word: Word) -> Hit | None:
    known, following = lists("hangul"), line.after(place)
    bare = _bare(word.text)
    titled = following is not None and _bare(following.text) in known["honorifics"]
    for text in (bare, word.text):
        if text in known["known"]:
            return _hit(word, None, _SURE, "known name")
        if _looks_korean(text) and not line.lexicon.knows(text):
            return _hit(word, None, _LIKELY if titled else _SOME, "family and given name")
        if text[:2] in known["double"] and len(text) == _FEW:
            return _hit(word, None, _LIKELY, "family and given name")
        pictured = following is not None and following.text.startswith(tuple(known["pictures"]))
        if pictured and _could_be_korean(text) and not line.lexicon.knows(text):
            return _hit(word, None, _EVEN, "picture of somebody")
        for honorific in known["honorifics"]:
            if text.endswith(honorific) and _looks_korean(text[: -len(honorific)]):
                return _hit(word, None, _LIKELY, "name and honorific")
    return None


def _bare(text: str) -> str:
    """Without the longest particle at its end."""
    for particle in sorted(lists("hangul")["particles"], key=len, reverse=True):
        if text.endswith(particle) and len(text) - len(particle) >= _GIVEN_SYLLABLES:
            return text[: -len(particle)]
    return text


def _could_be_korean(text: str) -> bool:
    (family,) = lists("hangul")["family"]
    never = text in lists("hangul")["never"] or text.endswith("의")
    return len(text) == _GIVEN_SYLLABLES and text[0] in family and not never


def _looks_korean(text: str) -> bool:
    (family,), (given,) = lists("hangul")["family"], lists("hangul")["given"]
    return (
        len(text) == _GIVEN_SYLLABLES
        and text[0] in family
        and text[1] in given
        and text[2] in given
        and text not in lists("hangul")["never"]
    )


_LOOKS: Final[dict[str, Callable[[Line, int, Word], Hit | None]]] = {
    "latin": _latin,
    "cyrillic": _cyrillic,
    "arabic": _arabic,
    "devanagari": _devanagari,
    "hangul": _hangul,
}
