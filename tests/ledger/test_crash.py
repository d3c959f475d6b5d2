"""kill -9 at the worst moments: the log verifies and has lost nothing that was acknowledged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from consentry.ledger.audit import audit
from consentry.ledger.log import Log
from consentry.storage import open_storage

WORKER = Path(__file__).parent / "crash_worker.py"


@pytest.mark.slow
def test_nothing_acknowledged_is_lost(settings, tmp_path):
    from tests.ledger.crash_worker import MOMENTS

    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    seen = 0
    for turn, moment in enumerate([*MOMENTS, "any", "any", "any"]):
        diary = tmp_path / f"diary-{turn}"
        command = [sys.executable, WORKER, settings.home, diary, moment]
        done = subprocess.run(
            command, check=False, timeout=60, env=environment, capture_output=True, text=True
        )
        assert done.returncode == -9, (moment, done.stderr)
        storage = open_storage(settings)
        log = Log.open(settings, storage)
        for line in diary.read_text("ascii").splitlines() if diary.exists() else ():
            index, number, about = map(int, line.split())
            assert index >= seen
            assert json.loads(log.payload(index)) == {"n": [number, about]}, moment
        log.public.checkpoint()
        assert list(audit(settings, storage)) == [], moment
        assert log.size() >= seen
        seen = log.size()
        log.close()
        storage.close()
    assert seen > 100
