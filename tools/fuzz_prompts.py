"""Throw hostile prompts at the prompt detectors, and say what was worst.

    .venv/bin/python tools/fuzz_prompts.py --minutes 10

Prompts are made from the development rows in 15 languages and from what is meant to break readers:
marks, joiners, direction controls, look-alikes, letters set apart, repetition, up to the longest
that is accepted. Exits with 1 if anything was raised but a refusal by name, if a finding points
outside the prompt, or if one prompt took more than 200 ms of processor time.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from random import Random
from time import monotonic, process_time

from consentry.config import Settings
from consentry.detectors.prompt_learned import PromptLearnedDetector
from consentry.detectors.prompt_rules import PromptRulesDetector
from consentry.errors import PromptError
from consentry.evaluation.rows import shipped
from consentry.media.prompt import Prompt

LIMIT_MS = 200.0
_WORST = 5
_WRITTEN, _FILLED, _TOO_LONG = 0.7, 0.1, 0.01  # how often
_PIECES = (
    "\u0301", "\u0300\u0323", "\u200b", "\u200d", "\u202e", "\u202c", "\u2066", "\ufe0f", "\u00ad",
    "\x00", "\x1b[31m", "\ud800", "\U0001f469\u200d\U0001f9b0", "\U000e0041", "ﷺ", "İ", "ß", "ﬀ",
    "\u1160", "\u3099", "\u0e47", "\u0345", "1", "@", "$", "0", "|", "(", "'s ", ". ", ", ", "\n",
)  # fmt: skip
_SCRIPTS = ((0x20, 0x24F), (0x370, 0x5FF), (0x600, 0x6FF), (0x900, 0x97F), (0x3040, 0x30FF),
            (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0x1F300, 0x1FAFF), (0, 0x10FFFF))  # fmt: skip


class Maker:
    """Makes prompts; the same seed makes the same ones."""

    def __init__(self, seed: int, longest: int) -> None:
        """Prompts of up to `longest` characters and, rarely, more."""
        self._random = Random(seed)  # noqa: S311  repeatable, not secret
        self._longest = longest
        self._texts = [row.text for row in shipped("development")]
        self._changes: Sequence[Callable[[str], str]] = (
            self._sprinkle, self._apart, self._repeat, self._shuffle, self._reverse, self._capital,
        )  # fmt: skip

    def __iter__(self) -> Iterator[str]:
        """Without end."""
        while True:
            text = self._start()
            for change in self._random.choices(self._changes, k=self._random.randrange(4)):
                text = change(text)
            most = self._longest + (1 if self._random.random() < _TOO_LONG else 0)
            yield self._fill(text)[:most]

    def _start(self) -> str:
        if self._random.random() < _WRITTEN:
            return " ".join(self._random.choices(self._texts, k=self._random.randint(1, 6)))
        first, last = self._random.choice(_SCRIPTS)
        return "".join(chr(self._random.randint(first, last)) for _ in range(80))

    def _fill(self, text: str) -> str:
        """Sometimes as long as may be."""
        if text and self._random.random() < _FILLED:
            return text * (self._longest // len(text) + 1)
        return text

    def _sprinkle(self, text: str) -> str:
        piece, rate = self._random.choice(_PIECES), self._random.random()
        return "".join(one + piece if self._random.random() < rate else one for one in text)

    def _apart(self, text: str) -> str:
        return self._random.choice((" ", ".", "-", "  ", "\u200b", "_")).join(text)

    def _repeat(self, text: str) -> str:
        return "".join(one * self._random.choice((1, 1, 1, 2, 5, 40)) for one in text)

    def _shuffle(self, text: str) -> str:
        words = text.split(" ")
        self._random.shuffle(words)
        return self._random.choice((" ", "", ", ")).join(words)

    def _reverse(self, text: str) -> str:
        return "\u202e" + text[::-1] + "\u202c"

    def _capital(self, text: str) -> str:
        return "".join(self._random.choice((one.upper(), one.lower(), one)) for one in text)


class Judge:
    """Looks at prompts and keeps what went wrong."""

    def __init__(self) -> None:
        """Load everything."""
        settings = Settings()
        self.longest = settings.prompt.max_characters
        self._rules, self._learned = PromptRulesDetector(), PromptLearnedDetector(settings)
        self._rules.warm_up()
        self._learned.warm_up()
        self.count = self.refused = 0
        self.faults: list[str] = []
        self.slowest: list[tuple[float, str]] = []

    def look(self, text: str) -> None:
        """Judge one prompt."""
        self.count += 1
        started = process_time()
        try:
            self._look(text)
        except PromptError:
            self.refused += 1
        except Exception as error:  # noqa: BLE001  that is what is looked for
            self.faults.append(f"{type(error).__name__}: {error}: {text[:80]!r}")
        took = (process_time() - started) * 1000
        self.slowest = sorted([*self.slowest, (took, text)], reverse=True)[:_WORST]

    def _look(self, text: str) -> None:
        prompt = Prompt.parse(text, max_characters=self.longest)
        found = [*self._rules.detect(prompt, {})]
        found += self._learned.detect(prompt, {"prompt-rules": found})
        for one in found:
            start, end = (one.where or {}).get("span", (0, len(text)))
            if not 0 <= start < end <= len(text):
                self.faults.append(f"{one.category} points to [{start}, {end}): {text[:80]!r}")


def main() -> int:
    """Fuzz, print, and say whether all was well."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    judge = Judge()
    ends = monotonic() + given.minutes * 60
    for text in Maker(given.seed, judge.longest):
        judge.look(text)
        if monotonic() > ends:
            break
    slow = [took for took, _ in judge.slowest if took > LIMIT_MS]
    print(f"{judge.count:,} prompts, {judge.refused:,} refused by name, seed {given.seed}")
    print(f"{len(judge.faults):,} faults; slowest {judge.slowest[0][0]:.0f} ms, limit {LIMIT_MS:g}")
    for took, text in judge.slowest:
        print(f"  {took:.0f} ms, {len(text):,} characters: {text[:60]!r}")
    print(*judge.faults[:20], sep="\n")
    return 1 if judge.faults or slow else 0


if __name__ == "__main__":
    sys.exit(main())
