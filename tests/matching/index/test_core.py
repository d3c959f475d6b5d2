"""An index knows exactly what its log says, through additions, removals, merges and restarts."""

import threading
import time

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from consentry.errors import IndexBehindError, MatchIndexError
from consentry.matching.index import Change, Index, IndexOptions, MemoryChangeLog, Writing
from consentry.matching.index.selfcheck import disturbed


def ids_of(found):
    return sorted(found.entry_ids.tolist())


def test_it_is_built_from_the_log_and_finds_everything(open_index, add, hashes):
    add(hashes)
    index = open_index()
    found = index.lookup(disturbed(hashes, np.full(len(hashes), 31), np.random.default_rng(1)))
    assert found.queries.tolist() == found.entry_ids.tolist() == list(range(len(hashes)))
    assert set(found.distances.tolist()) == {31}
    assert found.sequence == len(hashes)
    assert found.complete


def test_answers_come_by_query_then_distance_then_entry(open_index, log, hashes):
    near = hashes[0].copy()
    near[3] ^= np.uint64(1)
    words = [hashes[0], near, hashes[0]]
    log.append(Change(9 - n, row.tolist()) for n, row in enumerate(words))
    found = open_index().lookup(np.stack([near, hashes[0]]))
    assert found.queries.tolist() == [0, 0, 0, 1, 1, 1]
    assert found.entry_ids.tolist() == [8, 7, 9, 7, 9, 8]
    assert found.distances.tolist() == [0, 1, 1, 0, 0, 1]


def test_a_new_hash_is_found_at_once_when_its_number_is_asked_for(open_index, add, hashes):
    index = open_index(max_lag_s=1000.0)
    index.lookup(hashes[:1])
    number = add(hashes[:1], first=70)
    assert ids_of(index.lookup(hashes[:1], at_least=number)) == [70]


def test_without_its_number_it_is_found_within_the_lag(open_index, add, hashes):
    index = open_index(max_lag_s=0.0)
    add(hashes[:1], first=71)
    assert ids_of(index.lookup(hashes[:1])) == [71]


def test_a_removed_hash_is_gone_and_one_added_again_is_back(open_index, log, add, hashes):
    add(hashes[:10])
    index = open_index(max_lag_s=0.0)
    log.append([Change(3, None)])
    assert ids_of(index.lookup(hashes[3:4])) == []
    log.append([Change(3, hashes[100].tolist())])
    assert ids_of(index.lookup(hashes[[3, 100]])) == [3]
    index.merge()
    assert ids_of(index.lookup(hashes[[3, 100]])) == [3]
    assert len(index) == 10


def test_merging_changes_nothing_that_is_answered(open_index, log, add, hashes):
    add(hashes[:1000])
    index = open_index()
    add(hashes[1000:2000], first=1000)
    log.append([Change(n, None) for n in range(0, 2000, 7)])
    expected = [n for n in range(2000) if n % 7]
    index.catch_up()
    assert ids_of(index.lookup(hashes)) == expected
    for _ in range(3):
        assert index.merge()
        assert ids_of(index.lookup(hashes)) == expected
        assert index.state().delta == 0
    assert ids_of(open_index().lookup(hashes)) == expected


def test_a_restart_reads_the_segments_and_only_the_rest_of_the_log(open_index, log, add, hashes):
    add(hashes[:500])
    open_index()
    add(hashes[500:600], first=500)
    reads = []
    read = log.read
    log.read = lambda after, limit: reads.append(after) or read(after, limit)
    assert ids_of(open_index().lookup(hashes)) == list(range(600))
    assert min(reads) == 500


def test_small_segments_are_merged_so_that_few_remain(open_index, add, hashes):
    index = open_index()
    for start in range(0, 4000, 100):
        add(hashes[start : start + 100], first=start)
        index.catch_up()
        index.merge()
    assert len(index.state().segments) <= 4
    assert ids_of(index.lookup(hashes)) == list(range(4000))


def test_a_segment_that_is_mostly_dead_is_written_anew(open_index, log, add, hashes):
    add(hashes[:1000])
    index = open_index()
    log.append([Change(n, None) for n in range(500)])
    index.catch_up()
    assert index.merge_if_due()
    assert index.state().segments == (500,)
    assert not index.merge_if_due()


def test_dead_rows_of_a_kept_segment_survive_a_merge_and_a_restart(open_index, log, add, hashes):
    add(hashes[:1000])
    index = open_index()
    log.append([Change(5, None)])
    add(hashes[2000:2010], first=2000)
    index.catch_up()
    index.merge()
    assert index.state().segments == (1000, 10)
    for one in (index, open_index()):
        assert ids_of(one.lookup(hashes[:10])) == [0, 1, 2, 3, 4, 6, 7, 8, 9]


def test_another_process_that_merges_is_followed_and_old_files_go(open_index, add, hashes):
    add(hashes[:500])
    one, other = open_index(), open_index()
    add(hashes[500:900], first=500)
    one.catch_up()
    one.merge()
    other.refresh()
    assert other.state().delta == 0
    assert other.state().segments == one.state().segments
    assert ids_of(other.lookup(hashes)) == list(range(900))
    named = one._view.manifest.files()
    assert {p.name for p in one._shelf._folder.glob("*.bin")} == named


def test_what_came_after_the_merge_of_another_is_kept(open_index, add, hashes):
    one, other = open_index(), open_index()
    add(hashes[:300])
    one.catch_up()
    add(hashes[300:350], first=300)
    other.catch_up()
    one.merge()  # one may have seen 300 only
    other.refresh()
    assert ids_of(other.lookup(hashes)) == list(range(350))
    assert other.sequence == 350


def test_only_one_merges_at_a_time(open_index, add, hashes):
    add(hashes[:10])
    one, other = open_index(), open_index()
    with one._shelf.writing() as ours:
        assert ours
        assert not other.merge()
    assert other.merge()


class BrokenLog(MemoryChangeLog):
    broken = False

    def last_sequence(self):
        if self.broken:
            raise OSError("the database is away")
        return super().last_sequence()


def test_without_its_log_it_refuses_to_answer_unless_told_to(tmp_path, hashes):
    log = BrokenLog()
    log.append([Change(1, hashes[0].tolist())])
    index = Index(tmp_path, log, IndexOptions(max_lag_s=0.0))
    log.broken = True
    with pytest.raises(IndexBehindError, match="away"):
        index.lookup(hashes[:1])
    found = index.lookup(hashes[:1], strict=False)
    assert not found.complete
    assert ids_of(found) == [1]
    log.broken = False
    assert index.lookup(hashes[:1]).complete


def test_asking_for_a_change_that_does_not_exist_is_refused(open_index, hashes):
    index = open_index()
    with pytest.raises(IndexBehindError, match="change 7"):
        index.lookup(hashes[:1], at_least=7)
    assert not index.lookup(hashes[:1], at_least=7, strict=False).complete


def test_a_log_that_became_shorter_is_not_answered_for_and_a_restart_rebuilds(tmp_path, hashes):
    log = MemoryChangeLog()
    log.append(Change(n, row) for n, row in enumerate(hashes[:20].tolist()))
    index = Index(tmp_path, log, IndexOptions(max_lag_s=0.0))
    del log._changes[10:]
    with pytest.raises(IndexBehindError, match="earlier"):
        index.lookup(hashes[:1])
    assert len(Index(tmp_path, log)) == 10


def test_an_index_of_another_log_is_not_used(tmp_path, hashes):
    first, second = MemoryChangeLog(), MemoryChangeLog()
    first.append([Change(1, hashes[0].tolist())])
    second.append([Change(1, hashes[1].tolist())])
    assert ids_of(Index(tmp_path, first).lookup(hashes[:2])) == [1]
    found = Index(tmp_path, second).lookup(hashes[:2])
    assert found.queries.tolist() == [1]


@pytest.mark.parametrize("bad", [(np.zeros((1, 3)), 31), (np.zeros(4), 31), (np.zeros((1, 4)), 32)])
def test_a_question_that_makes_no_sense_is_refused(open_index, bad):
    with pytest.raises(ValueError, match="0 to 31"):
        open_index().lookup(bad[0].astype(np.uint64), bad[1])


def test_a_folder_that_cannot_be_made_is_a_named_error(tmp_path, log):
    (tmp_path / "file").write_text("")
    with pytest.raises(MatchIndexError, match="cannot be made"):
        Index(tmp_path / "file" / "index", log)


def test_followers_see_changes_and_merge_while_lookups_run(open_index, log, add, hashes):
    add(hashes[:1000])
    index = open_index(merge_at=300, poll_s=0.005)
    other = open_index(poll_s=0.005)
    index.follow()
    other.follow()
    wrong = []

    def ask():
        while not stop.is_set():
            for one in (index, other):
                found = len(one.lookup(hashes[:1000]).queries)
                wrong.extend([found] if found != 1000 else [])

    stop = threading.Event()
    asking = threading.Thread(target=ask)
    asking.start()
    for start in range(1000, 4000, 50):
        add(hashes[start : start + 50], first=start)
        log.append(Change(n, hashes[n].tolist()) for n in range(start % 900, start % 900 + 20))
    last = log.last_sequence()
    while other.sequence < last or index.state().delta >= 300:
        time.sleep(0.01)
    stop.set()
    asking.join()
    assert not wrong
    assert ids_of(other.lookup(hashes)) == list(range(4000))


class IndexMachine(RuleBasedStateMachine):
    """Any order of adding, replacing, removing, merging and restarting equals a dictionary."""

    @initialize(seed=st.integers(0, 2**16))
    def start(self, seed):
        import tempfile
        from pathlib import Path

        self.folder = tempfile.TemporaryDirectory()
        self.random = np.random.default_rng(seed)
        self.centres = self.random.integers(0, 2**64, (3, 4), np.uint64)
        self.log = MemoryChangeLog()
        self.known = {}
        self.path = Path(self.folder.name)
        self.reopen()

    @rule()
    def reopen(self):
        writing = Writing(batch=3)
        self.index = Index(self.path, self.log, IndexOptions(max_lag_s=0.0, writing=writing))

    @rule(ids=st.lists(st.integers(0, 30), max_size=12))
    def add(self, ids):
        bits = self.random.integers(0, 40, len(ids))
        rows = self.random.integers(0, 3, len(ids))
        words = disturbed(self.centres[rows], bits, self.random)
        self.log.append(Change(i, w) for i, w in zip(ids, words.tolist(), strict=True))
        self.known.update(zip(ids, words, strict=True))

    @rule(ids=st.lists(st.integers(0, 30), max_size=6))
    def remove(self, ids):
        self.log.append(Change(i, None) for i in ids)
        for i in ids:
            self.known.pop(i, None)

    @rule()
    def merge(self):
        self.index.merge()

    @rule()
    def merge_elsewhere(self):
        Index(self.path, self.log, IndexOptions()).merge()

    @rule()
    def refresh(self):
        self.index.refresh()

    @invariant()
    def it_answers_as_a_dictionary_would(self):
        if not hasattr(self, "index"):
            return
        radius = int(self.random.integers(0, 32))
        found = self.index.lookup(self.centres, radius)
        columns = (found.queries.tolist(), found.distances.tolist(), found.entry_ids.tolist())
        got = list(zip(*columns, strict=True))
        expected = sorted(
            (place, int(np.bitwise_count(centre ^ words).sum()), entry)
            for place, centre in enumerate(self.centres)
            for entry, words in self.known.items()
            if np.bitwise_count(centre ^ words).sum() <= radius
        )
        assert got == expected
        assert len(self.index) == len(self.known)

    def teardown(self):
        if hasattr(self, "folder"):
            self.index.close()
            self.folder.cleanup()


TestIndexMachine = IndexMachine.TestCase
TestIndexMachine.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)
