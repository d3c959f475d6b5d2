"""The watch sees every commit of anybody, and says nothing where it cannot see."""

from __future__ import annotations

from sqlalchemy import create_mock_engine

from consentry.storage import open_storage
from consentry.storage.watch import ChangeWatch


def test_every_commit_changes_the_number(settings, storage):
    watch = ChangeWatch(storage._engine)
    other = open_storage(settings)
    seen = [watch.version()]
    for keys in (storage.keys, other.keys):
        keys.create("a", ["screen"])
        seen.append(watch.version())
    assert len(set(seen)) == 3
    assert watch.version() == seen[-1]
    assert storage.keys.list()
    assert watch.version() == seen[-1], "reading is no change"
    watch.close()
    other.close()


def test_a_database_that_cannot_be_asked_has_no_number(tmp_path, storage):
    watch = ChangeWatch(storage._engine)
    watch._path = str(tmp_path / "no" / "such.db")
    assert watch.version() is None
    assert ChangeWatch(create_mock_engine("postgresql://", print)).version() is None
