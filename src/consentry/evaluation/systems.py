"""What is evaluated: our detectors at the shipped threshold, and the baselines beside them."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from consentry.config import DetectorSettings, Settings
from consentry.detectors.contract import Detector
from consentry.detectors.loading import load_detectors
from consentry.errors import InputError
from consentry.evaluation.rows import CATEGORIES, Row
from consentry.findings import Finding
from consentry.media.normalise import fold

__all__ = ["THRESHOLD", "Ours", "Peer", "System", "WordList"]

THRESHOLD: Final = 0.5
"""What the rules of the default policy about prompts ask for."""


class System(Protocol):
    """Something that says of each row whether it is harmful."""

    @property
    def name(self) -> str:
        """For the table."""
        ...

    @property
    def version(self) -> str:
        """What was measured."""
        ...

    def flag(self, rows: Sequence[Row]) -> list[bool]:
        """One answer for each row, in order."""
        ...


class Ours:
    """The detectors of prompts that these settings ask for."""

    name = "Consentry"

    def __init__(self, settings: Settings) -> None:
        """Build the detectors and load what is heavy.

        Raises:
            ConsentryError: one of them cannot be built or loaded.
        """
        self._detectors = [one for one in load_detectors(settings).active if one.kind == "prompt"]
        for one in self._detectors:
            one.warm_up()
        self.version = ", ".join(f"{one.name} {one.version}" for one in self._detectors)

    @classmethod
    def only(cls, *names: str) -> Ours:
        """Only the detectors of these names: name those that they need as well."""
        others = (one.name for one in load_detectors(Settings()).active if one.name not in names)
        return cls(Settings(detectors=DetectorSettings(disabled=tuple(others))))

    def findings(self, row: Row) -> list[Finding]:
        """Everything that is found in a row."""
        seen: dict[str, Sequence[Finding]] = {}
        for one in self._detectors:
            seen[one.name] = one.detect(row.prompt, _needed(one, seen))
        return [finding for found in seen.values() for finding in found]

    def flag(self, rows: Sequence[Row]) -> list[bool]:
        """Whether something of the row's own category is found with `THRESHOLD` or more."""
        return [_is_seen(self.findings(row), row.category) for row in rows]


@dataclass(frozen=True, slots=True)
class WordList:
    """The plainest baseline: is one of these words in the text? It knows no categories.

    Attributes:
        name: for the table.
        words: folded; a word of Chinese, Japanese or Korean is found inside other writing too.
    """

    name: str
    words: frozenset[str]

    @classmethod
    def of(cls, name: str, words: Iterable[str]) -> WordList:
        """Fold `words` and leave out what is empty."""
        return cls(name, frozenset(folded for word in words if (folded := fold(word).strip())))

    @property
    def version(self) -> str:
        """How many words it has."""
        return f"{len(self.words)} words"

    def flag(self, rows: Sequence[Row]) -> list[bool]:
        """One answer for each row, in order."""
        ordered = sorted(self.words, key=lambda word: (-len(word), word))
        bounded = "|".join(re.escape(word) for word in ordered if not _is_unspaced(word))
        inside = [word for word in ordered if _is_unspaced(word)]
        pattern = re.compile(rf"(?<!\w)(?:{bounded})(?!\w)") if bounded else None
        texts = [fold(row.text) for row in rows]
        return [
            bool(pattern and pattern.search(text)) or any(word in text for word in inside)
            for text in texts
        ]


@dataclass(frozen=True, slots=True)
class Peer:
    """Another program: it reads one text a line and prints one score from 0 to 1 a line."""

    name: str
    command: str
    version: str = "as installed"

    def flag(self, rows: Sequence[Row]) -> list[bool]:
        """One answer for each row, in order.

        Raises:
            InputError: it cannot be started, fails, or does not answer each line with a number.
        """
        texts = "".join(" ".join(row.text.split()) + "\n" for row in rows)
        try:
            done = subprocess.run(  # noqa: S603  the operator named it on the command line
                shlex.split(self.command), input=texts, capture_output=True, text=True, check=True
            )
            scores = [float(line) for line in done.stdout.splitlines()]
        except (OSError, ValueError, subprocess.CalledProcessError) as error:
            raise InputError(f"The peer {self.name} could not be asked: {error}.") from error
        if len(scores) != len(rows):
            raise InputError(
                f"The peer {self.name} gave {len(scores)} scores for {len(rows)} texts."
            )
        return [score >= THRESHOLD for score in scores]


def _needed(one: Detector, seen: dict[str, Sequence[Finding]]) -> dict[str, Sequence[Finding]]:
    return {name: seen[name] for name in one.needs}


def _is_seen(findings: Iterable[Finding], category: str) -> bool:
    wanted = CATEGORIES[category]
    return any(one.category in wanted and one.score >= THRESHOLD for one in findings)


def _is_unspaced(word: str) -> bool:
    return any("\u3041" <= letter <= "\ud7a3" for letter in word)
