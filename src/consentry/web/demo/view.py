"""A `Decision` made ready to be read: what the template shows, worked out beforehand."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from consentry.findings import UNCHECKED, Action, Finding
from consentry.screening.decision import Decision, Gate
from consentry.screening.quoting import Span, of_prompt, quote, span_of
from consentry.web.demo.guarding import DemoPreview
from consentry.web.demo.veil import veil
from consentry.web.demo.wording import MATCH_FACTS, TURNS
from consentry.web.demo.words import number_spans, pieces

__all__ = ["FoundRow", "GateRow", "Mark", "PictureView", "Region", "ResultView", "show_picture"]

_LIKELY: Final = 0.01

Box: TypeAlias = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class FoundRow:
    """One finding, for a line of the table.

    Attributes:
        title: the category in plain words; the category itself where nobody gave it words.
        category: as the taxonomy spells it.
        score: 0 to 1.
        detector: who found it.
        words: the words of the prompt that it is about, if it is about words.
        whole: it is about the prompt as a whole.
        mark: number of their mark in the prompt, if they have one.
        region: number of the outline in the picture, if it has one.
        facts: further facts, as pairs of a name and a value in words.
    """

    title: str
    category: str
    score: float
    detector: str
    words: str | None
    whole: bool
    mark: int | None
    region: int | None
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Region:
    """One outlined place: its number, its box in pixels of the full picture, what is there."""

    number: int
    box: Box
    found: tuple[FoundRow, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """One marked stretch of the prompt: its number, its words, what is there."""

    number: int
    words: str
    found: tuple[FoundRow, ...]


@dataclass(frozen=True, slots=True)
class GateRow:
    """One gate, and how much of the longest gate's time it took, from 0 to 1."""

    gate: Gate
    share: float


@dataclass(frozen=True, slots=True)
class PictureView:
    """What is shown of the picture.

    Attributes:
        source: a data: address of a JPEG.
        width, height: of that JPEG, in pixels.
        full_width, full_height: of the original, in which boxes are given.
        veiled: it is grey and blurred.
    """

    source: str
    width: int
    height: int
    full_width: int
    full_height: int
    veiled: bool


def show_picture(preview: DemoPreview, action: Action) -> PictureView:
    """The preview as it may be shown after `action`: veiled unless the action releases it."""
    veiled = not action.releases
    jpeg = veil(preview.jpeg) if veiled else preview.jpeg
    return PictureView(
        f"data:image/jpeg;base64,{b64encode(jpeg).decode('ascii')}",
        preview.width,
        preview.height,
        preview.full_width,
        preview.full_height,
        veiled,
    )


class ResultView:
    """Everything that the result page shows of one decision."""

    def __init__(
        self,
        decision: Decision,
        *,
        ms: float,
        titles: Mapping[str, str],
        prompt: str | None,
        picture: PictureView | None,
    ) -> None:
        """Work it out.

        Args:
            decision: the decision.
            ms: milliseconds from the submission to the decision.
            titles: category to its plain words.
            prompt: the prompt, to quote the words that a finding is about.
            picture: what is shown of the picture, if anything may be shown.
        """
        self.decision = decision
        self.ms = ms
        self.picture = picture
        self.kept = bool(getattr(decision, "keep", False))
        spans = number_spans(decision.findings, prompt)
        boxes = _boxes(decision.findings, len(spans) + 1) if picture else {}
        said = of_prompt(decision, prompt or "")
        self.found = tuple(
            _row(
                one, titles, prompt, (spans, boxes), whole=one in said and not span_of(one, prompt)
            )
            for one in _in_order(decision.findings)
        )
        self.pieces = pieces(prompt or "", spans)
        self.marks = tuple(
            Mark(number, quote(prompt or "", span), self._found_at(mark=number))
            for span, number in spans.items()
        )
        self.regions = tuple(
            Region(number, box, self._found_at(region=number)) for box, number in boxes.items()
        )
        self.gates = _gate_rows(decision.gates)

    def _found_at(self, **place: int) -> tuple[FoundRow, ...]:
        """The rows with this number, of a mark or of a region."""
        ((kind, number),) = place.items()
        return tuple(row for row in self.found if getattr(row, kind) == number)

    @property
    def plain(self) -> str:
        """The decision as the API gives it, indented."""
        return json.dumps(self.decision.as_json(), indent=2, ensure_ascii=False)


def _in_order(findings: Sequence[Finding]) -> list[Finding]:
    """What nobody looked at first, then by score."""
    return sorted(findings, key=lambda one: (one.category != UNCHECKED, -one.score))


def _box(finding: Finding) -> Box | None:
    """Where to outline a finding; only what is in the frame that is shown, the first one."""
    where = finding.where or {}
    box = where.get("box")
    if box is None or where.get("time_s"):
        return None
    x, y, width, height = (float(number) for number in box)
    return (x, y, width, height)


def _boxes(findings: Iterable[Finding], first: int) -> dict[Box, int]:
    """Each distinct box with a number from `first`, in the order in which they were found."""
    distinct = dict.fromkeys(box for one in findings if (box := _box(one)))
    return {box: number for number, box in enumerate(distinct, first)}


def _row(
    finding: Finding,
    titles: Mapping[str, str],
    prompt: str | None,
    numbers: tuple[Mapping[Span, int], Mapping[Box, int]],
    *,
    whole: bool,
) -> FoundRow:
    span, box = span_of(finding, prompt), _box(finding)
    return FoundRow(
        titles.get(finding.category, finding.category),
        finding.category,
        finding.score,
        finding.detector,
        quote(prompt, span) if prompt and span else None,
        whole,
        numbers[0][span] if span else None,
        numbers[1].get(box) if box else None,
        tuple(_fact(name, value) for name, value in finding.detail.items()),
    )


def _fact(name: str, value: Any) -> tuple[str, str]:  # noqa: ANN401  any JSON value
    """A detail of a finding in words; the ages that are likely as parts of a hundred."""
    if name == "bins" and isinstance(value, Mapping):
        likely = ((years, share) for years, share in value.items() if share >= _LIKELY)
        return "age", ", ".join(f"{years}: {share:.0%}" for years, share in likely)
    if name == "mean_age":
        return "on average", f"{value:.0f} years"
    if name in MATCH_FACTS:
        return MATCH_FACTS[name], TURNS.get(value, _said(value))
    return name.replace("_", " "), _said(value)


def _said(value: Any) -> str:  # noqa: ANN401  any JSON value
    """A JSON value in words: numbers short, mappings and lists as an enumeration."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_said(one)}" for name, one in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(_said(one) for one in value)
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _gate_rows(gates: Sequence[Gate]) -> tuple[GateRow, ...]:
    longest = max((gate.ms for gate in gates), default=0.0) or 1.0
    return tuple(GateRow(gate, gate.ms / longest) for gate in gates)
