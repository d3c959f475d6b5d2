"""`PromptRulesDetector`: rules, kept as data, find harmful requests in a prompt."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

from consentry.config import Settings
from consentry.detectors import _prompt_lexicon
from consentry.detectors._prompt_cells import Sense
from consentry.detectors._prompt_files import fingerprint
from consentry.detectors._prompt_language import foreign_language
from consentry.detectors._prompt_lexicon import Lexicon, Rule
from consentry.detectors._prompt_patterns import Pattern
from consentry.detectors._prompt_reading import Token
from consentry.detectors._prompt_view import view_of
from consentry.detectors.contract import Detector, Example, Kind, Seen, Subject
from consentry.errors import DetectorError
from consentry.findings import Finding, Stage
from consentry.media.normalise import Normalised
from consentry.media.prompt import Prompt

__all__ = ["PromptRulesDetector"]

_CODE: Final = "1"
_MOST_PER_CATEGORY: Final = 3
_MOST_MATCHES: Final = 16
_MOST_EXAMPLES: Final = 4
_EVEN: Final = 0.5
_SEVERAL: Final = 2
_READABLE: Final = (  # Latin, Cyrillic, Arabic, Devanagari, kana, Han and Hangul
    "\u0000-\u024f\u1e00-\u1eff\u0400-\u052f\u0600-\u06ff\u0750-\u077f\u0900-\u097f"
    "\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff"
)
_FOREIGN: Final = re.compile(rf"[^\W\d_{_READABLE}]")
_HARMS: Final = ("sexual.", "defamation.")


class _Match(NamedTuple):
    rule: Rule
    tokens: Sequence[Token]


class PromptRulesDetector:
    """Finds what a prompt asks for, by rules of 15 languages; see docs/guide/prompts.md.

    A finding's score is the confidence that its rule states: no probability. `where.span` points
    into the prompt as it was written, and `detail.rule` names the rule.
    """

    name = "prompt-rules"
    kind: Kind = "prompt"
    stages = frozenset(Stage)
    quick = True
    needs: tuple[str, ...] = ()
    categories = frozenset(
        {
            "defamation.crime",
            "evasion",
            "language.unknown",
            "minor.referenced",
            "person.named",
            "sexual.explicit",
            "sexual.nudity",
            "sexual.suggestive",
            "sexual.undress",
        }
    )

    def __init__(self) -> None:
        """Work out the version; the rules themselves are read at the first use."""
        self.version = f"{_CODE}+{fingerprint()}"

    @classmethod
    def from_settings(cls, settings: Settings) -> Sequence[Detector]:
        """One detector: there is nothing to set."""
        del settings
        return [cls()]

    def warm_up(self) -> None:
        """Read the rules and compile their patterns.

        Raises:
            ConfigError: a rule file cannot be used.
        """
        for language in _prompt_lexicon.built_in().languages:
            for rule in language.rules:
                for pattern in (*rule.patterns, *rule.unless):
                    pattern.compile()

    def detect(self, subject: Subject, seen: Seen) -> Sequence[Finding]:
        """Look at a prompt: at most three findings of each category, the strongest first.

        Raises:
            DetectorError: the subject is not a prompt.
            ConfigError: a rule file cannot be used.
        """
        del seen
        if not isinstance(subject, Prompt):
            raise DetectorError(f"{self.name} looks at prompts only.")
        lexicon = _prompt_lexicon.built_in()
        text, tokens, senses = view_of(subject)
        found = [
            self._finding(match, text, subject)
            for sense in _trusted(senses, subject)
            for match in _matches(sense, lexicon)
        ]
        found += self._evasions(found, lexicon)
        found += self._unknown_language(subject, text, lexicon, tokens)
        return _strongest(found)

    @classmethod
    def get_examples(cls) -> Sequence[Example]:
        """Some of the test vectors of each language."""
        examples = []
        for language in _prompt_lexicon.built_in().languages:
            vectors = language.source.vectors
            found = [one for one in vectors if one.must][:_MOST_EXAMPLES]
            absent = [one for one in vectors if not one.must][:_MOST_EXAMPLES]
            for one in (*found, *absent):
                prompt = Prompt(one.text, language.source.code, one.reference)
                expects = {one.category: (_EVEN, 1.0)} if one.must else {}
                examples.append(Example(prompt, expects))
        return examples

    def _finding(self, match: _Match, text: Normalised, subject: Prompt) -> Finding:
        rule = match.rule.text
        start = min(token.start for token in match.tokens)
        span = text.span(start, max(token.end for token in match.tokens))
        detail: dict[str, object] = {"rule": match.rule.id}
        disguises = sorted({token.disguise for token in match.tokens if token.disguise})
        if disguises:
            detail["disguises"] = disguises
        score = rule.reference if subject.has_reference else rule.score
        return Finding(rule.category, score, self.name, {"span": list(span)}, detail)

    def _evasions(self, found: Sequence[Finding], lexicon: Lexicon) -> Iterator[Finding]:
        """One finding for each harm that was found only because a disguise was undone."""
        for one in found:
            kinds = one.detail.get("disguises", ())
            if kinds and one.category.startswith(_HARMS) and one.score >= _EVEN:
                score = max(lexicon.evasion[kind] for kind in kinds)
                yield Finding("evasion", score, self.name, one.where, one.detail)

    def _unknown_language(
        self, subject: Prompt, text: Normalised, lexicon: Lexicon, tokens: Sequence[Token]
    ) -> Iterator[Finding]:
        """A finding when nobody here can read the prompt, or the language that it is said to be."""
        named = (subject.language or "").partition("-")[0].lower()
        if named and named not in lexicon.codes:
            yield Finding("language.unknown", 1.0, self.name, None, {"language": named})
        elif not text.text.isascii():
            foreign = len(_FOREIGN.findall(text.text))
            if foreign and foreign * 2 > sum(map(str.isalpha, text.text)):
                yield Finding("language.unknown", 1.0, self.name)
                return
        if not named:
            seems = foreign_language(text.words, _most_common(tokens, lexicon))
            if seems:
                yield Finding("language.unknown", 0.8, self.name, None, {"language": seems})


def _most_common(tokens: Sequence[Token], lexicon: Lexicon) -> int:
    """How many different common words the likeliest known language has in the text."""
    counts: dict[int, int] = {}
    for word in {token.text for token in tokens}:
        entry = lexicon.entries.get(word)
        for index, mask in entry.hits.items() if entry else ():
            if mask & lexicon.bits.common:
                counts[index] = counts.get(index, 0) + 1
    return max(counts.values(), default=0)


class _Trust(NamedTuple):
    """How far a language's sense of a text is believed.

    Attributes:
        likely: the text may be of this language: its unsure rules count.
        most: no other language has more common words in it.
    """

    likely: bool
    most: bool

    def allows_shared(self, rule: Rule) -> bool:
        """Whether words that all languages share may complete a match of `rule`.

        Names are such words, and of no language; the words of clothes are mostly English.
        """
        return self.most or (self.likely and not rule.text.category.startswith("sexual."))


def _trusted(found: Iterable[Sense], subject: Prompt) -> Iterator[tuple[Sense, _Trust]]:
    """Each sense, and how far it is believed.

    A language without one common word is not believed in a text with several of another: its words
    are then likely to be other words there (`sans robe` is English, too).
    """
    known = list(found)
    most = max((sense.common for sense in known), default=0)
    named = (subject.language or "").partition("-")[0].lower()
    for sense in known:
        if sense.language.source.code == named:
            yield sense, _Trust(likely=True, most=True)
        elif sense.common or most < _SEVERAL:
            yield sense, _Trust(likely=sense.common * 2 >= most, most=sense.common == most)


def _matches(trusted: tuple[Sense, _Trust], lexicon: Lexicon) -> Iterator[_Match]:
    """What a language's rules match; in a text of another language, by its own words alone."""
    sense, trust = trusted
    shared = lexicon.classes.letter("shared")
    for mask, pairs in sense.language.anchors:
        if mask & sense.mask:
            for rule, pattern in pairs:
                if (trust.likely or rule.text.sure) and pattern.may_match(sense.mask):
                    foreign = "" if trust.allows_shared(rule) else shared
                    yield from islice(_search(sense, rule, pattern, foreign), _MOST_MATCHES)


def _search(sense: Sense, rule: Rule, pattern: Pattern, foreign: str) -> Iterator[_Match]:
    cells = sense.cells
    barred: list[tuple[int, int]] | None = None
    for match in pattern.finditer(cells.text):
        if barred is None:
            barred = _barred(sense, rule)
        start, end = match.span()
        if foreign and foreign in match.group():
            continue
        before = bisect_left(barred, (end, end))  # those that start before this match ends
        if not before or barred[before - 1][1] <= start:
            yield _Match(rule, cells.between(start, end))


def _barred(sense: Sense, rule: Rule) -> list[tuple[int, int]]:
    """Where `rule` must not match: spans in order, no two of which overlap."""
    spans = sorted(
        one.span()
        for bar in rule.unless
        if bar.may_match(sense.mask)
        for one in bar.finditer(sense.cells.text)
    )
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _strongest(found: Iterable[Finding]) -> list[Finding]:
    kept: dict[str, list[Finding]] = {}
    for one in sorted(found, key=lambda one: -one.score):
        same = kept.setdefault(one.category, [])
        if len(same) < _MOST_PER_CATEGORY and all(one.where != other.where for other in same):
            same.append(one)
    return [one for category in sorted(kept) for one in kept[category]]
