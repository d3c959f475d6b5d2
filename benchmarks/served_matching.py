"""Lookups over HTTP, with a key, on one core: single by HMA's contract, and a thousand a call.

The server has one core and the load another. With `--hma http://127.0.0.1:5100` a running HMA is
asked the same in the same run, in turns. It is given the hashes of this benchmark unless it has
them, one call each, as its contract wants it; then its index is waited for, some minutes. With less
than a million it is quicker, so the ratio is then rather too small. Without `--hma` there is no
figure of HMA, and the table says so.

How HMA was run: folder `hasher-matcher-actioner` of facebook/ThreatExchange, PyPI's threatexchange,
PostgreSQL over a socket, all roles in one process, its own default times for building and loading
the index, no fetcher, no page:

    export OMM_CONFIG=… OMM_DATABASE_URI=postgresql+psycopg2://…
    flask --app OpenMediaMatch.app db upgrade --directory OpenMediaMatch/migrations
    taskset -c 0 gunicorn --bind 127.0.0.1:5100 "OpenMediaMatch.app:create_app()"

For a million hashes, put them into its tables `bank_content` and `content_signal` first, with the
numbers 1, 2, 3 …: `_hashes` gives them. They are not sent again.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from common import ROOT, fresh_home, table

_BATCH = 1000
_ROUNDS = 3
_NOT_MEASURED = "HMA: not measured in this run. Give the address of a running one with --hma."
_CORES = sorted(os.sched_getaffinity(0))


def main() -> None:
    """Bank hashes, serve, ask, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--hashes", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--hma", help="address of a running HMA, as http://127.0.0.1:5100")
    parser.add_argument("--hma-hashes", type=int, default=10_000, help="that it must hold")
    asked = parser.parse_args()
    home = fresh_home()
    token, took = _fill(asked.hashes)
    print(f"{asked.hashes:,} hashes banked in {took:.1f} s")
    peer = None if asked.hma is None else Hma(asked.hma, min(asked.hma_hashes, asked.hashes))
    print(_NOT_MEASURED if peer is None else peer.ready(), end="\n\n")
    with _server(home) as port:
        rates = _measure(_loads(port, token), None if peer is None else peer.loads(), asked.seconds)
    table([("lookups a second, one core, with a key", "ours", "HMA", "ratio"), *_rows(rates)])
    if len(_CORES) < 2:  # noqa: PLR2004  one for the server, one for the load
        print("One core only: the load took part of it, so ours is more than what is printed.")


def _measure(ours: list[Load], theirs: list[Load] | None, seconds: float) -> dict[str, list[float]]:
    """By kind of request, our rate and HMA's, asked in turns."""
    sides = [ours] if theirs is None else [ours, theirs]
    counts: dict[str, list[float]] = {one.name: [0.0] * len(sides) for one in ours}
    for _ in range(_ROUNDS):
        for loads in zip(*sides, strict=True):
            for side, one in enumerate(loads):
                rate = one.each * _load(one.port, one.requests, seconds / _ROUNDS)
                counts[loads[0].name][side] += rate / _ROUNDS
    return counts


def _rows(rates: dict[str, list[float]]) -> Iterator[tuple[str, ...]]:
    for name, (ours, *theirs) in rates.items():
        shown = [(f"{one:,.0f}", f"{ours / one:.1f}") for one in theirs] or [("-", "-")]
        yield name, f"{ours:,.0f}", *shown[0]


class Load(NamedTuple):
    """A kind of request, where it goes, and how many lookups one of them is."""

    name: str
    port: int
    requests: list[bytes]
    each: int


class Hma:
    """A running HMA that holds the first hashes of this benchmark."""

    def __init__(self, address: str, hashes: int) -> None:
        """Give it those that its index has not got."""
        import httpx

        self._client = httpx.Client(base_url=address, timeout=120)
        self._port = httpx.URL(address).port or 80
        self._hashes = _hashes(hashes)
        if not self._finds(self._hashes[-1]):
            self._client.post("/c/banks", json={"name": "BENCHMARK"})
            for digits in self._hashes:
                sent = self._client.post("/c/bank/BENCHMARK/signal", json={"pdq": digits})
                sent.raise_for_status()

    def ready(self) -> str:
        """Wait until its worker finds the first hash and the last; says what it holds."""
        for _ in range(600):
            if self._finds(self._hashes[0]) and self._finds(self._hashes[-1]):
                held = self._client.get("/m/index/status").json()["pdq"]["size"]
                return f"HMA, in this run: {held:,} hashes in its index"
            time.sleep(1)
        sys.exit("HMA does not find what it was given: see its log.")

    def _finds(self, digits: str) -> bool:
        asked = {"signal_type": "pdq", "signal": digits}
        answer = self._client.get("/m/raw_lookup", params=asked)
        return answer.status_code == 200 and bool(answer.json()["matches"])  # noqa: PLR2004

    def loads(self) -> list[Load]:
        """As `_loads`; HMA has no batches: one hash a call stands against ours."""
        unknown, known = (
            [_get(f"Host: 127.0.0.1:{self._port}\r\n", one) for one in hashes]
            for hashes in (_UNKNOWN, _hashes(1))
        )
        parts = zip(_NAMES, (unknown, known, unknown), strict=True)
        return [Load(name, self._port, requests, 1) for name, requests in parts]


def _fill(count: int) -> tuple[str, float]:
    from consentry.config import load_settings
    from consentry.matching.banks import Banks, NewContent, parse_signal
    from consentry.storage import open_storage

    storage = open_storage(load_settings())
    token = storage.keys.create("benchmark", ["match"])[1]
    banks = Banks(storage)
    banks.create("BENCHMARK", source="random")
    hashes = _hashes(count)
    started = time.perf_counter()
    banks.add_many("BENCHMARK", (NewContent([parse_signal("pdq", one)]) for one in hashes))
    took = time.perf_counter() - started
    storage.close()
    return token, took


@contextlib.contextmanager
def _server(home: str) -> Iterator[int]:
    """`consentry serve` on the first core, its index loaded; its port."""
    command = [sys.executable, "-m", "consentry", "serve", "--port", "0"]
    log = Path(home) / "server.log"
    with log.open("w") as lines:
        process = subprocess.Popen(
            command,
            stderr=lines,
            env={**os.environ, "CONSENTRY_HOME": home, "PYTHONPATH": str(ROOT / "src")},
        )
        try:
            port = _wait_for_port(log)
            _wait_for_index(port)
            os.sched_setaffinity(process.pid, {_CORES[0]})
            for task in Path(f"/proc/{process.pid}/task").iterdir():
                os.sched_setaffinity(int(task.name), {_CORES[0]})
            yield port
        finally:
            process.terminate()
            process.wait(20)


def _wait_for_port(log: Path) -> int:
    for _ in range(600):
        said = re.search(r"http://127\.0\.0\.1:(\d+)", log.read_text(encoding="utf-8"))
        if said:
            return int(said[1])
        time.sleep(0.1)
    sys.exit("The server did not start.")


def _wait_for_index(port: int) -> None:
    import httpx

    for _ in range(1200):
        if httpx.get(f"http://127.0.0.1:{port}/status", timeout=30).status_code == 200:  # noqa: PLR2004
            return
        time.sleep(0.1)
    sys.exit("The index did not load.")


def _loads(port: int, token: str) -> list[Load]:
    """Each kind of request to ours."""
    head = f"Host: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
    batches = [_UNKNOWN[place : place + _BATCH] for place in range(0, len(_UNKNOWN), _BATCH)]
    unknown, known = ([_get(head, one) for one in hashes] for hashes in (_UNKNOWN, _hashes(1)))
    parts = zip(_NAMES, (unknown, known, [_post(head, one) for one in batches]), strict=True)
    return [Load(name, port, part, _BATCH if name == _NAMES[2] else 1) for name, part in parts]


def _hashes(count: int, seed: int = 1) -> list[str]:
    """The first hashes that are banked."""
    data = _random(seed).bytes(32 * count)
    return [data[place : place + 32].hex() for place in range(0, len(data), 32)]


def _random(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def _get(head: str, digits: str) -> bytes:
    line = f"GET /m/raw_lookup?signal_type=pdq&signal={digits} HTTP/1.1"
    return f"{line}\r\n{head}\r\n".encode()


def _post(head: str, hashes: list[str]) -> bytes:
    body = json.dumps({"type": "pdq", "values": hashes}).encode()
    lines = f"POST /v1/lookups HTTP/1.1\r\n{head}Content-Type: application/json\r\n"
    return f"{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _load(port: int, requests: list[bytes], seconds: float) -> float:
    asked = {
        "port": port,
        "core": _CORES[-1],
        "seconds": seconds,
        "connections": 8,
        "requests": [base64.b64encode(one).decode() for one in requests],
    }
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "served_load.py"],
        input=json.dumps(asked) + "\n",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    return float(done.stdout)


_UNKNOWN = _hashes(20_000, seed=2)
_NAMES = (
    "single, unknown: GET /m/raw_lookup",
    "single, known: GET /m/raw_lookup",
    "batched: POST /v1/lookups, 1,000 a call",
)


if __name__ == "__main__":
    main()
