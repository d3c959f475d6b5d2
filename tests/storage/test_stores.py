"""Decisions and policies: saved once, read back the same."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.support.postgres import DATABASES, settings_on

from consentry.errors import NotFoundError, StorageError
from consentry.storage.database import storage_errors


@pytest.fixture(params=DATABASES)
def settings(request, tmp_path):
    return settings_on(request, tmp_path / "home")


def _decision(number, stage="output", action="block"):
    return {
        "id": f"{number:032x}",
        "created_at": f"2026-11-23T10:00:{number // 2:02d}.000000+00:00",
        "stage": stage,
        "action": action,
        "input": "sha256:" + "0" * 64,
        "policy": "sha256:" + "1" * 64,
        "findings": [{"category": "face", "score": 0.5, "where": None, "word": "für"}],
    }


def save(storage, decision):
    with storage_errors(), storage._engine.begin() as connection:
        storage.decisions.save(connection, decision)


def test_a_decision_comes_back_as_it_was_saved(storage):
    save(storage, _decision(1))
    assert storage.decisions.get(f"{1:032x}") == _decision(1)


def test_an_id_is_saved_once(storage):
    save(storage, _decision(1))
    with pytest.raises(StorageError):
        save(storage, _decision(1))


def test_an_unknown_decision_is_not_found(storage):
    with pytest.raises(NotFoundError):
        storage.decisions.get("0" * 32)


def test_pages_go_back_in_time_without_gaps(storage):
    for number in range(10):  # two of each second
        save(storage, _decision(number))
    pages, last = [], None
    while page := storage.decisions.list(limit=3, before=last):
        pages.append(page)
        last = page[-1]["id"]
    numbers = [int(one["id"], 16) for page in pages for one in page]
    assert numbers == list(range(9, -1, -1))


def test_lists_keep_to_stage_and_action(storage):
    save(storage, _decision(1, stage="prompt", action="allow"))
    save(storage, _decision(2, stage="prompt", action="block"))
    save(storage, _decision(3, stage="output", action="block"))
    assert len(storage.decisions.list(stage="prompt")) == 2
    assert len(storage.decisions.list(stage="prompt", action="block")) == 1


def test_threads_save_side_by_side(storage):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: save(storage, _decision(number)), range(200)))
    assert len(storage.decisions.list(limit=1000)) == 200


def test_a_policy_is_kept_under_its_version(storage):
    storage.policies.remember("sha256:a", "[[rules]]")
    storage.policies.remember("sha256:a", "something else")
    assert storage.policies.source("sha256:a") == "[[rules]]"
    with pytest.raises(NotFoundError):
        storage.policies.source("sha256:b")


def test_a_living_database_answers(storage):
    storage.ping()
