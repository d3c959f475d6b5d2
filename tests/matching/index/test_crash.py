"""kill -9, twenty times, at the worst moments: nothing that was acknowledged is lost."""

import subprocess
import sys
from pathlib import Path


def test_nothing_acknowledged_is_lost(tmp_path):
    worker = Path(__file__).parent / "crash_worker.py"
    done = subprocess.run(
        [sys.executable, worker, tmp_path], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 20
