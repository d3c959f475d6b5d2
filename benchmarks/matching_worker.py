"""A second process on the same banks: answers when it finds the hash that it is asked for."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from consentry.config import Settings
from consentry.matching.matcher import Matcher
from consentry.matching.signals.hashes import to_words
from consentry.storage import open_storage


def main() -> None:
    """Follow the banks; for each hash on a line, answer with the moment at which it matched."""
    settings = Settings(home=Path(sys.argv[1]))
    with Matcher.open(settings, open_storage(settings), follow=True) as matcher:
        matcher.warm_up()
        print("ready", flush=True)
        for line in sys.stdin:
            words = to_words([line.strip()])
            print("asking", flush=True)
            while not matcher.match(words, radius=0).matches:
                time.sleep(0.001)
            print(time.monotonic(), flush=True)


if __name__ == "__main__":
    main()
