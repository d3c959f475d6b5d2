"""The gallery gives exactly what comparing everything with everything gives."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from consentry.config import LikenessSettings
from consentry.likeness import gallery as module
from consentry.likeness.gallery import Gallery
from consentry.likeness.thresholds import HIGHEST, MATCH, REVIEW, false_match_rate, thresholds


def units(count, seed):
    """Made-up templates: no face has them."""
    rows = np.random.default_rng(seed).standard_normal((count, 128)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def naive(people, probe, bar):
    best = {who: float((rows @ probe).max()) for who, rows in people.items() if len(rows)}
    return {who: cosine for who, cosine in best.items() if cosine >= bar}


@pytest.mark.parametrize("large", [False, True], ids=["float32", "8-bit first"])
def test_it_agrees_with_comparing_everything(monkeypatch, large):
    if large:
        pytest.importorskip("numba")
        monkeypatch.setattr(module, "LARGE", 1)
    rng = np.random.default_rng(1)
    people = {f"p{n}": units(int(rng.integers(1, 4)), n) for n in range(300)}
    gallery = Gallery()
    gallery.replace_many(people)
    for n in range(0, 300, 7):
        gallery.remove(f"p{n}")
        del people[f"p{n}"]
    for n in range(1, 300, 29):
        if f"p{n}" in people:
            people[f"p{n}"] = units(2, 1000 + n)
            gallery.replace(f"p{n}", people[f"p{n}"])
    assert len(gallery) == sum(map(len, people.values()))
    base = next(iter(people.values()))[0]
    probes = np.concatenate([units(40, 5), (base + 0.05 * units(10, 6))])
    probes /= np.linalg.norm(probes, axis=1, keepdims=True)
    for bar in (-1.0, 0.1, 0.2, 0.36, 0.9):
        for probe, found in zip(probes, gallery.search(probes, bar), strict=True):
            expected = naive(people, probe, bar)
            assert dict(found) == pytest.approx(expected, abs=1e-6)
            assert [one[1] for one in found] == sorted((one[1] for one in found), reverse=True)


def test_nobody_stays_in_memory_after_removal():
    gallery = Gallery()
    rows = units(3, 2)
    gallery.replace("a", rows)
    gallery.replace("b", units(2, 3))
    gallery.remove("a")
    gallery.remove("nobody")
    held = gallery._floats
    assert not any(np.isclose(held, row, atol=1e-3).all(axis=1).any() for row in rows)
    assert not (held[2:]).any()
    assert gallery.search(rows[:1], 0.9) == [[]]


def test_thresholds_rise_with_what_is_enrolled_and_never_fall_below_what_was_measured():
    settings = LikenessSettings()
    bars = [thresholds(settings, count) for count in (0, 1, 10, 100, 10_000, 1_000_000)]
    assert bars[0].match >= MATCH
    assert bars[0].review >= REVIEW
    assert all(a.match <= b.match <= HIGHEST for a, b in pairwise(bars))
    assert all(one.review <= one.match for one in bars)
    assert not bars[-1].reached  # said, not hidden


def test_the_tail_goes_through_what_was_measured():
    assert false_match_rate(0.363) == pytest.approx(0.0028)
    assert false_match_rate(0.45) == pytest.approx(0.0008)


def test_settings_win():
    given = thresholds(LikenessSettings(match=0.55, review=0.4), 1_000_000)
    assert (given.match, given.review) == (0.55, 0.4)
