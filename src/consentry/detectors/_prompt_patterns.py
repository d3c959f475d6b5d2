"""The pattern language of the prompt rules: a line of data becomes one bounded regular expression.

A text is written as *cells*, one a word: `|` and one letter for each class that the word is of.
A pattern is a row of parts, separated by spaces:

    @garment            one word of this class          @person|body    of one of these classes
    @person^child       of the first, not of the second off|away        one of these very words
    @clothes|=it        a class, or this very word      it|@clothes     the same
    ?@det               perhaps one such word           ..3             up to three words
    ..3^prep            up to three, none of a class    !@part          not followed by such a word
    < and >             the clause starts, or ends, here

A gap never crosses the end of a clause. Classes that need no word list: `other` (a word that the
language file does not know), `capital` (an unknown word written with a capital), `under18` and
`number` (numbers), `comma`. Every gap is bounded, so a search takes linear time on any text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from consentry.errors import ConfigError

__all__ = ["BUILT_IN", "SEPARATOR", "Classes", "Pattern", "literals"]

SEPARATOR: Final = "|"
BUILT_IN: Final = (
    "stop",
    "rest",
    "comma",
    "other",
    "capital",
    "number",
    "under18",
    "common",
    "shared",
)
_FIRST_LETTER: Final = 0xE000
_PART: Final = re.compile(
    r"(?P<edge>[<>])|\.\.(?P<gap>\d{1,2})(?:\^(?P<never>[^\s^]+))?"
    r"|(?P<mode>[?!]?)(?P<kind>@?)(?P<some>[^\s^?!<>.]+)(?:\^(?P<but>[^\s^]+))?"
)
_MOST_GAP: Final = 12


class Classes:
    """The letters and bits that stand for classes; one table serves all languages."""

    def __init__(self) -> None:
        """Start with the built-in classes."""
        self._places: dict[str, int] = {}
        self._cells: dict[int, str] = {}
        for name in BUILT_IN:
            self.bit(name)

    def bit(self, name: str) -> int:
        """The bit of class `name`, made if it is new."""
        return 1 << self._places.setdefault(name, len(self._places))

    def letter(self, name: str) -> str:
        """The letter of class `name`."""
        if name not in self._places:
            raise ConfigError(f"A prompt rule names the class {name!r}, which no language has.")
        return chr(_FIRST_LETTER + self._places[name])

    def cell(self, mask: int) -> str:
        """The cell of a word that is of all classes in `mask`."""
        found = self._cells.get(mask)
        if found is None:
            letters = (chr(_FIRST_LETTER + place) for place in range(mask.bit_length()))
            found = SEPARATOR + "".join(
                letter for place, letter in enumerate(letters) if mask >> place & 1
            )
            self._cells[mask] = found
        return found

    def mask(self, names: str) -> int:
        """The bits of classes `a|b|c`."""
        return sum(self.bit(name) for name in names.split("|"))


@dataclass(slots=True)
class Pattern:
    """One pattern; its regular expression is compiled when it is first needed.

    Attributes:
        source: as it was written.
        needs: for each part that must be there, the mask of classes of which one must occur.
    """

    source: str
    needs: Sequence[int]
    _expression: str
    _compiled: re.Pattern[str] | None = None

    @classmethod
    def parse(cls, source: str, classes: Classes) -> Pattern:
        """Read one pattern.

        Raises:
            ConfigError: it is not of the form that this module describes.
        """
        needs: list[int] = []
        expression = "".join(_part(part, source, classes, needs) for part in source.split())
        return cls(source, tuple(needs), expression)

    def compile(self) -> re.Pattern[str]:
        """The regular expression over cells."""
        if self._compiled is None:
            self._compiled = re.compile(self._expression)
        return self._compiled

    def finditer(self, cells: str) -> Iterator[re.Match[str]]:
        """Every place in `cells` where it matches."""
        return self.compile().finditer(cells)

    def may_match(self, mask: int) -> bool:
        """Whether a text with the classes in `mask` has what every part needs."""
        return all(mask & need for need in self.needs)


def literals(source: str) -> list[str]:
    """The very words that the pattern `source` names."""
    names: list[str] = []
    for part in source.split():
        match = _PART.fullmatch(part)
        if match is not None:
            listed = ((match["kind"], match["some"]), ("@", match["never"]), ("@", match["but"]))
            for kind, some in listed:
                names += _alternatives(kind, some) if some else ()
    return [name[1:] for name in names if name.startswith("=")]


def _part(part: str, source: str, classes: Classes, needs: list[int]) -> str:
    match = _PART.fullmatch(part)
    if match is None:
        raise ConfigError(f"The prompt pattern {source!r} has a part that cannot be read: {part}.")
    stop = classes.letter("stop")
    if match["edge"]:
        return f"(?:^|(?<={stop}))" if match["edge"] == "<" else rf"(?=\|{stop}|$)"
    if match["gap"]:
        most = min(int(match["gap"]), _MOST_GAP)
        return _gap(most, stop + _letters(match["never"], classes), classes)
    names = "|".join(_alternatives(match["kind"], match["some"]))
    wanted = _letters(names, classes)
    if match["mode"] == "!":
        return rf"(?!\|{_unless(_letters(match['but'], classes))}[^|{wanted}]*+[{wanted}])"
    cell = _cell(wanted, _letters(match["but"], classes), classes)
    if match["mode"] == "?":
        return f"(?:{cell})?"
    needs.append(classes.mask(names))
    return cell


def _alternatives(kind: str, some: str) -> Iterator[str]:
    """The classes that a part names; a very word is the class `=word`."""
    for one in some.split("|"):
        literal = one[0] == "=" or (not kind and one[0] != "@")
        yield f"={one.lstrip('=')}" if literal else one.lstrip("@")


def _letters(names: str | None, classes: Classes) -> str:
    return "".join(classes.letter(name) for name in names.split("|")) if names else ""


def _unless(letters: str) -> str:
    return f"(?![^|]*[{letters}])" if letters else ""


def _cell(wanted: str, never: str, classes: Classes) -> str:
    rest = rf"(?:\|{classes.letter('rest')})*+"
    return rf"\|{_unless(never)}[^|{wanted}]*+[{wanted}][^|]*+{rest}"


def _gap(most: int, never: str, classes: Classes) -> str:
    rest = rf"(?:\|{classes.letter('rest')})*+"
    return rf"(?:\|{_unless(never)}[^|]*+{rest}){{0,{most}}}?"
