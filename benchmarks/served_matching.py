"""Lookups over HTTP, with a key, on one core: single by HMA's contract, and a thousand a call.

The server has one core and the load another. Where HMA cannot be run here its figure is that of an
earlier measurement on such a machine, and is called so.
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

import numpy as np
from common import ROOT, fresh_home, table

HMA_SINGLE = 85.0
"""Lookups a second of HMA, one worker on one core, 1M hashes: measured earlier, not in this run."""
_BATCH = 1000
_CORES = sorted(os.sched_getaffinity(0))


def main() -> None:
    """Bank hashes, serve, ask, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--hashes", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=10.0)
    asked = parser.parse_args()
    home = fresh_home()
    token, took = _fill(asked.hashes)
    print(f"{asked.hashes:,} hashes banked in {took:.1f} s\n")
    with _server(home) as port:
        rows = [("lookups a second, one core, with a key", "ours", "HMA", "ratio")]
        for name, requests, each in _loads(port, token):
            rate = each * _load(port, requests, asked.seconds)
            rows.append((name, f"{rate:,.0f}", f"{HMA_SINGLE:.0f}", f"{rate / HMA_SINGLE:.1f}"))
    table(rows)
    print("\nHMA: measured earlier (see FACTS), not in this run.")
    if len(_CORES) < 2:  # noqa: PLR2004  one for the server, one for the load
        print("One core only: the load took part of it, so ours is more than what is printed.")


def _fill(count: int) -> tuple[str, float]:
    from consentry.config import load_settings
    from consentry.matching.banks import Banks, NewContent, parse_signal
    from consentry.storage import open_storage

    storage = open_storage(load_settings())
    token = storage.keys.create("benchmark", ["match"])[1]
    banks = Banks(storage)
    banks.create("BENCHMARK", source="random")
    data = _random(1).bytes(32 * count)
    started = time.perf_counter()
    hashes = (data[place : place + 32].hex() for place in range(0, len(data), 32))
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


def _loads(port: int, token: str) -> Iterator[tuple[str, list[bytes], int]]:
    """Each kind of request, and how many lookups one of them is."""
    known = [_random(1).bytes(32).hex()]  # the first that was banked
    random = _random(2)
    hashes = [random.bytes(32).hex() for _ in range(20_000)]
    head = f"Host: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
    yield "single, unknown: GET /m/raw_lookup", [_get(head, one) for one in hashes], 1
    yield "single, known: GET /m/raw_lookup", [_get(head, one) for one in known], 1
    batches = [hashes[place : place + _BATCH] for place in range(0, len(hashes), _BATCH)]
    yield "batched: POST /v1/lookups, 1,000 a call", [_post(head, one) for one in batches], _BATCH


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


if __name__ == "__main__":
    main()
