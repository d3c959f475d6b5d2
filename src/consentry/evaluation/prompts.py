"""The suite `prompts`: rows and systems in, rates by category, language and disguise out."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from consentry import __version__
from consentry.evaluation.disguises import DISGUISES, disguise
from consentry.evaluation.metrics import Rate
from consentry.evaluation.rows import Row
from consentry.evaluation.systems import THRESHOLD, System

__all__ = ["Cell", "Result", "Source", "evaluate_prompts", "undisguised"]

_DISGUISED: Final = ("sexual", "undress")


@dataclass(frozen=True, slots=True)
class Source:
    """Where rows came from: a name, and the SHA-256 of the file."""

    name: str
    sha256: str
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Cell:
    """One measured rate.

    Attributes:
        system: whose.
        category: a category of rows, or `captions`.
        harmful: True for recall, False for false alarms.
        lang: of the rows, or `all`.
        disguise: how the rows were written, `plain`, or `undisguised(kind)`.
        rate: what came out.
    """

    system: str
    category: str
    harmful: bool
    lang: str
    disguise: str
    rate: Rate


@dataclass(frozen=True, slots=True)
class Result:
    """Everything that a report says.

    Attributes:
        cells: every rate.
        systems: name and version of each system, ours first.
        sources: name, digest and number of rows of each file.
        seed: of the disguises.
        repeat: the command that gives the same again.
    """

    cells: Sequence[Cell]
    systems: Sequence[tuple[str, str]]
    sources: Sequence[tuple[str, str, int]]
    seed: int
    repeat: str
    environment: str = field(
        default_factory=lambda: f"Consentry {__version__}, Python {platform.python_version()}"
    )

    def rate(
        self,
        category: str,
        *,
        harmful: bool,
        system: str | None = None,
        lang: str = "all",
        disguise: str = "plain",
    ) -> Rate:
        """One rate, of our system if none is named; of nothing if it was not measured."""
        wanted = (system or self.systems[0][0], category, harmful, lang, disguise)
        for one in self.cells:
            if (one.system, one.category, one.harmful, one.lang, one.disguise) == wanted:
                return one.rate
        return Rate(0, 0)

    def values(self, get: Callable[[Cell], str]) -> list[str]:
        """The different values of a fact, `all` and `plain` first."""
        found = dict.fromkeys(get(one) for one in self.cells)
        return sorted(found, key=lambda value: (value not in {"all", "plain"}, value))

    def as_json(self) -> dict[str, Any]:
        """Plain data, for machines."""
        return {
            "suite": "prompts",
            "threshold": THRESHOLD,
            "seed": self.seed,
            "repeat": self.repeat,
            "environment": self.environment,
            "systems": [{"name": name, "version": version} for name, version in self.systems],
            "sources": [
                {"name": name, "sha256": digest, "rows": count}
                for name, digest, count in self.sources
            ],
            "rates": [
                {
                    "system": one.system,
                    "category": one.category,
                    "what": "recall" if one.harmful else "false alarms",
                    "lang": one.lang,
                    "disguise": one.disguise,
                    **one.rate.as_json(),
                }
                for one in self.cells
            ],
        }


def undisguised(kind: str) -> str:
    """The name of the plain rows of which a disguise changed something: what it is held against."""
    return f"{kind}, plain"


def evaluate_prompts(
    labelled: Source, benign: Source | None, systems: Sequence[System], seed: int, repeat: str
) -> Result:
    """Measure every system on the same rows, plain and disguised."""
    cells: list[Cell] = []
    for system in systems:
        plain = system.flag(labelled.rows)
        cells += _cells(system, labelled.rows, "plain", plain)
        known = dict(zip((row.id for row in labelled.rows), plain, strict=True))
        for kind in DISGUISES:
            rows = _disguised(labelled.rows, kind, seed)
            cells += _cells(system, rows, kind, system.flag(rows) if rows else [])
            cells += _cells(system, rows, undisguised(kind), [known[row.id] for row in rows])
        if benign is not None:
            cells.append(_captions(system, benign))
    sources = [one for one in (labelled, benign) if one is not None]
    return Result(
        cells,
        [(one.name, one.version) for one in systems],
        [(one.name, one.sha256, len(one.rows)) for one in sources],
        seed,
        repeat,
    )


def _captions(system: System, benign: Source) -> Cell:
    rate = Rate.of(system.flag(benign.rows))
    return Cell(system.name, "captions", harmful=False, lang="all", disguise="plain", rate=rate)


def _disguised(rows: Iterable[Row], kind: str, seed: int) -> list[Row]:
    """The harmful rows that the disguise changes; those in other writing it may leave alone."""
    wanted = (row for row in rows if row.harmful and row.category in _DISGUISED)
    changed = (replace(row, text=disguise(row.text, kind, seed)) for row in wanted)
    plain = {row.id: row.text for row in rows}
    return [row for row in changed if row.text != plain[row.id]]


def _cells(system: System, rows: Sequence[Row], kind: str, flags: Sequence[bool]) -> list[Cell]:
    groups: dict[tuple[str, bool, str], list[bool]] = {}
    for row, flag in zip(rows, flags, strict=True):
        for lang in ("all", row.lang) if kind == "plain" else ("all",):
            groups.setdefault((row.category, row.harmful, lang), []).append(flag)
    return [
        Cell(system.name, category, harmful, lang, kind, Rate.of(found))
        for (category, harmful, lang), found in sorted(groups.items())
    ]
