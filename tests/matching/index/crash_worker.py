"""Kills itself, or is killed, at the worst moments; then counts what is left. Not a test module.

Started by test_crash.py as `python crash_worker.py FOLDER`. One process imports and compiles once
and forks for every crash.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np

from consentry.matching.index import (
    Change,
    Index,
    IndexOptions,
    files,
    manifest,
    merge,
    segment_file,
    shelf,
)
from consentry.matching.index.testing import SqliteChangeLog

CRASHES = 20
BASE = 2000
OPTIONS = IndexOptions(max_lag_s=0.0)


def words(entry_id):
    return np.random.default_rng(entry_id).integers(0, 2**64, 4, np.uint64)


def die(*_arguments):
    os.kill(os.getpid(), signal.SIGKILL)


def after(module, name):
    """Die when the function has done its work."""
    real = getattr(module, name)

    def wrapped(*arguments, **named):
        real(*arguments, **named)
        die()

    setattr(module, name, wrapped)


MOMENTS = {
    "append": lambda: None,  # killed from outside, at any moment
    "segment, tables being filled": lambda: setattr(segment_file, "_first_pages", die),
    "segment, before it has its name": lambda: setattr(segment_file, "put_in_place", die),
    "segment, after it has its name": lambda: after(segment_file, "put_in_place"),
    "manifest, before": lambda: setattr(manifest.Manifest, "write", die),
    "manifest, written aside": lambda: setattr(files, "put_in_place", die),
    "merge, before old files go": lambda: setattr(shelf, "sweep", die),
    "dead rows": lambda: after(merge, "write_dead"),
}


def work(folder, moment, first):
    """Add, take away and merge until the end comes; each acknowledged number is written down."""
    log = SqliteChangeLog(folder / "log.sqlite")
    index = Index(folder / "index", log, OPTIONS)
    MOMENTS[moment]()
    with (folder / "acknowledged").open("a", buffering=1) as acknowledged:
        for entry_id in range(first, first + 2_000):
            log.append([Change(entry_id, words(entry_id).tolist())])
            acknowledged.write(f"{entry_id}\n")
            if entry_id % 10 == 9:
                for number in (entry_id - 5, entry_id % BASE or 1):
                    acknowledged.write(f"?{number}\n")  # from here on it may be there or not
                    log.append([Change(number, None)])
                    acknowledged.write(f"-{number}\n")
                index.catch_up()
                index.merge()


def crash(folder, moment, first):
    child = os.fork()
    if child == 0:
        work(folder, moment, first)
        os._exit(1)
    if moment == "append":
        time.sleep(random.uniform(0.02, 0.2))  # noqa: S311  no secret
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"{moment}: ended with {status}"


def count_up(folder):
    """Everything acknowledged is found, what was taken away is not; gives the next free number."""
    lines = (folder / "acknowledged").read_text().split()
    numbers = [int(line) for line in lines if line[0] != "?"]
    asked = {int(line[1:]) for line in lines if line[0] == "?"}
    gone = {-number for number in numbers if number < 0}
    there = [number for number in numbers if number >= 0 and number not in asked]
    log = SqliteChangeLog(folder / "log.sqlite")
    index = Index(folder / "index", log, OPTIONS)
    found = set(index.lookup(np.stack([words(n) for n in there]), 0).entry_ids.tolist())
    lost = set(there) - found
    assert not lost, f"lost: {sorted(lost)}"
    back = set(index.lookup(np.stack([words(n) for n in gone] or [words(0)]), 0).entry_ids.tolist())
    assert not back & gone, f"came back: {sorted(back & gone)}"
    index.close()
    log.close()
    return max(numbers) + 5


def main():
    folder = Path(sys.argv[1])
    (folder / "acknowledged").write_text("0\n")
    log = SqliteChangeLog(folder / "log.sqlite")
    log.append([Change(n, words(n).tolist()) for n in range(BASE)])
    with Index(folder / "index", log, OPTIONS) as index:  # compiles everything once
        log.append([Change(0, words(0).tolist())])
        index.lookup(words(0)[None])
    log.close()
    following = BASE
    for turn in range(CRASHES):
        moment = list(MOMENTS)[turn % len(MOMENTS)]
        crash(folder, moment, following)
        following = count_up(folder)
        print(moment, following, flush=True)  # noqa: T201  a program's output


if __name__ == "__main__":
    main()
