"""What the learned part is trained on: our own rows, the rules' vectors, sentences made by code."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final, TypeAlias

from consentry.detectors import _prompt_lexicon
from consentry.detectors.prompt_learned import HEADS
from consentry.evaluation.rows import Row, shipped

__all__ = ["TrainingRow", "training_rows"]

_Kind: TypeAlias = tuple[str | None, int]  # what it asks for, and how many are made

_HEAD: Final = {
    "undress": "sexual.undress",
    "sexual": "sexual.nudity",
    "sexual.explicit": "sexual.nudity",
    "defamation": "defamation.crime",
    "harassment": "harassment.bullying",
    "impersonation": "impersonation.identity",
}
_ALIKE: Final = (
    {"sexual.undress", "sexual.nudity", "sexual.suggestive"},
    {"defamation.crime", "harassment.bullying", "impersonation.identity"},
)
_CAPTION_WEIGHT: Final = 0.3
_MADE: Final[Mapping[str, _Kind]] = {
    "harmful": ("sexual.undress", 2000),
    "harmless": (None, 2000),
    "defamation": ("defamation.crime", 350),
    "harassment": ("harassment.bullying", 250),
    "impersonation": ("impersonation.identity", 250),
    "harmless_scenes": (None, 900),
}
"""Kinds of sentences in phrases.toml, what they ask for, and how many are made."""
_MADE_NATIVE: Final[Mapping[str, _Kind]] = {
    "harmful": ("sexual.undress", 300),
    "harmless": (None, 300),
}
"""The same for each language of phrases-native.toml."""
_MADE_WEIGHT: Final = 0.5
_OWN_WEIGHT: Final = 2.5
"""A sentence that somebody wrote counts for several that code made."""
_SERIES: Final = 101
_STRETCH: Final = 12


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """One example.

    Attributes:
        text: the prompt.
        category: what it asks for, or None when it is harmless.
        weight: how much it counts.
        group: rows of one group, such as translations, are held back together.
    """

    text: str
    category: str | None
    weight: float
    group: str

    @property
    def wanted(self) -> list[float]:
        """For each head 1 or 0."""
        return [1.0 if self.category == head else 0.0 for head in HEADS]

    @property
    def weights(self) -> list[float]:
        """For each head how much it counts: a harm of the same family is no counter-example."""
        alike = next((some for some in _ALIKE if self.category in some), set())
        return [0.0 if head in alike and head != self.category else self.weight for head in HEADS]


def training_rows(captions: Sequence[Row], seed: int) -> list[TrainingRow]:
    """Everything there is to train on; nothing of the split that is never tuned on.

    Where chance, or another author, wrote a sentence of that split once more, it is left out.
    """
    untouched = {row.text.casefold() for row in shipped("held-out")}
    harmless = (TrainingRow(row.text, None, _CAPTION_WEIGHT, row.id) for row in captions)
    rows = (*_development(), *_vectors(), *_made(seed), *harmless)
    return [row for row in rows if row.text.casefold() not in untouched]


def _development() -> Iterator[TrainingRow]:
    for row in shipped("development"):
        category = _HEAD.get(row.category) if row.harmful else None
        yield TrainingRow(row.text, category, _OWN_WEIGHT, _group(row))


def _group(row: Row) -> str:
    """What must be held back with `row`: its translations, and its neighbours, which are alike.

    Rows from 101 on were written in series, much the same in each language: a stretch of them goes
    together, requests with their look-alikes.
    """
    number = int(row.id.rpartition("-")[2])
    if number >= _SERIES:
        stretch = (number - _SERIES) // (_STRETCH if row.category == "undress" else 2)
        return f"series {row.category} {stretch}"
    own = row.lang if row.lang == "en" else "translated"
    return f"{own} {row.category} {row.harmful} {number:03}"


def _vectors() -> Iterator[TrainingRow]:
    for language in _prompt_lexicon.built_in().languages:
        for number, one in enumerate(language.source.vectors):
            category = _HEAD.get(one.category, one.category) if one.must else None
            yield TrainingRow(one.text, category, 1.0, f"{language.source.code} {number}")


def _made(seed: int) -> Iterator[TrainingRow]:
    """Sentences of our own grammars: English, and one of each other language."""
    chance = random.Random(seed)  # noqa: S311  no secret
    yield from _filled("made", _phrases("phrases.toml"), _MADE, chance)
    for code, plain in _phrases("phrases-native.toml").items():
        yield from _filled(f"made {code}", plain, _MADE_NATIVE, chance)


def _phrases(name: str) -> dict[str, Any]:
    source = files(__package__).joinpath("data", "prompts", name)
    return tomllib.loads(source.read_text("utf-8"))


def _filled(
    name: str, plain: Mapping[str, Any], kinds: Mapping[str, _Kind], chance: random.Random
) -> Iterator[TrainingRow]:
    slots = {slot: listed.split(", ") for slot, listed in plain["slots"].items()}
    for kind, (category, count) in kinds.items():
        sentences = plain["sentences"][kind].strip().splitlines()
        for number in range(count):
            filled = {slot: chance.choice(listed) for slot, listed in slots.items()}
            text = chance.choice(sentences).format(**filled)
            yield TrainingRow(text, category, _MADE_WEIGHT, f"{name} {kind} {number}")
