"""Kills itself, or is killed, at the worst moments; then counts what is left. Not a test module.

Started by test_durability.py as `python crash_worker.py FOLDER`. One process imports and compiles
once and forks for every crash.
"""

import os
import random
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from consentry.config import Settings
from consentry.matching.banks import Banks, NewContent, adding
from consentry.matching.index import files, manifest, merge, segment_file, shelf
from consentry.matching.matcher import Matcher
from consentry.matching.signals.contract import Signal
from consentry.matching.signals.hashes import from_words
from consentry.storage import open_storage
from consentry.storage.bank_signals import SignalRows

CRASHES = 20
BASE = 500
MANY = 60
adding._CHUNK = 25  # an import of several parts


def words(number):
    return np.random.default_rng(number).integers(0, 2**64, 4, np.uint64)


def content(number):
    return NewContent([Signal("pdq", from_words(words(number))[0])])


NUMBERS = {content(number).signals[0].value: number for number in range(BASE)}


def die(*_arguments):
    os.kill(os.getpid(), signal.SIGKILL)


def after(module, name, times=1):
    """Die when the function has done its work for the so-manieth time."""
    real = getattr(module, name)
    left = [times]

    def wrapped(*arguments, **named):
        given = real(*arguments, **named)
        left[0] -= 1
        if not left[0]:
            die()
        return given

    setattr(module, name, wrapped)


OUTSIDE = "at any moment"
MOMENTS = {
    OUTSIDE: lambda: None,
    "import, partly staged": lambda: after(adding._Rows, "insert", 4),
    "import, before it shows": lambda: setattr(adding.Intake, "_show_all", die),
    "import, half of it showing": lambda: after(adding, "_show", 3),
    "import, showing, not committed": lambda: after(adding, "_show", 4),
    "removal, not committed": lambda: after(SignalRows, "withdraw"),
    "segment, tables being filled": lambda: setattr(segment_file, "_first_pages", die),
    "segment, before it has its name": lambda: setattr(segment_file, "put_in_place", die),
    "segment, after it has its name": lambda: after(segment_file, "put_in_place"),
    "manifest, before": lambda: setattr(manifest.Manifest, "write", die),
    "manifest, written aside": lambda: setattr(files, "put_in_place", die),
    "merge, before old files go": lambda: setattr(shelf, "sweep", die),
    "dead rows": lambda: after(merge, "write_dead"),
}


def work(settings, diary, moment, first):
    """Add, import, take away and merge until the end comes; what was acknowledged is noted."""
    storage = open_storage(settings)
    banks, matcher = Banks(storage), Matcher.open(settings, storage)
    matcher.match(words(0)[None])
    index = matcher._shelves._index("open")
    MOMENTS[moment]()
    with diary.open("a", buffering=1) as note:
        number = first
        while number < first + 5_000:
            banks.add("ONE", content(number).signals)
            note.write(f"added {number}\n")
            number += 1
            if number % 5 == 0:
                note.write(f"importing {number} {MANY}\n")
                banks.add_many("ONE", (content(n) for n in range(number, number + MANY)))
                note.write(f"imported {number} {MANY}\n")
                number += MANY
                (oldest,) = banks.contents("ONE", limit=1)  # it stands in a segment
                gone = NUMBERS[oldest.signals[0].value]
                note.write(f"removing {gone}\n")
                banks.remove("ONE", oldest.id)
                note.write(f"removed {gone}\n")
                index.catch_up()
                index.merge()


def crash(settings, diary, moment, first):
    child = os.fork()
    if child == 0:
        work(settings, diary, moment, first)
        os._exit(1)
    if moment == OUTSIDE:
        before = diary.stat().st_size
        while diary.stat().st_size == before:
            time.sleep(0.001)
        time.sleep(random.uniform(0.0, 0.3))  # noqa: S311  no secret
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"{moment}: ended with {status}"


def read(diary):
    """What the diary says: numbers that are there, numbers that went, imports, next number."""
    there, gone, imports, highest = set(range(BASE)), set(), {}, BASE
    for line in diary.read_text().splitlines():
        verb, first, *_ = line.split()
        number = int(first)
        if verb == "added":
            there.add(number)
        elif verb == "importing":
            imports[number] = False
        elif verb == "imported":
            imports[number] = True
        elif verb == "removed":
            gone.add(number)
        highest = max(highest, number + MANY + 2)
    return there - gone, gone, imports, highest


def settle(diary, gone):
    """A removal that was under way and proves to be done stays done: later crashes must see so."""
    with diary.open("a") as note:
        note.writelines(f"removed {number}\n" for number in gone)


def count_up(settings, diary):
    """Everything acknowledged is found; of an import that was not, everything or nothing."""
    there, gone, imports, highest = read(diary)
    storage = open_storage(settings)
    banks = Banks(storage)
    with Matcher.open(settings, storage) as matcher:
        asked = np.stack([words(n) for n in range(highest)])
        answer = matcher.match(asked, radius=0)
        found = {match.probe for match in answer.matches}
    contents = {match.content_id for match in answer.matches}
    # The removal that was under way when the end came may have been done or not.
    under_way = diary.read_text().splitlines()[-1].split()
    unsure = {int(under_way[1])} if under_way[0] == "removing" else set()
    assert not there - unsure - found, f"lost: {sorted(there - unsure - found)}"
    settle(diary, unsure - found)
    assert not gone & found, f"came back: {sorted(gone & found)}"
    for first, acknowledged in imports.items():
        size = len(found & set(range(first, first + MANY)))
        assert size == MANY or (size == 0 and not acknowledged), f"import {first}: {size}"
    assert banks.count("ONE") == len(contents) == len(found)
    banks.withdraw_expired(datetime.now(UTC) + timedelta(days=2))
    with storage.reading() as connection:
        for table in (
            "bank_contents WHERE state = 'staged'",
            "bank_signals WHERE sequence IS NULL",
        ):
            count = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()  # noqa: S608  ours
            assert count == 0, table
    storage.close()
    return highest


def main():
    folder = Path(sys.argv[1])
    settings, diary = Settings(home=folder / "home"), folder / "diary"
    diary.write_text("")
    storage = open_storage(settings)
    banks = Banks(storage)
    banks.create("ONE")
    banks.add_many("ONE", (content(n) for n in range(BASE)))
    with Matcher.open(settings, storage) as matcher:  # compiles everything once
        matcher.match(words(0)[None])
    storage.close()
    following = BASE
    for turn in range(CRASHES):
        moment = list(MOMENTS)[turn % len(MOMENTS)]
        crash(settings, diary, moment, following)
        following = count_up(settings, diary)
        print(moment, following, flush=True)  # noqa: T201  a program's output


if __name__ == "__main__":
    main()
