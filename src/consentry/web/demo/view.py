"""A `Decision` made ready to be read: what the template shows, worked out beforehand."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from consentry.findings import UNCHECKED, Action, Finding
from consentry.screening.decision import Decision, Gate
from consentry.web.demo.guarding import DemoPreview
from consentry.web.demo.veil import veil
from consentry.web.demo.wording import MATCH_FACTS, TURNS

__all__ = ["FoundRow", "GateRow", "PictureView", "Region", "ResultView", "show_picture"]

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
        region: number of the outline in the picture, if it has one.
        facts: further facts, as pairs of a name and a value in words.
    """

    title: str
    category: str
    score: float
    detector: str
    words: str | None
    region: int | None
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Region:
    """One outlined place: its number, its box in pixels of the full picture, what is there."""

    number: int
    box: Box
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
        boxes = _boxes(decision.findings) if picture else {}
        self.found = tuple(
            _row(one, titles, prompt, _number(one, boxes)) for one in _in_order(decision.findings)
        )
        self.regions = tuple(
            Region(number, box, tuple(row for row in self.found if row.region == number))
            for box, number in boxes.items()
        )
        self.gates = _gate_rows(decision.gates)

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


def _boxes(findings: Iterable[Finding]) -> dict[Box, int]:
    """Each distinct box with a number from 1, in the order in which they were found."""
    distinct = dict.fromkeys(box for one in findings if (box := _box(one)))
    return {box: number for number, box in enumerate(distinct, 1)}


def _number(finding: Finding, boxes: Mapping[Box, int]) -> int | None:
    box = _box(finding)
    return None if box is None else boxes.get(box)


def _row(
    finding: Finding, titles: Mapping[str, str], prompt: str | None, region: int | None
) -> FoundRow:
    span = (finding.where or {}).get("span")
    return FoundRow(
        titles.get(finding.category, finding.category),
        finding.category,
        finding.score,
        finding.detector,
        prompt[span[0] : span[1]] if prompt and span else None,
        region,
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
