"""Searching a gallery of 1,000, 100,000 and 1,000,000 templates, one probe at a time.

The templates are made up: random directions, which no face has. The time does not depend on that;
how often faces are confused does, and is not measured here. The peer is what everybody would
write: a product in float32 and a sort.
"""

from __future__ import annotations

from functools import partial
from time import perf_counter, sleep

import numpy as np
from common import median, milliseconds, table

from consentry.likeness.gallery import Gallery

SIZES = ((1_000, ""), (100_000, "at most 2 ms"), (1_000_000, "at most 20 ms"))
PROBES = 60
BAR = 0.36


def units(count: int, seed: int) -> np.ndarray:
    """Random directions."""
    rows = np.random.default_rng(seed).standard_normal((count, 128), dtype=np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def main() -> None:
    """Measure and print."""
    rows: list[tuple[str, str, str]] = [("enrolled", "one probe, median", "limit or peer")]
    for count, limit in SIZES:
        gallery, people = _filled(count)
        probes = units(PROBES, 7)
        gallery.search(probes[:2], BAR)
        ours, theirs = _timed(gallery, people, probes)
        rows += [
            (f"{count:,}", f"{median(ours):.2f} ms", limit),
            ("  product and sort", f"{median(theirs):.2f} ms", _times(theirs, ours)),
            ("  replacing one person", f"{_replaced(gallery):.2f} ms", ""),
        ]
    table(rows)


def _filled(count: int) -> tuple[Gallery, np.ndarray]:
    people = units(count, 1)
    gallery = Gallery()
    gallery.replace_many({str(n): people[n : n + 1] for n in range(count)})
    return gallery, people


def _timed(
    gallery: Gallery, people: np.ndarray, probes: np.ndarray
) -> tuple[list[float], list[float]]:
    """Milliseconds of each, one after the other, ours in two halves around theirs.

    Not in turn: the threads of the peer's library spin on for a while and would stand in our way.
    """
    half = len(probes) // 2
    ours = [milliseconds(partial(gallery.search, one[None], BAR)) for one in probes[:half]]
    theirs = [milliseconds(partial(_peer, people, one)) for one in probes]
    sleep(0.5)
    ours += [milliseconds(partial(gallery.search, one[None], BAR)) for one in probes[half:]]
    return ours, theirs


def _peer(people: np.ndarray, probe: np.ndarray) -> None:
    np.argsort(-(people @ probe))[:1]


def _times(theirs: list[float], ours: list[float]) -> str:
    return f"ours: {median(theirs) / median(ours):.1f} times"


def _replaced(gallery: Gallery) -> float:
    started = perf_counter()
    gallery.replace("1", units(3, 9))
    return (perf_counter() - started) * 1000


if __name__ == "__main__":
    main()
