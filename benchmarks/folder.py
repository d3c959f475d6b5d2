"""A folder of 200 pictures by the command line against the same work on one process and thread.

The one-process side is the same road with one worker and one decoder, files one after another:
what the command line gains is what it makes of the second processor.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from common import ROOT, as_installed, fresh_home, median, portrait, table, varied

PICTURES = 200
ROUNDS = 3

ONE_BY_ONE = """
import sys
from pathlib import Path
from consentry.guard import Guard
with Guard.open() as guard:
    for path in sorted(Path(sys.argv[1]).iterdir()):
        guard.check_output(path.read_bytes())
"""


def main() -> None:
    """Measure and print."""
    as_installed()
    with tempfile.TemporaryDirectory() as folder:
        _fill(Path(folder))
        alone, together = [], []
        for _ in range(ROUNDS):
            alone.append(_seconds([sys.executable, "-c", ONE_BY_ONE, folder], one=True))
            command = [sys.executable, "-m", "consentry", "screen", folder]
            together.append(_seconds([*command, "--stage", "output", "--json"], one=False))
    table(
        [
            (f"{PICTURES} pictures, start included", "median s", "pictures/s"),
            ("consentry screen", f"{median(together):.1f}", f"{PICTURES / median(together):.1f}"),
            ("one process, one thread", f"{median(alone):.1f}", f"{PICTURES / median(alone):.1f}"),
            ("ratio", f"{median(alone) / median(together):.2f}", ""),
        ]
    )


def _fill(folder: Path) -> None:
    """The portrait, again and again, each time with bytes of its own."""
    picture = portrait()
    for number in range(PICTURES):
        (folder / f"{number:03}.jpg").write_bytes(varied(picture, number))


def _seconds(command: list[str], *, one: bool) -> float:
    environment = {**os.environ, "CONSENTRY_HOME": fresh_home(), "PYTHONPATH": str(ROOT / "src")}
    if one:
        environment |= {"CONSENTRY_SCREENING__WORKERS": "1", "CONSENTRY_MEDIA__DECODERS": "1"}
        # One processor for it all: its decoder child must not use the other one.
        command = ["taskset", "-c", "0", *command]
    started = perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    seconds = perf_counter() - started
    if done.returncode != 0:
        sys.exit(done.stderr)
    if not one:
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(lines) == PICTURES  # noqa: S101  the benchmark's own check
    return seconds


if __name__ == "__main__":
    main()
