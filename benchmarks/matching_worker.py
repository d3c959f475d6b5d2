"""A second worker on the same segments: answers when it finds the hash that it is asked for."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from consentry.matching.index import Index
from consentry.matching.index.testing import SqliteChangeLog
from consentry.matching.signals.hashes import to_words


def main() -> None:
    """Follow the log; for each hash on a line, answer with the moment at which it matched."""
    folder = Path(sys.argv[1])
    with Index(folder / "index", SqliteChangeLog(folder / "log.sqlite")) as index:
        index.follow()
        print("ready", flush=True)
        for line in sys.stdin:
            words = to_words([line.strip()])
            print("asking", flush=True)
            while not len(index.lookup(words, 0).queries):
                time.sleep(0.001)
            print(time.monotonic(), flush=True)


if __name__ == "__main__":
    main()
