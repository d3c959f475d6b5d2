"""The taxonomy: which categories there are, and what each means to the person concerned.

The packaged ones stand in `taxonomy.toml`. A policy file may add categories of its own for an
operator's detectors; it cannot change or remove a packaged one, because floors and pages rely on
them.
"""

from __future__ import annotations

import datetime as dt
import difflib
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "About",
    "Category",
    "Confidence",
    "LegalReference",
    "Severity",
    "Taxonomy",
    "packaged_taxonomy",
    "packaged_taxonomy_text",
]

About: TypeAlias = Literal["picture", "prompt", "both"]
Severity: TypeAlias = Literal["low", "medium", "high", "critical"]
Confidence: TypeAlias = Literal["primary", "secondary", "memory"]
Sentence: TypeAlias = Annotated[str, Field(min_length=1)]

_NAME = r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$"


class LegalReference(BaseModel):
    """A law that a category touches: data with a source, never advice.

    Attributes:
        name: what the law is called.
        jurisdiction: where it holds.
        says: the part that matters here, in one sentence.
        source: where that was read.
        checked_on: the day on which the entry was last held against `source`.
        confidence: primary, secondary or memory; only primary may become a claim on a page.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Sentence
    jurisdiction: Sentence
    says: Sentence
    source: Sentence
    checked_on: dt.date
    confidence: Confidence


class Category(BaseModel):
    """One thing that a detector may report.

    Attributes:
        name: family, a dot and a word, e.g. `sexual.explicit`; some families are one word.
        title: a few plain words for a person concerned.
        text: one or two plain sentences for that person.
        severity: how much harm it can do to the person depicted.
        about: what it is seen in.
        law: what the law says about it.
        statement: numbers of the points of the joint statement that it answers, e.g. `S7`.
        assessed_by: names of the built-in detectors that can report it today (`screener` for
            `unchecked`); empty when none can.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=_NAME)]
    title: Sentence
    text: Sentence
    severity: Severity
    about: About
    law: tuple[LegalReference, ...] = ()
    statement: tuple[Annotated[str, Field(pattern=r"^S\d+$")], ...] = ()
    assessed_by: tuple[str, ...] = ()

    @property
    def family(self) -> str:
        """What stands before the first dot: floors speak of families."""
        return self.name.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """Every category by its name, in the order of the file.

    Attributes:
        categories: name to category.
    """

    categories: Mapping[str, Category] = field(default_factory=dict)

    @classmethod
    def of(cls, categories: Iterable[Category]) -> Taxonomy:
        """A taxonomy of `categories`.

        Raises:
            ValueError: a name stands twice, or one name is the beginning of another, so that a
                rule that names the longer one could be read in two ways.
        """
        named: dict[str, Category] = {}
        for category in categories:
            if category.name in named:
                raise ValueError(f"the category {category.name} stands there twice")
            named[category.name] = category
        for name in named:
            head, _, tail = name.rpartition(".")
            if tail and head in named:
                raise ValueError(f"{head} is a category, so {name} cannot be one as well")
        return cls(MappingProxyType(named))

    def with_added(self, added: Iterable[Category]) -> Taxonomy:
        """This taxonomy and an operator's own categories.

        Raises:
            ValueError: as `of`; a packaged category cannot be changed.
        """
        return Taxonomy.of([*self, *added])

    def close_to(self, name: str) -> str | None:
        """The category whose name looks most like `name`, for "did you mean"."""
        return next(iter(difflib.get_close_matches(name, self.categories, n=1)), None)

    def __contains__(self, name: object) -> bool:
        """Whether there is a category of this name."""
        return name in self.categories

    def __getitem__(self, name: str) -> Category:
        """The category of this name; KeyError if there is none."""
        return self.categories[name]

    def __iter__(self) -> Iterator[Category]:
        """Every category."""
        return iter(self.categories.values())

    def __len__(self) -> int:
        """How many there are."""
        return len(self.categories)


@cache
def packaged_taxonomy_text() -> str:
    """The text of `taxonomy.toml`, part of every policy's version."""
    return (files("consentry.policy") / "taxonomy.toml").read_text(encoding="utf-8")


@cache
def packaged_taxonomy() -> Taxonomy:
    """The taxonomy that comes with Consentry."""
    plain = tomllib.loads(packaged_taxonomy_text())
    laws = {key: LegalReference.model_validate(law) for key, law in plain["law"].items()}
    return Taxonomy.of(_category(entry, laws) for entry in plain["category"])


def _category(entry: Mapping[str, Any], laws: Mapping[str, LegalReference]) -> Category:
    return Category.model_validate({**entry, "law": [laws[key] for key in entry["law"]]})
