"""Matching against what HMA runs: pdqhash, its own hashing function, and its PDQIndex.

    benchmarks/run matching            100,000 and 1,000,000 hashes
    .venv/bin/python benchmarks/matching.py --large      10,000,000 too: 10 GB, some minutes
    … --only pdq|index|banks|recall          one part

Without the peers' environment it prints our own figures alone.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import matching_recall
import numpy as np
import simplejpeg
from common import PEER_PYTHON, Peer, fresh_home, median, milliseconds, portrait, table
from PIL import Image

from consentry.config import Settings
from consentry.matching.banks import Banks, NewContent
from consentry.matching.index import Change, Changes, Index, IndexOptions, IndexState, Writing
from consentry.matching.matcher import Matcher
from consentry.matching.signals import pdq, variants
from consentry.matching.signals.contract import Signal
from consentry.matching.signals.hashes import Words, from_words
from consentry.storage import open_storage

ROUNDS = 40
QUERIES = 400


class ArrayLog:
    """A change log over arrays that are already in memory."""

    identity = "benchmark"

    def __init__(self, hashes: Words) -> None:
        """Entry n has the change n + 1."""
        self._hashes = hashes

    def last_sequence(self) -> int:
        """How many changes."""
        return len(self._hashes)

    def read(self, after: int, limit: int) -> Changes:
        """Some of them."""
        hashes = self._hashes[after : after + limit]
        ids = np.arange(after, after + len(hashes))
        removed = np.zeros(len(hashes), np.bool_)
        return Changes(ids + 1, ids.astype(np.uint64), removed, hashes)


def ratio(theirs: float | None, ours: float) -> str:
    """How many times as much."""
    return "-" if theirs is None else f"{theirs / ours:.1f}"


def show(value: float | None, digits: int = 2) -> str:
    """A number or a dash."""
    return "-" if value is None else f"{value:,.{digits}f}"


def hashing(peer: Peer | None) -> None:
    """Pixels to hash, and file to hash, in turn."""
    data = portrait(1024)
    rows: list[tuple[str, ...]] = [("1024 px, one thread, median ms", "ours", "peer", "ratio")]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pixels = np.asarray(Image.open(io.BytesIO(data)))
        np.save(folder / "pixels.npy", pixels)
        (folder / "picture.jpg").write_bytes(data)
        started = time.perf_counter()
        pdq.hash_full(pixels)
        variants.lookup_set(pixels)
        print(
            f"first call, compiled or read from the cache: {time.perf_counter() - started:.2f} s\n"
        )
        pairs: dict[str, tuple[Callable[[], object], str]] = {
            "PDQ of decoded pixels / pdqhash": (
                lambda: pdq.hash_full(pixels),
                f"pixels {folder / 'pixels.npy'}",
            ),
            "JPEG to hash / HMA's function": (
                lambda: pdq.hash_full(simplejpeg.decode_jpeg(data, "RGB")),
                f"file {folder / 'picture.jpg'}",
            ),
        }
        for label, (work, command) in pairs.items():
            ours, theirs = [], []
            for _ in range(ROUNDS):
                ours.append(median([milliseconds(work) for _ in range(5)]))
                if peer:
                    theirs.append(float(peer.ask(command).split()[0]))
            other = median(theirs) if theirs else None
            rows.append((label, show(median(ours), 3), show(other), ratio(other, median(ours))))
        sixteen = median([milliseconds(lambda: variants.lookup_set(pixels)) for _ in range(ROUNDS)])
        rows.append(("all 16 hashes of a lookup", show(sixteen, 3), "-", "-"))
    table(rows)


def warm_up() -> None:
    """Compile what building and asking need, so that no figure contains it."""
    hashes = np.random.default_rng(1).integers(0, 2**64, (1000, 4), np.uint64)
    for layout in ("fast", "compact"):
        with tempfile.TemporaryDirectory() as name:
            options = IndexOptions(writing=Writing(layout=layout, compact_from=0))
            Index(Path(name), ArrayLog(hashes), options).lookup(hashes[:1])


def looking_up(peer: Peer | None, count: int, layouts: tuple[str, ...]) -> None:
    """Build, look up, add and take away at one size."""
    random = np.random.default_rng(count)
    hashes = random.integers(0, 2**64, (count, 4), np.uint64)
    queries = random.integers(0, 2**64, (QUERIES, 4), np.uint64)
    theirs: list[float | None] = [None] * 4
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if peer:
            for file, words in (("known.npy", hashes), ("asked.npy", queries)):
                np.save(folder / file, words.astype(">u8").view(np.uint8).reshape(-1, 32))
            built = peer.ask(f"build {folder / 'known.npy'}").split()
            theirs[:2] = float(built[0]), float(built[1])
        for layout in layouts:
            writing = Writing(layout=layout, compact_from=0)
            started = time.perf_counter()
            index = Index(folder / layout, ArrayLog(hashes), IndexOptions(writing=writing))
            build_s = time.perf_counter() - started
            if peer:
                theirs[2] = float(peer.ask(f"lookup {folder / 'asked.npy'}"))
            one_us = _one(index, queries)
            if peer and layout == layouts[0]:
                theirs[3] = float(peer.ask(f"add {folder / 'asked.npy'}"))
            _print_index(index, layout, theirs, build_s, one_us, queries)


def _one(index: Index, queries: Words) -> float:
    index.lookup(queries[:50])
    times = [milliseconds(lambda q=queries[n : n + 1]: index.lookup(q)) for n in range(QUERIES)]
    return median(times) * 1000


def _print_index(  # noqa: PLR0913, PLR0917  one table
    index: Index,
    layout: str,
    theirs: list[float | None],
    build_s: float,
    one_us: float,
    queries: Words,
) -> None:
    state = index.state()
    many = np.tile(queries, (5, 1))
    batch = milliseconds(lambda: index.lookup(many)) / 1000
    add_us, each_us, new_us, old_us = _changes(index, state)
    mapped = (state.mapped_bytes + state.own_bytes) / 1e6
    their_add = None if theirs[3] is None else theirs[3] * 1000
    title = f"{state.entries:,} hashes, {layout}"
    table(
        [
            (title, "ours", "PDQIndex", "ratio"),
            (
                "negative lookup, p50, us",
                show(one_us, 1),
                show(theirs[2], 0),
                ratio(theirs[2], one_us),
            ),
            ("lookups a second, batched", show(len(many) / batch, 0), "-", "-"),
            ("build, s", show(build_s), show(theirs[0]), ratio(theirs[0], build_s)),
            ("memory, MB, once for all workers", show(mapped, 0), show(theirs[1], 0), "-"),
            ("add one, us", show(add_us, 0), show(their_add, 0), ratio(their_add, add_us)),
            ("add, each of 1,000, us", show(each_us), "-", "-"),
            ("take one away, us: new, old", f"{new_us:.0f}, {old_us:.0f}", "-", "-"),
        ]
    )
    print()


def _changes(index: Index, state: IndexState) -> tuple[float, float, float, float]:
    """Microseconds to add one, to add each of many, to take away a new one and an old one."""
    view = index._view  # noqa: SLF001  the cost of a change, without the log around it
    rows = np.random.default_rng(3).integers(0, 2**64, (1300, 4), np.uint64).tolist()
    last, first = state.sequence, 2**40

    def took(changes: list[Change]) -> float:
        numbered = Changes.of(enumerate(changes, start=last + 1))
        return milliseconds(lambda: view.apply(numbered)) * 1000

    add = median([took([Change(first + n, rows[n])]) for n in range(100)])
    new = median([took([Change(first + n, None)]) for n in range(100)])
    old = median([took([Change(n * (state.entries // 100), None)]) for n in range(100)])
    many = took([Change(first + n, rows[n]) for n in range(300, 1300)]) / 1000
    return add, many, new, old


def banked(count: int) -> None:
    """Banks in a real database: import, lookups, and when another process finds what was added."""
    random = np.random.default_rng(1)
    hashes = random.integers(0, 2**64, (count, 4), np.uint64)
    asked = random.integers(0, 2**64, (QUERIES, 4), np.uint64)
    with tempfile.TemporaryDirectory() as name:
        settings = Settings(home=Path(name) / "home")
        storage = open_storage(settings)
        banks = Banks(storage)
        banks.create("BENCH")
        digits = from_words(hashes)
        started = time.perf_counter()
        last = banks.add_many("BENCH", (NewContent([Signal("pdq", one)]) for one in digits))
        imported = time.perf_counter() - started
        with Matcher.open(settings, storage) as matcher:
            matcher.match(asked[:1], at_least=last.sequence)
            matched = time.perf_counter() - started
            none_us = _each(matcher, asked)
            found_us = _each(matcher, hashes[:QUERIES])
        times = _followed(banks, settings.home, random)
        storage.close()
    table(
        [
            (f"{count:,} hashes in a bank, SQLite", "measured", "target"),
            ("import, s", f"{imported:.1f}", "60"),
            ("import and build, s", f"{matched:.1f}", "60"),
            ("lookup that finds nothing, p50, us", f"{none_us:.0f}", ""),
            ("lookup that finds one, with its bank, p50, us", f"{found_us:.0f}", ""),
            ("found in another process, ms, median", f"{median(times):.0f}", ""),
            ("found in another process, ms, worst of 30", f"{max(times):.0f}", "200"),
        ]
    )


def _each(matcher: Matcher, words: Words) -> float:
    matcher.match(words[:50])
    return 1000 * median(
        [milliseconds(lambda n=n: matcher.match(words[n : n + 1])) for n in range(len(words))]
    )


def _followed(banks: Banks, home: Path, random: np.random.Generator) -> list[float]:
    command = [sys.executable, Path(__file__).parent / "matching_worker.py", home]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as worker:
        worker.stdout.readline()  # ready
        times = [_seen(worker, banks, random) for _ in range(30)]
        worker.stdin.close()
    return times


def _seen(worker: subprocess.Popen[str], banks: Banks, random: np.random.Generator) -> float:
    (digits,) = from_words(random.integers(0, 2**64, 4, np.uint64))
    worker.stdin.write(digits + "\n")
    worker.stdin.flush()
    worker.stdout.readline()
    banks.add("BENCH", [Signal("pdq", digits)])
    answered = time.monotonic()
    found = float(worker.stdout.readline())
    return max(0.0, found - answered) * 1000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="10,000,000 hashes too")
    parser.add_argument("--only", choices=["pdq", "index", "banks", "recall"])
    chosen = parser.parse_args()
    fresh_home()
    peer = Peer("peer_matching.py") if PEER_PYTHON.exists() else None
    if chosen.only in (None, "pdq"):
        hashing(peer)
        print()
    if chosen.only in (None, "index"):
        warm_up()
        looking_up(peer, 100_000, ("fast",))
        looking_up(peer, 1_000_000, ("fast", "compact"))
        if chosen.large:
            looking_up(peer, 10_000_000, ("fast", "compact"))
    if chosen.only in (None, "banks"):
        banked(1_000_000)
        print()
    if chosen.only in (None, "recall"):
        matching_recall.main(peer)
    if peer:
        peer.close()


if __name__ == "__main__":
    main()
