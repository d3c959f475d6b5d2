"""kill -9 at the worst moments loses nothing; two processes never disagree for long."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import pytest
from tests.matching.banks.conftest import environment, pdq

from consentry.matching.banks import NewContent
from consentry.matching.banks.logs import SignalLog

HERE = Path(__file__).parent


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_and_nothing_half_imported_shows(settings, tmp_path):
    done = subprocess.run(
        [sys.executable, HERE / "crash_worker.py", tmp_path],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env=environment(settings),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(done.stdout.splitlines()) == 20


@pytest.mark.slow
def test_another_process_follows_within_200_ms(banks, settings):
    banks.create("OPEN")
    banks.create("SEALED", sealed=True)
    banks.add_many("OPEN", (NewContent([pdq(n)]) for n in range(1000, 6000)))
    banks.add("SEALED", [pdq(999)])
    command = [sys.executable, HERE / "disagreement_worker.py", settings.home]
    pipe = subprocess.PIPE
    lags = []
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, text=True, env=environment(settings)
    ) as other:
        other.stdout.readline()

        def lag(number, wanted, change, *arguments):
            other.stdin.write(f"{pdq(number).value} {wanted}\n")
            other.stdin.flush()
            time.sleep(0.02)  # it is asking by now
            given = change(*arguments)
            changed = time.monotonic()
            lags.append(float(other.stdout.readline()) - changed)
            return given

        for number in range(20):
            name = ("OPEN", "SEALED")[number % 2]
            added = lag(number, "there", banks.add, name, [pdq(number)])
            lag(number, "gone", banks.remove, name, added.content_id)
        other.stdin.close()
    assert len(lags) == 40
    assert median(lags) < 0.2, sorted(lags)
    assert max(lags) < 2, sorted(lags)  # on a busy machine a process may not get its turn at once


def test_changes_appear_in_the_order_of_their_numbers(banks, storage):
    """Several writers at once; a reader that follows the log by numbers misses nothing."""
    banks.create("ONE")
    log, stop = SignalLog(storage, "open"), threading.Event()
    followed = []

    def follow():
        last = 0
        while not stop.is_set() or log.last_sequence() > last:
            head = log.last_sequence()
            changes = log.read(last, 7)
            followed.extend(changes.entry_ids.tolist())
            last = int(changes.sequences[-1]) if len(changes) else last
            assert len(changes) or head <= last

    def write(writer):
        if writer == 0:
            done = banks.add_many("ONE", (NewContent([pdq(n)]) for n in range(300)))
            return [number for part in done.content_ids for number in part]
        return [banks.add("ONE", [pdq(1000 * writer + n)]).content_id for n in range(40)]

    with ThreadPoolExecutor(5) as pool:
        reader = pool.submit(follow)
        contents = [number for part in pool.map(write, range(4)) for number in part]
        stop.set()
        reader.result(30)
    assert len(followed) == len(set(followed)) == len(set(contents)) == 420
