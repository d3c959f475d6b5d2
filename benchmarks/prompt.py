"""Prompts, from text to stored decision: one alone, and many one after the other."""

from __future__ import annotations

import subprocess
import sys
from collections import deque
from io import StringIO

from common import fresh_home, median, milliseconds, table

from consentry.cli.screening_work import screen_prompts
from consentry.guard import Guard

ROUNDS = 500
BATCH = 4000
PROMPTS = (
    "a lighthouse at dusk, oil on canvas",
    "change the colour of her dress to dark green and add a hat",
    "a portrait of an old fisherman mending his nets, 35 mm, soft morning light from a window",
)


def main() -> None:
    """Measure and print."""
    fresh_home()
    with Guard.open() as guard:
        guard.warm_up()
        times = []
        for number in range(-50, ROUNDS):
            prompt = f"{PROMPTS[number % len(PROMPTS)]}, number {number}"
            took = milliseconds(lambda prompt=prompt: guard.check_prompt(prompt))
            if number >= 0:
                times.append(took)
        together = _together(guard)
    p95 = sorted(times)[int(len(times) * 0.95)]
    table(
        [
            ("one prompt", "ms", "limit"),
            ("median", f"{median(times):.2f}", ""),
            ("95th percentile", f"{p95:.2f}", "10"),
            ("each of many, as `screen --prompts`", f"{together:.2f}", ""),
            ("ratio", f"{median(times) / together:.1f}", "3"),
        ]
    )
    print()
    table([("in a process of its own", "measured", "limit"), *_loading()])


_LOAD = """
import re
from pathlib import Path
from time import perf_counter
from consentry.config import Settings
from consentry.detectors.prompt_learned import PromptLearnedDetector
from consentry.detectors.prompt_rules import PromptRulesDetector
learned = PromptLearnedDetector(Settings())
started = perf_counter()
learned._encoder()
print(perf_counter() - started)
for one in (PromptRulesDetector(), learned):
    one.warm_up()
status = Path("/proc/self/status").read_text()
print(int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) / 1024)  # ru_maxrss would be the parent's
"""


def _loading() -> list[tuple[str, ...]]:
    """Seconds to load the sentence encoder, the largest model here, and MB with both detectors."""
    runs = [
        subprocess.run([sys.executable, "-c", _LOAD], check=True, capture_output=True, text=True)
        for _ in range(5)
    ]
    seconds, megabytes = zip(*(map(float, run.stdout.split()) for run in runs), strict=True)
    return [
        ("model load, s, median of 5", f"{median(list(seconds)):.2f}", "1.5"),
        ("resident with both detectors, MB", f"{max(megabytes):.0f}", "300"),
    ]


def _together(guard: Guard) -> float:
    """Milliseconds for each of many."""
    lines = StringIO("".join(f"{PROMPTS[n % len(PROMPTS)]}, batch {n}\n" for n in range(BATCH)))
    return milliseconds(lambda: deque(screen_prompts(guard, lines, frozenset()), 0)) / BATCH


if __name__ == "__main__":
    main()
