"""What breaks in the real system ends in `unchecked`, a blocked output and a clear sentence."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import threading
import time
from pathlib import Path

import pytest
from PIL import Image

from consentry.config import Settings
from consentry.errors import StorageError
from consentry.findings import Action
from consentry.guard import Guard
from consentry.models.locate import locate


@pytest.fixture
def own_model(tmp_path: Path, settings: Settings):
    """An installation whose explicitness model is a file that a test may harm."""
    original = locate("open-nsfw", settings)
    copy = tmp_path / "open-nsfw.onnx"
    copy.write_bytes(original.path.read_bytes())
    digest = hashlib.sha256(copy.read_bytes()).hexdigest()
    override = {"open-nsfw": {"file": copy, "sha256": digest}}
    return copy, settings.model_copy(
        update={"models": Settings(home=settings.home, models=override).models}
    )


def gates(decision):
    return {gate.name: gate for gate in decision.gates}


def test_a_removed_model_file_blocks_the_output(own_model, cup):
    file, settings = own_model
    file.unlink()
    with Guard.open(settings) as guard:
        health = {part.name: part for part in guard.health()}
        decision = guard.check_output(cup)
    assert not health["detector:explicitness"].ready
    gate = gates(decision)["explicitness"]
    assert gate.status == "missing"
    assert str(file) in gate.note or "open-nsfw" in gate.note
    assert decision.action is Action.BLOCK
    assert "unchecked" in {finding.category for finding in decision.findings}
    assert gates(decision)["faces"].status == "checked"


def test_an_altered_model_file_blocks_the_output(own_model, cup):
    file, settings = own_model
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with Guard.open(settings) as guard:
        decision = guard.check_output(cup)
    assert gates(decision)["explicitness"].status == "missing"
    assert decision.action is Action.BLOCK


def busy(pid: int) -> int:
    """Clock ticks that the process has worked in user mode (proc(5), field 14)."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11])


def test_a_killed_decoder_child_blocks_this_output_and_not_the_next(guard, cup):
    buffer = io.BytesIO()
    Image.effect_noise((5000, 5000), 80).save(buffer, "PNG", compress_level=1)  # takes a while
    (child,) = guard._decoder.pids
    before = busy(child)
    decisions = []
    thread = threading.Thread(
        target=lambda: decisions.append(guard.check_output(buffer.getvalue()))
    )
    thread.start()
    while busy(child) < before + 5 and thread.is_alive():
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    thread.join(10)
    (decision,) = decisions
    assert gates(decision)["decode"].status == "failed"
    assert gates(decision)["decode"].note
    assert decision.action is Action.BLOCK
    assert decision.error is None
    assert gates(guard.check_output(cup))["decode"].status == "checked"


def test_without_a_stored_decision_there_is_none(settings, cup):
    with Guard.open(settings) as guard:
        guard.storage.decisions.save = lambda connection, plain: (_ for _ in ()).throw(  # noqa: ARG005
            StorageError("The disk is full.")
        )
        with pytest.raises(StorageError, match="full"):
            guard.check_upload(cup)
