"""A second worker: answers at once, and once only, what it knows about a hash."""

import json
import sys
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
            found = matcher.match(to_words([line.strip()])).matches
            said = [[one.bank.name, one.bank.kind, one.state, one.content_id] for one in found]
            print(json.dumps(said), flush=True)  # noqa: T201  the same


if __name__ == "__main__":
    main()
