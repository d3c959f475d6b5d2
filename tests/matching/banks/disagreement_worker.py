"""A second worker: says when it finds, or no longer finds, the hash that it is asked for."""

import sys
import time
from pathlib import Path

from consentry.config import Settings
from consentry.matching.matcher import Matcher
from consentry.matching.signals.hashes import to_words
from consentry.storage import open_storage


def main():
    settings = Settings(home=Path(sys.argv[1]))
    storage = open_storage(settings)
    with Matcher.open(settings, storage, follow=True) as matcher:
        matcher.warm_up()
        print("ready", flush=True)  # noqa: T201  a program's output
        for line in sys.stdin:
            digits, wanted = line.split()
            asked = to_words([digits])
            while bool(matcher.match(asked, radius=0).matches) != (wanted == "there"):
                time.sleep(0.001)
            print(time.monotonic(), flush=True)  # noqa: T201  the same


if __name__ == "__main__":
    main()
