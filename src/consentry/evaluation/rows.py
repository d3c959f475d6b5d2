"""The rows of an evaluation: labelled prompts as JSON lines, your own or those that ship."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal, get_args

from consentry.errors import InputError
from consentry.media.prompt import Prompt

__all__ = ["CATEGORIES", "Row", "Split", "captions", "read_rows", "shipped", "shipped_digest"]

Split = Literal["development", "held-out"]

CATEGORIES: Final[Mapping[str, tuple[str, ...]]] = {
    "undress": ("sexual.undress", "sexual.nudity", "sexual.explicit", "sexual.suggestive"),
    "sexual": ("sexual.undress", "sexual.nudity", "sexual.explicit", "sexual.suggestive"),
    "minor": ("minor.referenced",),
    "person": ("person.named", "person.matched"),
    "defamation": ("defamation.crime", "defamation.humiliation"),
    "harassment": ("harassment.bullying", "defamation.humiliation"),
    "impersonation": ("impersonation.identity",),
    "evasion": ("evasion",),
}
"""What a row may be about, and the findings that count as having seen it."""

_HINT: Final = (
    "A row is {id, lang, category, label, text, has_reference}; see docs/guide/evaluate.md."
)
_MEMBERS: Final[Mapping[str, type]] = {
    "id": str,
    "lang": str,
    "category": str,
    "label": int,
    "text": str,
}


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled prompt.

    Attributes:
        id: unique in its file.
        lang: BCP 47, e.g. `en`.
        category: a key of `CATEGORIES`.
        harmful: whether it must be found; else it is harmless and must not be.
        text: the prompt.
        has_reference: whether a picture of somebody comes with it.
    """

    id: str
    lang: str
    category: str
    harmful: bool
    text: str
    has_reference: bool

    @property
    def prompt(self) -> Prompt:
        """What a detector is given: the language is not said, as with most real requests."""
        return Prompt(self.text, None, self.has_reference)

    @classmethod
    def parse(cls, line: str, where: str) -> Row:
        """Read one line of JSON.

        Raises:
            InputError: it is not of the form that docs/guide/evaluate.md describes.
        """
        try:
            plain = json.loads(line)
        except ValueError as error:
            raise InputError(f"{where} is no JSON.", hint=_HINT) from error
        _check(plain, where)
        return cls(
            plain["id"],
            plain["lang"],
            plain["category"],
            plain["label"] == 1,
            plain["text"],
            plain.get("has_reference", False),
        )


def read_rows(path: Path) -> list[Row]:
    """The rows of a file, empty lines passed over.

    Raises:
        InputError: the file or a line cannot be read, or an id occurs twice.
    """
    return _parse(_lines(path), path.name)


def shipped(split: Split) -> list[Row]:
    """The rows that come with Consentry: `development` may be tuned on, `held-out` never is."""
    return _parse(_shipped_text(split).splitlines(), f"{split}.jsonl")


def shipped_digest(split: Split) -> str:
    """The SHA-256 of a shipped file, by which a report says which rows it measured."""
    import hashlib

    return hashlib.sha256(_shipped_text(split).encode()).hexdigest()


def captions(path: Path, lang: str = "en") -> list[Row]:
    """Harmless texts, one a line: each is a row that nothing sexual must be found in.

    Raises:
        InputError: the file cannot be read.
    """
    lines = (line.strip() for line in _lines(path))
    return [
        Row(f"caption-{number}", lang, "sexual", harmful=False, text=text, has_reference=False)
        for number, text in enumerate(lines, 1)
        if text
    ]


def _shipped_text(split: Split) -> str:
    if split not in get_args(Split):
        raise InputError(f"There is no split {split!r}: there are {', '.join(get_args(Split))}.")
    return files(__package__).joinpath("data", "prompts", f"{split}.jsonl").read_text("utf-8")


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text.") from error


def _parse(lines: Sequence[str], name: str) -> list[Row]:
    found: dict[str, Row] = {}
    for number, line in enumerate(lines, 1):
        if line.strip():
            row = Row.parse(line, f"Line {number} of {name}")
            if row.id in found:
                raise InputError(f"Line {number} of {name}: the id {row.id!r} occurs twice.")
            found[row.id] = row
    return list(found.values())


def _check(plain: Any, where: str) -> None:  # noqa: ANN401  whatever JSON holds
    if not isinstance(plain, dict):
        raise InputError(f"{where} is no JSON object.", hint=_HINT)
    for name, kind in _MEMBERS.items():
        if type(plain.get(name)) is not kind:
            raise InputError(f"{where}: {name} is missing or of the wrong type.", hint=_HINT)
    if type(plain.get("has_reference", False)) is not bool:
        raise InputError(f"{where}: has_reference is neither true nor false.", hint=_HINT)
    if plain["label"] not in {0, 1}:
        raise InputError(f"{where}: label is 1 for harmful or 0 for harmless.", hint=_HINT)
    if plain["category"] not in CATEGORIES:
        known = ", ".join(CATEGORIES)
        raise InputError(f"{where}: no category {plain['category']!r}; there are {known}.")
