"""Appends from four threads until it is killed, at a chosen moment. Not a test module.

Started by test_crash.py as `python crash_worker.py HOME DIARY MOMENT`.
What was acknowledged is noted.
"""

import os
import signal
import sys
import threading
import time
from pathlib import Path

from consentry.config import Settings
from consentry.ledger.checkpoint_file import CheckpointFile
from consentry.ledger.log import Log
from consentry.storage import open_storage
from consentry.storage.ledger import LedgerStore


def die(*_arguments, **_named):
    os.kill(os.getpid(), signal.SIGKILL)


def after(owner, name, times):
    """Die when the method has done its work for the so-manieth time."""
    real = getattr(owner, name)
    left = [times]

    def wrapped(*arguments, **named):
        given = real(*arguments, **named)
        left[0] -= 1
        if left[0] <= 0:
            die()
        return given

    setattr(owner, name, staticmethod(wrapped) if name.startswith(("insert", "save")) else wrapped)


MOMENTS = {
    "any": lambda: threading.Timer(0.05 + 0.9 * (time.time() % 1), die).start(),
    "entries written, not committed": lambda: after(LedgerStore, "insert", 20),
    "tiles written, not committed": lambda: after(LedgerStore, "insert_tiles", 30),
    "committed, not acknowledged": lambda: after(Log, "_commit", 25),
    "checkpoint written, not committed": lambda: after(LedgerStore, "save_checkpoint", 1),
    "checkpoint committed, no file": lambda: setattr(CheckpointFile, "write", die),
    "checkpoint file written aside": lambda: setattr(Path, "replace", die),
}


def main():
    home, diary, moment = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    settings = Settings(home=home)
    storage = open_storage(settings)
    MOMENTS[moment]()
    log = Log.open(settings, storage)
    with diary.open("a", buffering=1, encoding="ascii") as note:

        def work(number):
            for turn in range(100_000):
                durable = (number + turn) % 3 == 0
                index = log.append("consent", {"n": [number, turn]}, durable=durable)
                note.write(f"{index} {number} {turn}\n")

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    main()
