"""`PromptNamesDetector`: names of people in many scripts, and an operator's own list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from consentry.config import Settings
from consentry.detectors import _prompt_lexicon
from consentry.detectors._prompt_name_lists import fingerprint
from consentry.detectors._prompt_name_unspaced import unspaced
from consentry.detectors._prompt_name_words import Hit, Line, Word, by_words
from consentry.detectors._prompt_people import People
from consentry.detectors._prompt_view import View, view_of
from consentry.detectors.contract import Detector, Example, Kind, Seen, Subject
from consentry.errors import DetectorError
from consentry.findings import Finding, Stage
from consentry.media.prompt import Prompt

__all__ = ["PromptNamesDetector"]

_CODE: Final = "1"
_CATEGORY: Final = "person.named"
_MOST: Final = 3


class PromptNamesDetector:
    """Says that a prompt names somebody; see docs/guide/prompts.md.

    "A name", not "a real person": who it is, nobody looks up. A name on the operator's list has a
    score of 1. Other scores are how sure the lists' authors were, and no probabilities.
    """

    name = "prompt-names"
    kind: Kind = "prompt"
    stages = frozenset(Stage)
    quick = True
    needs: tuple[str, ...] = ()
    categories = frozenset({_CATEGORY})

    def __init__(self, people: People) -> None:
        """Notice `people` too."""
        self.version = f"{_CODE}+{fingerprint()}" + (f".{people.version}" if people.version else "")
        self._people = people

    @classmethod
    def from_settings(cls, settings: Settings) -> Sequence[Detector]:
        """One, with the list that `prompt.names_file` names.

        Raises:
            ConfigError: the list cannot be used.
        """
        return [cls(People.read(settings.prompt.names_file))]

    def warm_up(self) -> None:
        """Read the lists."""
        for text in ("Anna", "анна", "ليلى", "नेहा", "민준", "太郎の", "王伟"):
            self.detect(Prompt(f"{text} {text}"), {})

    def detect(self, subject: Subject, seen: Seen) -> Sequence[Finding]:
        """Look at a prompt: at most three names, the likeliest first.

        Raises:
            DetectorError: the subject is not a prompt.
        """
        del seen
        if not isinstance(subject, Prompt):
            raise DetectorError(f"{self.name} looks at prompts only.")
        view = view_of(subject)
        found = [*self._listed(view), *self._likely(view, subject.text)]
        found.sort(key=lambda one: -one.score)
        return found[:_MOST]

    @classmethod
    def get_examples(cls) -> Sequence[Example]:
        """Names in several scripts, and what only looks like one."""
        found = {_CATEGORY: (0.5, 1.0)}
        return [
            Example(Prompt("Marguerite Osei plays the violin"), found),
            Example(Prompt("Портрет Ивана Соколова в саду", "ru"), found),
            Example(Prompt("山田太郎の写真", "ja"), found),
            Example(Prompt("a lighthouse at dusk", "en"), absent=cls.categories),
            Example(Prompt("Golden Gate Bridge in fog", "en"), absent=cls.categories),
        ]

    def _listed(self, view: View) -> Iterator[Finding]:
        for name, span in self._people.find(view):
            where = None if span is None else {"span": list(span)}
            detail = {"evidence": "operator's list", "entry": name}
            yield Finding(_CATEGORY, 1.0, self.name, where, detail)

    def _likely(self, view: View, original: str) -> Iterator[Finding]:
        taken: list[Hit] = []
        hits = [*by_words(_line(view, original)), *unspaced(view.text.text)]
        for hit in sorted(hits, key=lambda one: -one.score):
            if all(hit.end <= other.start or other.end <= hit.start for other in taken):
                taken.append(hit)
                where = {"span": list(view.text.span(hit.start, hit.end))}
                yield Finding(_CATEGORY, hit.score, self.name, where, {"evidence": hit.evidence})


def _line(view: View, original: str) -> Line:
    words, first = [], True
    for token in view.tokens:
        if token.text in {".", ","}:
            first = first or token.text == "."
            continue
        upper = original[view.text.span(token.start, token.end)[0]].isupper()
        words.append(Word(token.text, token.start, token.end, upper, first))
        first = False
    return Line.of(words, _prompt_lexicon.built_in())
