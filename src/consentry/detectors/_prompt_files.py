"""The rule files of the prompt detector: TOML text in, rules, words and vectors out."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final

from consentry.detectors._prompt_patterns import literals
from consentry.errors import ConfigError
from consentry.media.normalise import fold

__all__ = [
    "LanguageFile",
    "RuleText",
    "SharedFile",
    "Vector",
    "built_in_files",
    "data_files",
    "fingerprint",
]

_SHARED: Final = "common.toml"
_CARD: Final = "CARD.toml"


@dataclass(frozen=True, slots=True)
class RuleText:
    """One `[[rule]]`, as written.

    Attributes:
        id: a word or two, unique in its file.
        category: of its findings.
        score: confidence from 0 to 1 when it matches; no probability.
        reference: the same when a reference picture comes with the prompt.
        match: patterns; it matches where any of them does,
        unless: but not where any of these overlaps.
        sure: False when its words mean something else in other languages, so that it counts only
            in a text that has other words of its language.
        languages: where a shared rule holds; empty for all.
    """

    id: str
    category: str
    score: float
    reference: float
    match: tuple[str, ...]
    unless: tuple[str, ...] = ()
    sure: bool = True
    languages: tuple[str, ...] = ()

    @classmethod
    def parse(cls, plain: Mapping[str, Any]) -> RuleText:
        """Read one rule.

        Raises:
            KeyError, TypeError: something is missing, or is there that should not be.
        """
        lists = {key: tuple(plain[key]) for key in ("match", "unless", "languages") if key in plain}
        return cls(**{"reference": plain["score"], **plain, **lists})


@dataclass(frozen=True, slots=True)
class Vector:
    """One test vector: a text, and what must or must not be found in it.

    Attributes:
        text: the prompt.
        category: a category, or a family such as `sexual`.
        must: whether it must be found, with at least even confidence.
        reference: whether a reference picture comes with it.
    """

    text: str
    category: str
    must: bool
    reference: bool = False


@dataclass(frozen=True, slots=True)
class SharedFile:
    """`common.toml`: what holds in every language.

    Attributes:
        words: class to its words.
        rules: rules that each language's words fill.
        generic: classes too common to start a search with.
        keys: classes whose words are worth finding when they are cut up or run together.
        implies: class to the class that its words are of as well.
        evasion: kind of disguise to the score of `evasion` when it hid a word of a match.
    """

    words: Mapping[str, tuple[str, ...]]
    rules: tuple[RuleText, ...]
    generic: tuple[str, ...]
    keys: tuple[str, ...]
    implies: Mapping[str, str]
    evasion: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class LanguageFile:
    """One language's file.

    Attributes:
        code: BCP 47, e.g. `en`.
        words: class to its words, folded; a word ending in `*` is a stem.
        borrowed: the same for words of English that its speakers use: like those of `common.toml`
            they count only in a text that seems to be of this language.
        rules: its own rules.
        skip: ids of shared rules that do not hold here.
        unspaced: written without spaces between words, or with particles grown onto them.
        prefixes: particles that are written together with the next word.
        capitals: whether a capital inside a sentence points to a name.
        vectors: test vectors.
    """

    code: str
    words: Mapping[str, tuple[str, ...]]
    borrowed: Mapping[str, tuple[str, ...]]
    rules: tuple[RuleText, ...]
    skip: tuple[str, ...]
    unspaced: bool
    prefixes: tuple[str, ...]
    capitals: bool
    vectors: tuple[Vector, ...]


def built_in_files() -> tuple[SharedFile, tuple[LanguageFile, ...]]:
    """Read the rule files that come with Consentry.

    Raises:
        ConfigError: one of them is not of the form that docs/guide/prompts.md describes.
    """
    shared = None
    languages = []
    for source in _rule_files():
        try:
            plain = tomllib.loads(source.read_text("utf-8"))
            if source.name == _SHARED:
                shared = _shared(plain)
            else:
                languages.append(_language(plain))
        except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
            raise ConfigError(
                f"The prompt rules in {source.name} cannot be used: {error}."
            ) from error
    if shared is None:
        raise ConfigError(f"The prompt rules lack {_SHARED}.")
    return shared, tuple(languages)


@cache
def fingerprint() -> str:
    """Twelve hexadecimal digits that change with any of `data_files`."""
    digest = sha256()
    for one in data_files():
        text = one.read_bytes()
        digest.update(f"{one.name} {len(text)}\n".encode())
        digest.update(text)
    return digest.hexdigest()[:12]


def data_files() -> list[Traversable]:
    """All the data that findings depend on: rules, languages, the tables of the normaliser."""
    return [
        *_rule_files(),
        files(__package__).joinpath("language_data.toml"),
        files("consentry.media").joinpath("normalise.toml"),
    ]


def _rule_files() -> list[Traversable]:
    folder = files(__package__).joinpath("prompt_data")
    found = (one for one in folder.iterdir() if one.name.endswith(".toml") and one.name != _CARD)
    return sorted(found, key=lambda one: one.name)


def _shared(plain: Mapping[str, Any]) -> SharedFile:
    return SharedFile(
        words={name: _split(listed) for name, listed in plain["words"].items()},
        rules=tuple(map(RuleText.parse, plain["rule"])),
        generic=tuple(plain["generic"]),
        keys=tuple(plain["keys"]),
        implies=plain["implies"],
        evasion=plain["evasion"],
    )


def _language(plain: Mapping[str, Any]) -> LanguageFile:
    rules = tuple(map(RuleText.parse, plain.get("rule", ())))
    words = {name: _split(listed) for name, listed in plain["words"].items()}
    words["common"] = _split(plain["common"])
    words.update({f"={word}": (word,) for word in _literals(rules)})
    return LanguageFile(
        code=plain["language"],
        words=words,
        borrowed={name: _split(some) for name, some in plain.get("borrowed", {}).items()},
        rules=rules,
        skip=tuple(plain.get("skip", ())),
        unspaced=plain.get("unspaced", False),
        prefixes=tuple(fold(plain.get("prefixes", "")).split()),
        capitals=plain.get("capitals", True),
        vectors=tuple(_vectors(plain["vectors"])),
    )


def _split(listed: str) -> tuple[str, ...]:
    pieces = fold(listed).replace("\n", ",").split(",")
    return tuple(entry for piece in pieces if (entry := piece.strip()))


def _literals(rules: Sequence[RuleText]) -> list[str]:
    """The words that patterns name directly: each is a class of its own."""
    sources = (source for rule in rules for source in (*rule.match, *rule.unless))
    return [word for source in sources for word in literals(source)]


def _vectors(plain: Mapping[str, str]) -> Iterator[Vector]:
    """Lines of the form `category | text`; a `+` before the text stands for a reference picture."""
    for key in ("must", "must_not"):
        for line in plain[key].strip().splitlines():
            category, _, text = (part.strip() for part in line.partition("|"))
            yield Vector(text.lstrip("+ "), category, key == "must", text.startswith("+"))
