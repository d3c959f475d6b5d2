"""The vocabulary of the prompt rules: one look-up table of the words of all languages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final, TypeAlias

from consentry.detectors._prompt_files import LanguageFile, RuleText, SharedFile, built_in_files
from consentry.detectors._prompt_patterns import Classes, Pattern

__all__ = ["BEGINNING", "Bits", "Entry", "Language", "Lexicon", "Rule", "built_in"]

_BETWEEN_WORDS: Final = re.compile(r"[\s'\-]+")
_SHORTEST_STEM: Final = 2
_REMEMBERED: Final = 20_000  # strangers choose the words: there is an end to it
_LONGEST: Final = 40

Phrase: TypeAlias = tuple[tuple[str, ...], int, int]
"""Further words, language, mask."""
BEGINNING: Final = 4
"""How many letters the beginnings of words have in `Lexicon.beginnings`."""


@dataclass(slots=True)
class Entry:
    """What a word, or a stem, is in each language that knows it.

    Attributes:
        hits: language to the mask of its classes.
        phrases: (further words, language, mask), longest first: phrases that it begins; a further
            word that ends in `*` is a stem.
    """

    hits: dict[int, int] = field(default_factory=dict)
    phrases: list[Phrase] | tuple[()] = ()
    _by_next: dict[str, list[Phrase]] = field(default_factory=dict)

    def going_on(self, word: str) -> Sequence[Phrase]:
        """The phrases that may go on with `word`, longest first.

        Those that go on with a stem may go on with any word; so they stand under each.
        """
        if not self.phrases:
            return ()
        return self._by_next.get(word) or self._by_next[""]

    def add_phrase(self, rest: tuple[str, ...], language: int, mask: int) -> None:
        """Add a phrase that goes on with the words `rest`."""
        self.phrases = [*self.phrases, (rest, language, mask)]
        self.phrases.sort(key=lambda phrase: -len(phrase[0]))
        nexts = {"", *(one[0][0] for one in self.phrases if not one[0][0].endswith("*"))}
        self._by_next = {
            word: [one for one in self.phrases if one[0][0] == word or one[0][0].endswith("*")]
            for word in nexts
        }


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule with its patterns; the other attributes are those of its `RuleText`."""

    id: str
    text: RuleText
    patterns: tuple[Pattern, ...]
    unless: tuple[Pattern, ...]


@dataclass(slots=True)
class Language:
    """One language, ready to be searched for.

    Attributes:
        source: its file.
        rules: its own rules and the shared ones.
        segments: for writing without spaces: a piece of text to its mask; empty otherwise.
        longest: characters of the longest segment.
        anchors: (mask, pairs of rule and pattern): what to try when a text has one of the mask.
        anchor_mask: all of these masks together.
    """

    source: LanguageFile
    rules: tuple[Rule, ...] = ()
    segments: dict[str, int] = field(default_factory=dict)
    longest: int = 0
    anchors: list[tuple[int, list[tuple[Rule, Pattern]]]] = field(default_factory=list)
    anchor_mask: int = 0


class Bits:
    """The bits of the built-in classes, by name."""

    def __init__(self, classes: Classes) -> None:
        """Look them up."""
        self.stop = classes.bit("stop")
        self.rest = classes.bit("rest")
        self.comma = classes.bit("comma")
        self.other = classes.bit("other")
        self.capital = classes.bit("capital")
        self.number = classes.bit("number")
        self.under18 = classes.bit("under18")
        self.common = classes.bit("common")
        self.shared = classes.bit("shared")
        self.anywhere = self.other | self.capital | self.comma | self.number | self.under18


class Lexicon:
    """Every language, and one table of all their words."""

    def __init__(self, shared: SharedFile, sources: Sequence[LanguageFile]) -> None:
        """Build the tables.

        Raises:
            ConfigError: a pattern cannot be read, or names a class that no language has.
        """
        self.classes = Classes()
        self.bits = Bits(self.classes)
        self.entries: dict[str, Entry] = {}
        self.stems: dict[str, Entry] = {}
        self.longest_stem = 0
        self.evasion = shared.evasion
        self._implies = shared.implies
        self.languages = [Language(source) for source in sources]
        self.codes = {source.code: index for index, source in enumerate(sources)}
        for index in range(len(sources)):
            self._add_language(index)
        self._add_shared(shared)
        self.keys = self.classes.mask("|".join(shared.keys))
        self.generic = self.classes.mask("|".join(shared.generic))
        self._add_rules(shared.rules)
        self._known: dict[str, tuple[Entry, ...]] = {}
        self.beginnings = {word[:BEGINNING] for word in (*self.entries, *self.stems)}

    def knows(self, word: str) -> bool:
        """Whether `word` is one of any language's words, or begins like one of its stems."""
        return bool(self._entries_of(word))

    def is_key(self, word: str) -> bool:
        """Whether `word` is telling: of a class that `keys` in common.toml names."""
        return any(
            mask & self.keys for entry in self._entries_of(word) for mask in entry.hits.values()
        )

    def find(self, words: Sequence[str], place: int) -> dict[int, tuple[int, int]]:
        """For each language that knows the word at `place`: its mask, and how many words it is."""
        found = self._find(words[place], words, place)
        if "\u0620" <= words[place][0] < "\u0700":
            for bare, languages in self._without_prefix(words[place]):
                for language, hit in self._find(bare, words, place).items():
                    if language in languages:
                        found.setdefault(language, hit)
        return found

    def _find(self, word: str, words: Sequence[str], place: int) -> dict[int, tuple[int, int]]:
        found: dict[int, tuple[int, int]] = {}
        after = words[place + 1] if place + 1 < len(words) else ""
        for entry in self._entries_of(word):
            for language, mask in entry.hits.items():
                found.setdefault(language, (mask, 1))
            for rest, language, mask in entry.going_on(after) if after else ():
                known, length = found.get(language, (0, 1))
                if len(rest) >= length and _follows(rest, words, place + 1):
                    found[language] = (mask | known & self.bits.common, len(rest) + 1)
                elif len(rest) + 1 == length and _follows(rest, words, place + 1):
                    found[language] = (known | mask, length)
        return found

    def _entries_of(self, word: str) -> Sequence[Entry]:
        """What is known of `word` and of its stems.

        Remembered for words of which something is known: those come again, and are no names.
        """
        known = self._known.get(word)
        if known is None:
            lengths = range(min(len(word), self.longest_stem), _SHORTEST_STEM - 1, -1)
            found = (self.entries.get(word), *(self.stems.get(word[:n]) for n in lengths))
            known = tuple(entry for entry in found if entry is not None)
            if known and len(word) <= _LONGEST and len(self._known) < _REMEMBERED:
                self._known[word] = known
        return known

    def _without_prefix(self, word: str) -> Iterator[tuple[str, set[int]]]:
        for index, language in enumerate(self.languages):
            for prefix in language.source.prefixes:
                if word.startswith(prefix) and len(word) > len(prefix) + 1:
                    yield word[len(prefix) :], {index}

    def _add_language(self, index: int) -> None:
        language = self.languages[index]
        unspaced = language.source.unspaced
        for name, entries in language.source.words.items():
            bit = self._bits_of(name)
            for entry in entries:
                known = self.entries.get(entry)
                if unspaced and not entry.isascii():
                    segment = entry.replace(" ", "")
                    language.segments[segment] = language.segments.get(segment, 0) | bit
                elif known is not None:
                    known.hits[index] = known.hits.get(index, 0) | bit
                elif entry.isalnum():  # nearly all of them: no need to look for spaces and stems
                    self.entries[entry] = Entry({index: bit})
                else:
                    self._add(entry, index, bit)
        for name, entries in language.source.borrowed.items():
            for entry in entries:
                self._add(entry, index, self._bits_of(name) | self.bits.shared)
        language.longest = max(map(len, language.segments), default=0)

    def _bits_of(self, name: str) -> int:
        implied = self._implies.get(name)
        return self.classes.bit(name) | (self.classes.bit(implied) if implied else 0)

    def _add_shared(self, shared: SharedFile) -> None:
        """Give the shared words to every language that has none of its own for them."""
        for name, entries in shared.words.items():
            bit = self._bits_of(name) | self.bits.shared
            for listed in entries:
                first, *rest = filter(None, _BETWEEN_WORDS.split(listed))
                entry = self.entries.setdefault(first, Entry())
                for index in range(len(self.languages)):
                    if rest:
                        entry.add_phrase(tuple(rest), index, bit)
                    else:
                        entry.hits.setdefault(index, bit)

    def _add(self, listed: str, language: int, mask: int) -> None:
        first, *rest = filter(None, _BETWEEN_WORDS.split(listed))
        if first.endswith("*"):
            entry = self.stems.setdefault(first[:-1], Entry())
            self.longest_stem = max(self.longest_stem, len(first) - 1)
        else:
            entry = self.entries.setdefault(first, Entry())
        if rest:
            entry.add_phrase(tuple(rest), language, mask)
        else:
            entry.hits[language] = entry.hits.get(language, 0) | mask

    def _add_rules(self, shared: Sequence[RuleText]) -> None:
        parsed: dict[str, Pattern] = {}

        def pattern(source: str) -> Pattern:
            if source not in parsed:
                parsed[source] = Pattern.parse(source, self.classes)
            return parsed[source]

        for language in self.languages:
            code, skip = language.source.code, language.source.skip
            here = [
                rule
                for rule in shared
                if rule.id not in skip and code in (rule.languages or (code,))
            ]
            language.rules = tuple(
                Rule(
                    f"{code}.{rule.id}",
                    rule,
                    tuple(map(pattern, rule.match)),
                    tuple(map(pattern, rule.unless)),
                )
                for rule in (*language.source.rules, *here)
            )
            self._anchor(language)

    def _anchor(self, language: Language) -> None:
        """Sort the patterns under the most telling of the words that they need."""
        anchors: dict[int, list[tuple[Rule, Pattern]]] = {}
        for rule in language.rules:
            for pattern in rule.patterns:
                telling = [need for need in pattern.needs if not need & self.generic]
                mask = min(telling or pattern.needs, key=int.bit_count)
                anchors.setdefault(mask, []).append((rule, pattern))
                language.anchor_mask |= mask
        language.anchors = list(anchors.items())


def _begins(want: str, word: str) -> bool:
    return word.startswith(want[:-1]) if want.endswith("*") else word == want


def _follows(rest: Sequence[str], words: Sequence[str], place: int) -> bool:
    if place + len(rest) > len(words):
        return False
    return all(_begins(want, words[place + step]) for step, want in enumerate(rest))


@cache
def built_in() -> Lexicon:
    """The rules that come with Consentry, read once."""
    return Lexicon(*built_in_files())
