"""`Gallery`: every enrolled template in memory, and exact search over all of them.

Few templates are compared in float32. From `LARGE` on, 8-bit copies are compared first, with a
bound on what rounding can have cost: for unit vectors x, y and their rounded copies x', y',
|x·y - x'·y'| <= |x - x'| + |y - y'| |x'| (Cauchy-Schwarz). Whatever could reach the bar by that
bound is compared in float32, so no match is missed and none is added.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from consentry.likeness.persons import DIMENSIONS

__all__ = ["LARGE", "Gallery"]

Floats = NDArray[np.float32]
Bytes = NDArray[np.int8]

LARGE: Final = 50_000
"""Templates from which the 8-bit copies pay, where numba is installed (the extra `matching`)."""

_STEPS: Final = np.float32(127)
A = TypeVar("A", bound=NDArray[Any])
_FIRST: Final = 64
_SLACK: Final = 1e-5  # for the rounding of float32 sums themselves


class Gallery:
    """Templates by person; threads may share it.

    A person who is removed is gone for every search that begins afterwards, and the memory that
    held the templates is overwritten.
    """

    def __init__(self) -> None:
        """Nobody."""
        self._lock = threading.RLock()
        self._floats = np.zeros((_FIRST, DIMENSIONS), np.float32)
        self._bytes = np.zeros((_FIRST, DIMENSIONS), np.int8)
        self._scales = np.zeros(_FIRST, np.float32)
        self._errors = np.zeros(_FIRST, np.float32)
        self._owners: list[str] = []
        self._places: dict[str, set[int]] = {}

    def __len__(self) -> int:
        """How many templates there are."""
        return len(self._owners)

    def replace(self, person_id: str, templates: Floats) -> None:
        """Put the templates of a person, (n, 128) of unit length, in place of earlier ones."""
        self.replace_many({person_id: templates})

    def replace_many(self, people: Mapping[str, Floats]) -> None:
        """The same for many persons, in one go."""
        with self._lock:
            for person_id in people:
                self.remove(person_id)
            rows = np.concatenate([np.empty((0, DIMENSIONS), np.float32), *people.values()])
            first, end = len(self), len(self) + len(rows)
            self._make_room(end)
            self._floats[first:end] = rows
            codes, scales, errors = _rounded(rows)
            self._bytes[first:end], self._scales[first:end] = codes, scales
            self._errors[first:end] = errors
            for person_id, templates in people.items():
                place = len(self._owners)
                self._places[person_id] = set(range(place, place + len(templates)))
                self._owners += [person_id] * len(templates)

    def remove(self, person_id: str) -> None:
        """Remove a person's templates; somebody who has none is no error."""
        with self._lock:
            for place in sorted(self._places.pop(person_id, ()), reverse=True):
                self._fill(place)

    def search(self, probes: Floats, bar: float) -> list[list[tuple[str, float]]]:
        """Who is at least as close as `bar` to each probe: exact.

        Args:
            probes: (n, 128), of unit length; not kept.
            bar: cosine, -1 to 1.

        Returns:
            For each probe, each person with the cosine of the nearest of their templates, the
            nearest person first; empty where nobody reaches the bar.
        """
        with self._lock:
            return [self._nearest(one, bar) for one in probes]

    def _nearest(self, probe: Floats, bar: float) -> list[tuple[str, float]]:
        places, cosines = self._reaching(probe, bar)
        best: dict[str, float] = {}
        for place, cosine in zip(places.tolist(), cosines.tolist(), strict=True):
            owner = self._owners[place]
            best[owner] = max(cosine, best.get(owner, -1.0))
        return sorted(best.items(), key=lambda one: -one[1])

    def _reaching(self, probe: Floats, bar: float) -> tuple[NDArray[np.intp], Floats]:
        count = len(self)
        scan = _kernel() if count >= LARGE else None
        if scan is None:
            cosines = self._floats[:count] @ probe
            places = np.flatnonzero(cosines >= bar)
            return places, cosines[places]
        codes, scales, errors = _rounded(probe[None])
        # |x - x'| |y'| + |y - y'|, where the rounded probe y' is no longer than 1 + its error.
        grow, base = np.float32(1 + errors[0]), np.float32(bar - errors[0] - _SLACK)
        near = np.empty(count, np.bool_)
        rows = (self._bytes[:count], self._scales[:count], self._errors[:count])
        scan(*rows, codes[0], scales[0], grow, base, near)
        places = np.flatnonzero(near)
        cosines = self._floats[places] @ probe
        reach = cosines >= bar
        return places[reach], cosines[reach]

    def _make_room(self, count: int) -> None:
        room = len(self._floats)
        if count <= room:
            return
        larger = max(count, room + room // 4 + _FIRST)
        self._floats = _grown(self._floats, larger)
        self._bytes = _grown(self._bytes, larger)
        self._scales = _grown(self._scales, larger)
        self._errors = _grown(self._errors, larger)

    def _fill(self, place: int) -> None:
        """Put the last template in the place of a removed one, and overwrite what it leaves."""
        last = len(self) - 1
        for rows in (self._floats, self._bytes, self._scales, self._errors):
            rows[place] = rows[last]
            rows[last] = 0
        owner = self._owners.pop()
        if place == last:
            return
        self._owners[place] = owner
        self._places[owner].discard(last)
        self._places[owner].add(place)


def _grown(rows: A, count: int) -> A:
    """The same in more room; the rest is zero, and costs no memory before it is used."""
    larger = np.zeros((count, *rows.shape[1:]), rows.dtype)
    larger[: len(rows)] = rows
    rows.fill(0)  # templates do not stay behind in freed memory
    return larger  # type: ignore[return-value]  # of the shape and kind that it was


def _rounded(rows: Floats) -> tuple[Bytes, Floats, Floats]:
    """8-bit codes, the length of a step for each row, and how far each row was moved."""
    steps = np.abs(rows).max(axis=1, initial=np.float32(1e-9)) / _STEPS
    codes = np.rint(rows / steps[:, None]).astype(np.int8)
    moved = np.linalg.norm(rows - codes * steps[:, None], axis=1)
    return codes, steps.astype(np.float32), moved.astype(np.float32)


Scan = Callable[..., None]
_compiled: dict[str, Scan | None] = {}


def _kernel() -> Scan | None:
    """The compiled comparison, or None where numba is not installed."""
    if "scan" not in _compiled:
        try:
            from consentry.likeness.gallery_kernel import scan
        except ImportError:
            _compiled["scan"] = None
        else:
            _compiled["scan"] = scan
    return _compiled["scan"]
