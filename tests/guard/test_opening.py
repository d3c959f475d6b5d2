"""Opening: what is loaded at once, and that nothing is left behind when it fails."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from consentry.detectors._model import ModelDetector
from consentry.detectors.prompt_rules import PromptRulesDetector
from consentry.errors import PolicyError, StorageError
from consentry.guard import Guard


@pytest.fixture
def warmed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the detectors that were warmed up, as they are."""
    names: list[str] = []
    for cls in (ModelDetector, PromptRulesDetector):
        monkeypatch.setattr(cls, "warm_up", lambda self: names.append(self.name))
    return names


def children() -> str:
    """Process ids of this process's children."""
    lists = Path("/proc/self/task").glob("*/children")
    return " ".join(one.read_text() for one in lists).strip()


@pytest.mark.parametrize(
    ("warm", "expected", "decoders"),
    [
        ((), [], 0),
        (["picture"], ["age", "explicitness", "faces"], 1),
        (["prompt"], ["prompt-rules"], 0),
        (["picture", "prompt"], ["age", "explicitness", "faces", "prompt-rules"], 1),
    ],
)
def test_what_will_come_is_made_ready_and_nothing_else(settings, warmed, warm, expected, decoders):
    with Guard.open(settings, warm=warm) as guard:
        for thread in guard._warmer._threads:
            thread.join()
        assert len(guard._decoder.pids) == decoders
    assert sorted(warmed) == expected


def test_a_policy_that_is_not_there_leaves_no_child_and_no_thread(settings, tmp_path):
    before = children(), threading.active_count()
    policy = {"policy": settings.policy.model_copy(update={"file": tmp_path / "none.toml"})}
    with pytest.raises(PolicyError) as caught:
        Guard.open(settings.model_copy(update=policy), warm=["picture"])
    assert caught.tb is not None  # what was opened is still held, and closed all the same
    assert (children(), threading.active_count()) == before


def test_a_home_that_cannot_be_used_leaves_no_child_and_no_thread(settings):
    before = children(), threading.active_count()
    settings.home.mkdir(parents=True)
    settings.home.chmod(0o777)
    with pytest.raises(StorageError) as caught:
        Guard.open(settings, warm=["picture"])
    assert caught.tb is not None  # what was opened is still held, and closed all the same
    assert (children(), threading.active_count()) == before
