"""What HMA runs, by its own code; runs in the peers' environment.

Reads commands, one a line, and answers each with one line.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

import faiss
import numpy as np
import pdqhash
from threatexchange.signal_type.pdq.pdq_hasher import pdq_from_bytes
from threatexchange.signal_type.pdq.pdq_index import PDQIndex


class State:
    """The index between two commands."""

    index: PDQIndex


def ready() -> str:
    """Answer that the imports are done."""
    return "ready"


def hash_pixels(path: str) -> str:
    """Milliseconds for the hash of decoded pixels."""
    pixels = np.load(path)
    return str(_ms(lambda: pdqhash.compute(pixels)))


def hash_file(path: str) -> str:
    """Milliseconds for HMA's function, and its hash."""
    data = Path(path).read_bytes()
    took = _ms(lambda: pdq_from_bytes(data))
    return f"{took} {pdq_from_bytes(data)[0]}"


def build(path: str) -> str:
    """Seconds for the index, and megabytes that the process grew by."""
    digits = [row.tobytes().hex() for row in np.load(path)]
    before, started = _resident(), perf_counter()
    State.index = PDQIndex(zip(digits, range(len(digits)), strict=True))
    return f"{perf_counter() - started} {_resident() - before}"


def lookup(path: str) -> str:
    """Median microseconds of one lookup."""
    digits = [row.tobytes().hex() for row in np.load(path)]
    return str(1000 * median(_ms(lambda d=d: State.index.query(d)) for d in digits))


def add(path: str) -> str:
    """Milliseconds until one more hash is found."""
    digits = np.load(path)[0].tobytes().hex()

    def work() -> None:
        State.index.add(digits, 0)
        if not State.index.query(digits):
            sys.exit("The peer did not find what it added.")

    return str(_ms(work))


def _ms(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return (perf_counter() - started) * 1000


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


COMMANDS = {
    "ready?": ready,
    "pixels": hash_pixels,
    "file": hash_file,
    "build": build,
    "lookup": lookup,
    "add": add,
}


def main() -> None:
    """Answer until the input ends."""
    faiss.omp_set_num_threads(1)  # as one worker on one core; two threads wait for each other
    for line in sys.stdin:
        command, *arguments = line.split()
        print(COMMANDS[command](*arguments), flush=True)


if __name__ == "__main__":
    main()
