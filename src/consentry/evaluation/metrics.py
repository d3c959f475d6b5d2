"""Rates with their intervals: what every claim of an evaluation is made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

__all__ = ["Rate", "wilson"]

_Z = NormalDist().inv_cdf(0.975)


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share (E. B. Wilson, JASA 22, 1927): it holds for few cases too.

    Args:
        hits: how many, from 0 to `n`.
        n: of how many, at least one.
    """
    share, z2 = hits / n, _Z * _Z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z / (1 + z2 / n) * (share * (1 - share) / n + z2 / (4 * n * n)) ** 0.5
    low = middle - half if hits else 0.0
    high = middle + half if hits < n else 1.0
    return low, high


@dataclass(frozen=True, slots=True)
class Rate:
    """So many of so many."""

    hits: int
    n: int

    @classmethod
    def of(cls, flags: Iterable[bool]) -> Rate:
        """How many are true."""
        known = list(flags)
        return cls(sum(known), len(known))

    @property
    def share(self) -> float | None:
        """From 0 to 1; None when there was nothing to count."""
        return self.hits / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's 95 % interval; None when there was nothing to count."""
        return wilson(self.hits, self.n) if self.n else None

    def __str__(self) -> str:
        """For a table: the share in per cent, its interval, and the counts."""
        if self.share is None or self.interval is None:
            return "not measured"
        low, high = self.interval
        shown = f"{100 * self.share:.1f} % ({100 * low:.1f} to {100 * high:.1f})"
        return f"{shown}, {self.hits} of {self.n}"

    def as_json(self) -> dict[str, Any]:
        """Counts, share and interval; null for what was not measured."""
        return {
            "hits": self.hits,
            "n": self.n,
            "share": self.share,
            "interval_95": None if self.interval is None else list(self.interval),
        }
