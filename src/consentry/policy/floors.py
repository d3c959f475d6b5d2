"""Floors: what no policy file can lower.

They are code, so that they cannot be switched off, put on trial or outvoted. Each judges the
highest scores over everything that was seen of one submission, its prompt and its picture
together: a photograph of a child beside words that ask to undress somebody is the same harm as
one picture that shows both. In a clip, two frames count as one submission as well.

The thresholds rest on the figures of FACTS.md, section 1, measured on benign pictures only:
explicitness is above 0.2 for 37, above 0.5 for 14 and above 0.8 for 4 of 450 of them; apparent age
above 0.02 finds 10 of 11 minors and flags 9 % of adults. How often a real case is caught is not
measured, and nobody may gather pictures to measure it here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeAlias

from consentry.findings import UNCHECKED, Action, Stage
from consentry.policy.reasons import PolicyReason

__all__ = [
    "CHILD_KNOWN",
    "CHILD_POSSIBLE",
    "CHILD_SEXUAL",
    "FLOORS_VERSION",
    "MINOR_LIKELY",
    "MINOR_POSSIBLE",
    "NEVER_KEPT",
    "NOT_CHECKED",
    "NOT_OPENED",
    "SEXUAL_LIKELY",
    "SEXUAL_POSSIBLE",
    "blind",
    "floors",
]

Scores: TypeAlias = Mapping[str, float]

FLOORS_VERSION: Final = "1"
"""Part of every policy's version; changes whenever a floor could answer differently."""

SEXUAL_LIKELY: Final = 0.5
"""3 % of benign pictures reach it: enough, together with a likely minor, to escalate."""
SEXUAL_POSSIBLE: Final = 0.2
"""8 % of benign pictures reach it: too many to escalate, few enough to stop beside a minor."""
MINOR_LIKELY: Final = 0.1
"""Five times the score that flags 9 % of adults. No model that was found separates teens from
young adults, so a higher bar would lose teens; how many adults reach this one is not measured."""
MINOR_POSSIBLE: Final = 0.02
"""Finds 10 of 11 minors and flags 9 % of adults."""

CHILD_KNOWN: Final = "floor.child-known"
CHILD_SEXUAL: Final = "floor.child-sexual"
CHILD_POSSIBLE: Final = "floor.child-possible"
NOT_CHECKED: Final = "floor.not-checked"
NOT_OPENED: Final = "floor.not-opened"

NEVER_KEPT: Final = frozenset({CHILD_KNOWN, CHILD_SEXUAL, CHILD_POSSIBLE})
"""Where one of these speaks, no rule's `keep` applies: nothing of the picture is stored."""

_SUGGESTIVE: Final = "sexual.suggestive"
_TEXTS: Final = {
    CHILD_KNOWN: (
        "This matches a list that child-protection organisations keep. It was stopped, and our "
        "child-safety team was told. Nobody here looked at the picture. If you think that the "
        "match is wrong, you can ask for a person to check it."
    ),
    CHILD_SEXUAL: (
        "This seems to be sexual and to involve somebody who may be under 18. We never make, "
        "publish or keep that, so it was stopped and our child-safety team was told. If you think "
        "that this is a mistake, you can ask for a person to check it."
    ),
    CHILD_POSSIBLE: (
        "We could not rule out that this is sexual and involves somebody under 18, so it was "
        "stopped. Everyday pictures are sometimes stopped by this check. If this is a mistake, "
        "you can ask for a person to check it, or choose another picture or other words."
    ),
    NOT_OPENED: (
        "We could not open this, so nobody could check it, and it was stopped. The reason beside "
        "this one says what to do."
    ),
    NOT_CHECKED: (
        "One of our checks could not be made, so this does not go on by itself. Please try again "
        "in a little while; if it stays like this, ask for a person to check it."
    ),
}


def floors(scores: Scores, stage: Stage, *, refused: bool = False) -> tuple[PolicyReason, ...]:
    """What the floors ask for, the strictest first; empty when they ask for nothing.

    Args:
        scores: the highest score of each category that was found, and of no other.
        stage: where on the road.
        refused: the input is at fault and was not opened.
    """
    not_opened = (NOT_OPENED, Action.BLOCK) if refused else None
    spoken = (_child(scores), not_opened, _not_checked(scores, stage))
    return tuple(
        PolicyReason(code, _TEXTS[code], action, "floor")
        for code, action in (answer for answer in spoken if answer is not None)
    )


def blind(declared: Iterable[str]) -> tuple[str, ...]:
    """The halves of the child floor that nobody can see: of "sexual" and "minor", those missing.

    Call it, for each stage where pictures are judged, with every category that a running picture
    detector declares. Where something is missing, the floor cannot work there: report `unchecked`
    in its place, so that nothing is released because nobody looked.
    """
    names = frozenset(declared)
    halves = {"sexual": any(map(_is_sexual, names)), "minor": any(map(_is_minor, names))}
    return tuple(half for half, seen in halves.items() if not seen)


def _child(scores: Scores) -> tuple[str, Action] | None:
    if "known.child_safety" in scores:
        return CHILD_KNOWN, Action.ESCALATE
    sexual, minor = _highest(scores, _is_sexual), _highest(scores, _is_minor)
    if sexual >= SEXUAL_LIKELY and minor >= MINOR_LIKELY:
        return CHILD_SEXUAL, Action.ESCALATE
    if sexual >= SEXUAL_POSSIBLE and minor >= MINOR_POSSIBLE:
        return CHILD_POSSIBLE, Action.BLOCK
    # Suggestive words alone are those of beach and fashion: they can stop, but not accuse.
    if scores.get(_SUGGESTIVE, 0.0) >= SEXUAL_LIKELY and minor >= MINOR_LIKELY:
        return CHILD_POSSIBLE, Action.BLOCK
    return None


def _not_checked(scores: Scores, stage: Stage) -> tuple[str, Action] | None:
    if UNCHECKED not in scores:
        return None
    # One half of the child floor is seen and nobody can say whether the other half is there.
    half_seen = (
        _highest(scores, _is_sexual) >= SEXUAL_LIKELY or _highest(scores, _is_minor) >= MINOR_LIKELY
    )
    if stage is Stage.OUTPUT or half_seen:
        return NOT_CHECKED, Action.REVIEW
    return None


def _is_sexual(name: str) -> bool:
    """Every sexual category but the suggestive one, an operator's own included."""
    return name == "known.intimate" or (_family(name) == "sexual" and name != _SUGGESTIVE)


def _is_minor(name: str) -> bool:
    return _family(name) == "minor"


def _family(name: str) -> str:
    return name.partition(".")[0]


def _highest(scores: Scores, belongs: Callable[[str], bool]) -> float:
    return max((score for name, score in scores.items() if belongs(name)), default=0.0)
