"""The prompt with its marks: which pieces of the text findings are about, however they overlap."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from consentry.findings import Finding
from consentry.screening.quoting import Span, span_of, visible

__all__ = ["Piece", "number_spans", "pieces"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the prompt in which nothing begins or ends.

    Attributes:
        text: as it may be shown: unseen characters are written out.
        marks: numbers of the marks that lie over it, in order.
        starts, ends: those of them that begin, or end, with it.
    """

    text: str
    marks: tuple[int, ...] = ()
    starts: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()


def number_spans(findings: Iterable[Finding], prompt: str | None) -> dict[Span, int]:
    """Each distinct span with a number from 1, in the order of the text."""
    spans = {span for one in findings if (span := span_of(one, prompt))}
    return {span: number for number, span in enumerate(sorted(spans), 1)}


def pieces(prompt: str, numbers: Mapping[Span, int]) -> tuple[Piece, ...]:
    """The whole prompt, cut where a mark begins or ends; empty where nothing is marked."""
    if not numbers:
        return ()
    edges = sorted({0, len(prompt), *(edge for span in numbers for edge in span)})
    return tuple(_piece(prompt, start, end, numbers) for start, end in pairwise(edges))


def _piece(prompt: str, start: int, end: int, numbers: Mapping[Span, int]) -> Piece:
    over = [(span, number) for span, number in numbers.items() if span[0] <= start < span[1]]
    return Piece(
        visible(prompt[start:end]),
        tuple(number for _, number in over),
        tuple(number for span, number in over if span[0] == start),
        tuple(number for span, number in over if span[1] == end),
    )
