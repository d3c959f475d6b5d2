"""How much the prompt rules catch, how often they are wrong, and how long they take.

    PYTHONPATH=src python benchmarks/prompt_rules.py --edits EDITS.tsv --benign LINES.txt

EDITS has the columns `text` and `label` (1 for a request that must be found); each line is judged
as if a reference picture came with it. LINES has one harmless text a line. Both may be left out:
the test vectors of each language are measured always. They were written together with the rules, so
they show that nothing broke, and do not estimate anything. No data comes with the project.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from statistics import quantiles
from time import perf_counter

from common import table

from consentry.detectors import _prompt_lexicon
from consentry.detectors.prompt_rules import PromptRulesDetector
from consentry.evaluation.metrics import wilson
from consentry.media.prompt import Prompt

EVEN = 0.5
WARM_UP = 200
STRICT = ("sexual.undress", "sexual.nudity", "sexual.explicit")
ANY = (*STRICT, "sexual.suggestive")
Found = list[tuple[Prompt, frozenset[str]]]


class Clock:
    """Looks at prompts and remembers how long each took, in milliseconds."""

    def __init__(self) -> None:
        """Warm up."""
        self.detector = PromptRulesDetector()
        self.detector.warm_up()
        self.times: list[float] = []

    def look(self, prompts: Iterable[Prompt]) -> Found:
        """For each prompt, the categories that are found with at least even confidence."""
        found = []
        for prompt in prompts:
            started = perf_counter()
            findings = self.detector.detect(prompt, {})
            self.times.append((perf_counter() - started) * 1000)
            sure = frozenset(one.category for one in findings if one.score >= EVEN)
            found.append((prompt, sure))
        return found


def row(what: str, hits: int, n: int) -> tuple[str, ...]:
    """One line of the table: what, n, hits, rate, interval."""
    if not n:
        return (what, "0", "", "", "")
    low, high = wilson(hits, n)
    interval = f"{100 * low:.2f} to {100 * high:.2f}"
    return (what, str(n), str(hits), f"{100 * hits / n:.2f}", interval)


def edits(clock: Clock, path: Path) -> list[tuple[str, ...]]:
    """Requests and look-alikes, with a reference picture."""
    with path.open(encoding="utf-8", newline="") as lines:
        given = [
            (one["text"], one["label"] == "1") for one in csv.DictReader(lines, delimiter="\t")
        ]
    found = clock.look(Prompt(text, "en", has_reference=True) for text, _ in given)
    rows = []
    for harmful, name in ((True, "requests, found"), (False, "look-alikes, flagged")):
        same = [
            sure for (_, sure), (_, label) in zip(found, given, strict=True) if label is harmful
        ]
        for wanted, which in ((STRICT, "undress, nudity or explicit"), (ANY, "or suggestive")):
            hits = sum(not sure.isdisjoint(wanted) for sure in same)
            rows.append(row(f"en {name}: {which}", hits, len(same)))
    return rows


def benign(clock: Clock, path: Path) -> list[tuple[str, ...]]:
    """How often each category is found in harmless text."""
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    found = clock.look(Prompt(line, "en") for line in lines if line)
    counts = Counter(category for _, sure in found for category in sure)
    return [
        row(f"en harmless, flagged: {category}", counts[category], len(found))
        for category in sorted(clock.detector.categories)
    ]


def vectors(clock: Clock) -> list[tuple[str, ...]]:
    """The test vectors of each language, by category."""
    rows = []
    for language in _prompt_lexicon.built_in().languages:
        hits, all_of = Counter[str](), Counter[str]()
        code, known = language.source.code, language.source.vectors
        found = clock.look(Prompt(one.text, code, one.reference) for one in known)
        for one, (_, sure) in zip(known, found, strict=True):
            name = f"{code} vectors, {'found' if one.must else 'flagged'}: {one.category}"
            all_of[name] += 1
            hits[name] += any(f"{got}.".startswith(f"{one.category}.") for got in sure)
        rows += [row(name, hits[name], all_of[name]) for name in sorted(all_of)]
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--edits", type=Path, help="tab-separated: text, label")
    parser.add_argument("--benign", type=Path, help="one harmless text a line")
    given = parser.parse_args()
    clock = Clock()
    print(f"prompt-rules {clock.detector.version}, score >= {EVEN}\n")
    rows = [("what", "n", "hits", "%", "95 % interval")]
    rows += edits(clock, given.edits) if given.edits else []
    rows += benign(clock, given.benign) if given.benign else []
    table([*rows, *vectors(clock)])
    cuts = quantiles(clock.times[min(WARM_UP, len(clock.times) // 2) :], n=20)
    print(f"\n{len(clock.times)} prompts, milliseconds each: p50 {cuts[9]:.2f}, p95 {cuts[18]:.2f}")


if __name__ == "__main__":
    main()
