"""From which cosine a face counts as an enrolled person's, by the number of templates enrolled.

The more are enrolled, the likelier a stranger resembles one of them: with n templates and a rate f
of false matches in one comparison, 1 - (1 - f)^n. The rate is taken from two measured points of
SFace (docs/decisions/0008): 0.28 % at 0.363 and 0.08 % at 0.45, on 2,475 impostor pairs, through
which a normal tail is laid. Beyond 0.45 that is extrapolation from two matches, and no measurement:
an operator with a lawful set of their own measures it with `consentry person calibrate`.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

from consentry.config import LikenessSettings

__all__ = ["HIGHEST", "MATCH", "MEASURED", "REVIEW", "Thresholds", "false_match_rate", "thresholds"]

MATCH: Final = 0.45
REVIEW: Final = 0.36
"""The lowest thresholds, whatever is enrolled: those that were measured."""

HIGHEST: Final = 0.6
"""Above it, pictures of one person years apart are no longer recognised: 0.61 was measured for
one such pair. Where the target would need more, it is not reached, and `aims` says what is."""

MEASURED: Final = ((0.363, 0.0028), (0.45, 0.0008))
"""Cosine and rate of false matches."""

_REVIEW_FACTOR: Final = 10.0  # as many strangers may be left to a person to look at


def _tail() -> NormalDist:
    (low, often), (high, seldom) = MEASURED
    unit = NormalDist()
    first, second = unit.inv_cdf(1 - often), unit.inv_cdf(1 - seldom)
    spread = (high - low) / (second - first)
    return NormalDist(low - first * spread, spread)


_IMPOSTORS: Final = _tail()


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The thresholds in force.

    Attributes:
        match: cosine from which a face is taken for an enrolled person's.
        review: cosine from which a person looks.
        chance: that one stranger is taken for anybody, as estimated; see the module.
        reached: whether that is within the target.
    """

    match: float
    review: float
    chance: float
    reached: bool


def false_match_rate(cosine: float) -> float:
    """The estimated share of comparisons with strangers at or above `cosine`."""
    return 1 - _IMPOSTORS.cdf(cosine)


def thresholds(settings: LikenessSettings, templates: int) -> Thresholds:
    """The thresholds for a gallery of so many templates; settings that are given win."""
    target = settings.false_match_target
    match = settings.match
    if match is None:
        match = _bounded(_needed(target, templates), MATCH)
    review = settings.review
    if review is None:
        wanted = _needed(min(0.5, target * _REVIEW_FACTOR), templates)
        review = min(match, _bounded(wanted, REVIEW))
    chance = 1 - (1 - false_match_rate(match)) ** templates
    return Thresholds(match, min(match, review), chance, chance <= target)


def _needed(target: float, templates: int) -> float:
    """The cosine at which a search among so many has a chance of `target` to match a stranger."""
    each = 1 - (1 - min(max(target, 1e-12), 0.999)) ** (1 / max(1, templates))
    return _IMPOSTORS.inv_cdf(min(max(1 - each, 1e-9), 1 - 1e-15))


def _bounded(cosine: float, least: float) -> float:
    return round(min(max(cosine, least), HIGHEST), 3)
