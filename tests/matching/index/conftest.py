"""What the tests of the index share."""

import numpy as np
import pytest

from consentry.matching.index import Change, Index, IndexOptions, MemoryChangeLog, Writing


@pytest.fixture
def hashes():
    """Some random hashes."""
    return np.random.default_rng(11).integers(0, 2**64, (4000, 4), np.uint64)


@pytest.fixture
def log():
    """An empty log."""
    return MemoryChangeLog()


@pytest.fixture
def add(log):
    """Append hashes to the log under rising ids, from `first`."""

    def add(words, first=0):
        numbered = enumerate(words.tolist(), start=first)
        return log.append(Change(entry_id, row) for entry_id, row in numbered)

    return add


@pytest.fixture
def open_index(tmp_path, log):
    """Open an index over the log; closed at the end."""
    opened = []

    def open_index(**options):
        writing = Writing(batch=700)
        index = Index(tmp_path / "index", log, IndexOptions(writing=writing, **options))
        opened.append(index)
        return index

    yield open_index
    for index in opened:
        index.close()
