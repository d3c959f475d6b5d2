"""The part of a prompt that a finding is about, fit to be shown to an operator.

It is never for the person who asked: what was recognised would teach how not to be recognised.
"""

from __future__ import annotations

import hashlib
import unicodedata
from typing import Final, TypeAlias

from consentry.findings import UNCHECKED, Finding
from consentry.screening.decision import Decision

__all__ = ["Span", "evidence", "of_prompt", "quote", "span_of", "visible"]

Span: TypeAlias = tuple[int, int]

_LONGEST_QUOTE: Final = 80
_JOINER: Final = "\u200d"
_JOINING: Final = (  # what belongs to the character before it, besides marks
    ("\u1160", "\u11ff"),  # vowels and finals of Hangul
    ("\U0001f3fb", "\U0001f3ff"),  # skin tones
    ("\U000e0020", "\U000e007f"),  # tags of flags
)
_KEPT: Final = "\n\t\u200c\u200d\ufe0e\ufe0f"
"""Not shown as their numbers: breaks, joiners of scripts and of emoji, forms of emoji."""
_TELLING: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def of_prompt(decision: Decision, prompt: str) -> tuple[Finding, ...]:
    """What was found in the words, as opposed to a picture; not what nobody looked at."""
    digest = hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).hexdigest()
    readers = {gate.name for gate in decision.gates if gate.saw == digest}
    return tuple(
        one
        for one in decision.findings
        if one.detector in readers and one.category != UNCHECKED and "box" not in (one.where or {})
    )


def evidence(finding: Finding, prompt: str) -> str:
    """One line: what was found, in which words, by whom, and by which rule or label."""
    span = span_of(finding, prompt)
    where = f"“{quote(prompt, span)}”" if span else "the whole prompt"
    source = (finding.detail[name] for name in ("rule", "label") if name in finding.detail)
    by = ", ".join([finding.detector, *map(str, source)])
    return f"{finding.category} {finding.score:.2f} in {where} ({by})"


def span_of(finding: Finding, prompt: str | None) -> Span | None:
    """Where in the prompt it is, widened to whole characters as they are seen, or None."""
    place = (finding.where or {}).get("span")
    if prompt is None or place is None:
        return None
    start, end = (max(0, min(int(edge), len(prompt))) for edge in place)
    if start >= end:
        return None
    while start > 0 and _belongs(prompt, start):
        start -= 1
    while end < len(prompt) and _belongs(prompt, end):
        end += 1
    return start, end


def quote(prompt: str, span: Span) -> str:
    """The words of a span, as they may be shown; the middle of a long one is left out."""
    words = prompt[span[0] : span[1]]
    if len(words) > _LONGEST_QUOTE:
        half = _LONGEST_QUOTE // 2
        words = f"{words[:half]} … {words[-half:]}"
    return visible(words)


def visible(text: str) -> str:
    """`text` with each character that nobody would see, or that turns lines round, as U+… ."""
    return "".join(one if _is_seen(one) else f"⟨U+{ord(one):04X}⟩" for one in text)


def _is_seen(character: str) -> bool:
    return character in _KEPT or unicodedata.category(character) not in _TELLING


def _belongs(text: str, place: int) -> bool:
    """Whether the character at `place` is one with the one before it, as a reader sees it."""
    one = text[place]
    if unicodedata.category(one).startswith("M") or _JOINER in {one, text[place - 1]}:
        return True
    return any(first <= one <= last for first, last in _JOINING)
