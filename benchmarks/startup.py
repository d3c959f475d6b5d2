"""How quickly things start, and how much they take: help page, server, memory, disk.

There is no peer for these; each is printed beside the limit that the project set itself.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter, sleep

from common import ROOT, as_installed, fresh_home, median, portrait, table, varied

MIB = 1024 * 1024


def main() -> None:
    """Measure and print."""
    as_installed()
    fresh_home()
    ready, memory = _server()
    table(
        [
            ("what", "measured", "limit"),
            ("consentry --help, median of 9", f"{_help():.2f} s", "0.2 s"),
            ("server ready", f"{ready:.2f} s", "2.5 s"),
            ("server and its children after 20 screenings", f"{memory:.0f} MB", "600 MB"),
            ("base install", f"{_install():.0f} MB", "500 MB"),
        ]
    )


def _help() -> float:
    times = []
    for _ in range(9):
        started = perf_counter()
        subprocess.run([sys.executable, "-m", "consentry", "--help"], check=True, stdout=-3)
        times.append(perf_counter() - started)
    return median(times)


def _server() -> tuple[float, float]:
    """Seconds until the demo says its address; resident memory after work, children included."""
    started = perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "consentry", "demo", "--port", "0", "--no-open"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    assert process.stdout is not None  # noqa: S101  it is a pipe
    line = process.stdout.readline()
    ready = perf_counter() - started
    address = re.search(r"http://\S+", line)
    if address is None:
        sys.exit(f"The demo did not start: {line}")
    try:
        _use(address.group().rstrip("."))
        sleep(0.5)
        return ready, _resident(process.pid) / MIB
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def _use(address: str) -> None:
    import httpx

    for number in range(20):
        answer = httpx.post(
            f"{address}/demo",
            data={"stage": "output", "prompt": f"a portrait, number {number}"},
            files={"file": ("a.jpg", varied(portrait(), number), "image/jpeg")},
            headers={"Origin": address, "Sec-Fetch-Site": "same-origin"},
            timeout=30,
        )
        answer.raise_for_status()


def _resident(pid: int) -> int:
    """Resident bytes of a process and its children; what they share is counted once (PSS)."""
    pids = [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    total = 0
    for one in pids:
        text = Path(f"/proc/{one}/smaps_rollup").read_text()
        total += int(re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE).group(1)) * 1024
    return total


def _install() -> float:
    """Bytes on disk of an environment with the base set and nothing else."""
    uv = ROOT / ".venv" / "bin" / "uv"
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([uv, "venv", "--quiet", folder + "/e"], check=True)
        for name in ("base", "models"):
            lock = ROOT / "requirements" / f"{name}.txt"
            python = folder + "/e/bin/python"
            command = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--no-deps"]
            subprocess.run([*command, "--python", python, "-r", lock], check=True)
        files = {
            (stat.st_dev, stat.st_ino): stat.st_blocks * 512
            for stat in (path.lstat() for path in Path(folder).rglob("*"))
        }
        return sum(files.values()) / MIB


if __name__ == "__main__":
    main()
