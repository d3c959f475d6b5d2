"""Nothing within the distance is missed and nothing is invented, by any layout, at any distance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consentry.matching.index import compact_tables, tables
from consentry.matching.index.delta import Delta
from consentry.matching.index.log import Changes
from consentry.matching.index.segment import Segment, build_segment
from consentry.matching.index.selfcheck import disturbed

LAYOUTS = ["fast", "compact", "delta"]


def brute(hashes, queries, radius):
    off = np.bitwise_count(queries[:, None, :] ^ hashes[None, :, :]).sum(2)
    which, rows = np.nonzero(off <= radius)
    found = zip(which.tolist(), rows.tolist(), off[which, rows].tolist(), strict=True)
    return sorted(found)


class Searcher:
    """Any layout, asked the same way."""

    def __init__(self, layout, hashes, folder):
        ids = np.arange(len(hashes), dtype=np.uint64)
        self.dead = np.zeros((len(hashes) + 7) // 8, np.uint8)
        self.store = None
        if layout == "delta":
            self.store = Delta()
            sequences = np.arange(1, len(hashes) + 1)
            self.store.apply(Changes(sequences, ids, np.zeros(len(hashes), bool), hashes))
        else:
            path = folder / f"{layout}.bin"
            build_segment(path, ids, hashes, layout)
            self.segment = Segment(path)

    def __call__(self, queries, radius):
        if self.store is not None:
            hits = self.store.search(queries, radius)
        else:
            hits = self.segment.search(queries, radius, self.dead)
        columns = (hits.queries.tolist(), hits.entry_ids.tolist(), hits.distances.tolist())
        return sorted(zip(*columns, strict=True))


def random_hashes(count, seed):
    return np.random.default_rng(seed).integers(0, 2**64, (count, 4), np.uint64)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_distance_is_found_at_every_radius(layout, tmp_path):
    random = np.random.default_rng(5)
    hashes = random_hashes(20_000, 1)
    search = Searcher(layout, hashes, tmp_path)
    rows = random.integers(0, len(hashes), 34 * 40)
    bits = np.repeat(np.arange(34), 40)
    queries = disturbed(hashes[rows], bits, random)
    for radius in range(32):
        found = search(queries, radius)
        expected = [
            (place, int(rows[place]), int(bits[place]))
            for place in range(len(queries))
            if bits[place] <= radius
        ]
        assert found == expected, radius


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("spread", [0, 3, 20, 45])
def test_clusters_of_near_identical_hashes_are_found_whole(layout, spread, tmp_path):
    random = np.random.default_rng(spread)
    centres = random_hashes(8, 2)
    bits = random.integers(0, spread + 1, 8 * 150)
    hashes = disturbed(centres.repeat(150, axis=0), bits, random)
    search = Searcher(layout, hashes, tmp_path)
    queries = np.vstack([centres, disturbed(centres, np.full(8, 16), random)])
    for radius in (0, 1, 15, 16, 30, 31):
        assert search(queries, radius) == brute(hashes, queries, radius)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_errors_laid_out_to_evade_the_tables_are_found(layout, tmp_path):
    """Two bits in each of 15 chunks and one in the last, or all in a few neighbouring chunks."""
    masks = []
    for spare in range(16):
        mask = np.zeros(256, np.uint8)
        for chunk in range(16):
            mask[chunk * 16 : chunk * 16 + (1 if chunk == spare else 2)] = 1
        masks.append(mask)
        block = np.zeros(256, np.uint8)
        block[(spare * 16 + np.arange(31)) % 256] = 1
        masks.append(block)
    for table in range(12):
        low, _ = compact_tables.LIMITS[table : table + 2]
        mask = np.zeros(256, np.uint8)
        for other in range(12):
            start = compact_tables.LIMITS[other]
            mask[start : start + (3 if other < 8 else 2)] = 1
        mask[low] = 0
        masks.append(mask)
    words = np.packbits(np.array(masks), axis=1).view(">u8").astype(np.uint64)
    base = random_hashes(1, 3)
    search = Searcher(layout, np.vstack([base, random_hashes(500, 4)]), tmp_path)
    expected = [(place, 0, 31) for place in range(len(words))]
    assert search(base ^ words, 31) == expected
    assert search(base ^ words, 30) == []


@pytest.mark.parametrize("layout", LAYOUTS)
def test_more_matches_than_anybody_expected_all_come_back(layout, tmp_path):
    hashes = np.zeros((5000, 4), np.uint64)
    found = Searcher(layout, hashes, tmp_path)(np.zeros((3, 4), np.uint64), 31)
    assert found == [(query, row, 0) for query in range(3) for row in range(5000)]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_small_set_gives_what_brute_force_gives(data, tmp_path_factory):
    bit = st.integers(0, 255)
    flips = st.lists(bit, max_size=36)
    few = data.draw(st.lists(st.tuples(st.integers(0, 2), flips), min_size=1, max_size=30))
    asked = data.draw(st.lists(st.tuples(st.integers(0, 2), flips), min_size=1, max_size=6))
    radius = data.draw(st.integers(0, 31))
    centres = random_hashes(3, data.draw(st.integers(0, 9)))

    def build(items):
        rows = []
        for centre, turned in items:
            mask = np.zeros(256, np.uint8)
            mask[turned] = 1
            rows.append(centres[centre] ^ np.packbits(mask).view(">u8").astype(np.uint64))
        return np.array(rows, np.uint64).reshape(-1, 4)

    hashes, queries = build(few), build(asked)
    expected = brute(hashes, queries, radius)
    for layout in ("fast", "delta"):
        folder = tmp_path_factory.mktemp("segment")
        assert Searcher(layout, hashes, folder)(queries, radius) == expected


def test_dead_rows_are_not_found(tmp_path):
    hashes = random_hashes(100, 6)
    for layout in ("fast", "compact"):
        search = Searcher(layout, hashes, tmp_path)
        search.dead[17 >> 3] |= 1 << (17 & 7)
        found = search(hashes, 31)
        assert [row for _, row, _ in found] == [row for row in range(100) if row != 17]


def test_an_empty_segment_answers(tmp_path):
    search = Searcher("fast", np.empty((0, 4), np.uint64), tmp_path)
    assert search(random_hashes(2, 1), 31) == []


def test_each_table_of_the_fast_layout_is_needed(tmp_path):
    """The bound is tight: without one table, something within 31 bits is lost."""
    base = random_hashes(1, 7)
    mask = np.zeros(256, np.uint8)
    for chunk in range(16):
        mask[chunk * 16 : chunk * 16 + (1 if chunk == 3 else 2)] = 1
    query = base ^ np.packbits(mask).view(">u8").astype(np.uint64)
    search = Searcher("fast", base, tmp_path)
    arrays = {name: array.copy() for name, array in search.segment.arrays.items()}
    search.segment.arrays = arrays
    assert len(search(query, 31)) == 1
    arrays["starts"][3] = 0
    assert search(query, 31) == []
    assert tables.TABLES == 16
