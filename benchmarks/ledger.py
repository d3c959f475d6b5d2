"""The log: durable appends, proofs from a large tree, and what it adds to a decision.

Appends come from many threads at once, as in a server, and each waits until it is on the disk. The
peer is what an application would do without us: rows of the same size in SQLite, each committed by
itself with the same durability (a plain table proves nothing). The large tree is made of hashes
alone, in a temporary folder; proofs are read from a real database and checked by verify.py.

With a number as its argument, the large tree has so many leaves (10,000,000 unless said otherwise).
"""

from __future__ import annotations

import hashlib
import random
import secrets
import sqlite3
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from common import fresh_home, median, milliseconds, table

if TYPE_CHECKING:
    from consentry.storage import Storage

THREADS = 64
APPENDS = 6_000
DECISIONS = 1_000
PROOFS = 300
SECONDS = 3
LEAVES = 10_000_000
TILES_AT_ONCE = 1_000


def main() -> None:
    """Measure and print."""
    leaves = int(sys.argv[1]) if len(sys.argv) > 1 else LEAVES
    fresh_home()
    ours, alone = _appends(), _plain_rows()
    with_log, without = _decisions()
    built, proof, slowest, start = _proofs(leaves)
    table(
        [
            ("what", "measured", "limit or peer"),
            (f"durable appends, {THREADS} threads", f"{ours:,.0f} /s", "at least 2,000 /s"),
            (
                "  rows in SQLite, each flushed",
                f"{alone:,.0f} /s",
                f"ours: {ours / alone:.1f} times",
            ),
            ("decision stored, with its entry", f"{median(with_log):.2f} ms", ""),
            ("  without the log", f"{median(without):.2f} ms", ""),
            ("  the log adds", f"{median(with_log) - median(without):.2f} ms", "at most 1 ms"),
            (f"proof at {leaves:,} leaves, median", f"{proof:.2f} ms", "at most 2 ms"),
            ("  slowest of all", f"{slowest:.2f} ms", ""),
            ("  opening that log", f"{start:.1f} ms", ""),
        ]
    )
    print(f"\nThe large tree took {built:.0f} s to make. Proofs carry a payload that is opened.")


def _appends() -> float:
    from consentry.config import Settings
    from consentry.ledger.log import Log
    from consentry.storage import open_storage

    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder) / "home")
        storage = open_storage(settings)
        log = Log.open(settings, storage)
        share = APPENDS // THREADS

        def work(_: int) -> None:
            for number in range(share):
                log.append("consent", {"receipt": secrets.token_hex(16), "number": number})

        work(0)
        started = perf_counter()
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(work, range(THREADS)))
        rate = share * THREADS / (perf_counter() - started)
        log.close()
        storage.close()
    return rate


def _plain_rows() -> float:
    with tempfile.TemporaryDirectory() as folder:
        base = sqlite3.connect(Path(folder) / "rows.db", isolation_level=None)
        base.execute("PRAGMA journal_mode=WAL")
        base.execute("PRAGMA synchronous=FULL")
        base.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, entry BLOB, sealed BLOB)")
        started, count = perf_counter(), 0
        while perf_counter() - started < SECONDS:
            values = (secrets.token_bytes(130), secrets.token_bytes(220))
            base.execute("INSERT INTO rows (entry, sealed) VALUES (?, ?)", values)
            count += 1
        rate = count / (perf_counter() - started)
        base.close()
    return rate


def _decisions() -> tuple[list[float], list[float]]:
    """Storing real decisions, with and without an entry, in turn, in two databases alike."""
    from consentry.config import Settings
    from consentry.guard import Guard
    from consentry.screening.decision import Decision
    from consentry.storage import open_storage

    with tempfile.TemporaryDirectory() as folder:
        plain = open_storage(Settings(home=Path(folder) / "plain"))
        with Guard.open(Settings(home=Path(folder) / "home")) as guard:
            made = guard.check_prompt("a lighthouse at dusk, oil on canvas")
            logged, bare = [], []
            for number in range(-50, DECISIONS):
                document = {**made.as_json(), "id": f"{number + 50:032x}", "receipt": None}
                decision = Decision.from_json(document)
                mine = milliseconds(lambda one=decision: guard._recorder.keep(one))  # noqa: SLF001  the step alone, without the models
                other = milliseconds(lambda one=decision: _save(plain, one.as_json()))
                if number >= 0:
                    logged.append(mine)
                    bare.append(other)
        plain.close()
    return logged, bare


def _save(storage: Storage, document: dict[str, object]) -> None:
    with storage._engine.begin() as connection:  # noqa: SLF001  as it was before there was a log
        storage.decisions.save(connection, document)


def _proofs(leaves: int) -> tuple[float, float, float, float]:
    """Seconds to make a tree; milliseconds of a proof, of the slowest, and of opening the log."""
    from consentry.config import Settings
    from consentry.ledger import verify
    from consentry.ledger.log import Log
    from consentry.storage import open_storage

    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder) / "home")
        storage = open_storage(settings)
        Log.open(settings, storage).close()
        started = perf_counter()
        chosen = _grow(storage, leaves)
        built = perf_counter() - started
        log = Log.open(settings, storage)
        log.public.checkpoint()
        log.close()
        opening = milliseconds(lambda: Log.open(settings, storage).close())
        key, times = verify.parse_key(log.public.verifier), []
        for index in chosen:
            before = perf_counter()
            proof = log.prove(index)
            times.append((perf_counter() - before) * 1000)
            verify.check_proof(verify.parse_proof(proof), key)
        storage.close()
    return built, median(times), max(times), opening


def _grow(storage: Storage, leaves: int) -> list[int]:
    """Store a tree of hashes alone but for some true entries, and those of the last tile.

    Gives the indexes of entries that are spread over it, in an order by chance.
    """
    from consentry.ledger.entry import seal
    from consentry.ledger.merkle import Frontier
    from consentry.ledger.verify import leaf_hash

    chosen, edge, tiles = set(range(0, leaves, max(1, leaves // PROOFS))), Frontier(), []
    true = chosen | set(range(leaves - leaves % 256, leaves)) | {leaves - 1}
    with storage.ledger.appending(leaves, durable=False) as (connection, _):
        for index in range(leaves):
            if index in true:
                one = seal(storage.vault, "consent", b'{"receipt":"a"}', keep=True)
                row = {"id": index, "entry": one.entry, "sealed": one.sealed}
                storage.ledger.insert(connection, [{**row, "wrapped_key": one.wrapped_key}])
                leaf = leaf_hash(one.entry)
            else:
                leaf = hashlib.sha256(index.to_bytes(8, "big")).digest()
            tiles += edge.append(leaf)
            if len(tiles) > TILES_AT_ONCE or index == leaves - 1:
                storage.ledger.insert_tiles(connection, [asdict(tile) for tile in tiles])
                tiles.clear()
    order = sorted(chosen)
    random.Random(1).shuffle(order)  # noqa: S311  an order, nothing secret
    return order


if __name__ == "__main__":
    main()
