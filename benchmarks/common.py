"""What every benchmark shares: the picture, the clock, the table."""

from __future__ import annotations

import compileall
import io
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).parent.parent
PEER_PYTHON = ROOT / ".cache" / "bench-venv" / "bin" / "python"
PHOTOS = ROOT / "tests" / "data" / "photos"


def portrait(side: int = 1024) -> bytes:
    """A square JPEG of the astronaut's portrait, `side` pixels, quality 90."""
    from PIL import Image

    with Image.open(PHOTOS / "astronaut.png") as image:
        square = image.convert("RGB").resize((side, side), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    square.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def varied(data: bytes, number: int) -> bytes:
    """The same picture with other bytes (a JPEG comment), so that no cache can answer."""
    comment = f"benchmark {number}".encode()
    return data[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + data[2:]


def milliseconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    started = perf_counter()
    work()
    return (perf_counter() - started) * 1000


def median(times: list[float]) -> float:
    """The median, which one busy moment of the machine does not move."""
    return statistics.median(times)


def table(rows: list[tuple[str, ...]]) -> None:
    """Print rows; the first is the head."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))


def fresh_home() -> str:
    """An empty CONSENTRY_HOME for this run."""
    home = tempfile.mkdtemp(prefix="consentry-bench-")
    os.environ["CONSENTRY_HOME"] = home
    return home


def as_installed() -> None:
    """Compile our modules to bytecode, which an installed package has: a start must not do it."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    compileall.compile_dir(ROOT / "src", quiet=1)


class Peer:
    """A script that runs in the peers' own environment and answers a line with a line."""

    def __init__(self, script: str, *arguments: str) -> None:
        """Start it and wait until it is ready."""
        if not PEER_PYTHON.exists():
            sys.exit("The peers are not installed: start this with benchmarks/run.")
        self._process = subprocess.Popen(
            [PEER_PYTHON, ROOT / "benchmarks" / script, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.ask("ready?")

    def ask(self, line: str) -> str:
        """Send a line, wait for the answer."""
        process = self._process
        assert process.stdin is not None  # noqa: S101  they are pipes
        assert process.stdout is not None  # noqa: S101  they are pipes
        process.stdin.write(line + "\n")
        process.stdin.flush()
        return process.stdout.readline().strip()

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
