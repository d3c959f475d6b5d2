"""`consentry train prompts`: from examples to weights, a card with measured error, and a plot."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from consentry import __version__
from consentry.config import Settings
from consentry.detectors.prompt_features import features, windows
from consentry.detectors.prompt_learned import HEADS, Heads
from consentry.detectors.prompt_rules import PromptRulesDetector
from consentry.evaluation.examples import TrainingRow
from consentry.evaluation.logistic import calibrate, fit
from consentry.evaluation.metrics import Rate
from consentry.media.prompt import Prompt
from consentry.models.sentence import SentenceEncoder

__all__ = ["Trained", "train"]

_FOLDS: Final = 5
_PENALTY: Final = 5.0
_BATCH: Final = 256
_BINS: Final = 10

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Trained:
    """What came out.

    Attributes:
        heads: the weights.
        reliability: for each head, for each tenth of probability: how often it was right, on rows
            that were held back.
        found: for each head, requests found and harmless rows flagged at 0.5, held back.
        rows: how many examples.
    """

    heads: Heads
    reliability: dict[str, list[Rate]]
    found: dict[str, tuple[Rate, Rate]]
    rows: int

    def card(self, sources: Sequence[str], seed: int) -> str:
        """The card, as TOML."""
        lines = [
            "# Written by `consentry train prompts`. What is known about the learned part.",
            'name = "prompt-learned"',
            'task = "finds requests for harmful pictures of people by what they mean"',
            'licence = "Apache-2.0"',
            f"rows = {self.rows}",
            f"seed = {seed}",
            f'made_with = "Consentry {__version__}"',
            f"sources = [{', '.join(_quoted(one) for one in sources)}]",
            "limits = [",
            '  "one author wrote most examples: other people ask in other ways",',
            '  "the embedding does not know Hindi: there the rules and the letters speak alone",',
            '  "rows held back are like those that it was trained on: others give other figures",',
            "]",
        ]
        for head, (hits, wrong) in self.found.items():
            lines += ["", "[[measured]]", f'category = "{head}"', f'found = "{hits}"']
            lines += [f'harmless_flagged = "{wrong}"', 'on = "rows held back in five folds"']
            shown = (str(one) for one in self.reliability[head])
            lines += [f"reliability = [{', '.join(_quoted(one) for one in shown)}]"]
        return "\n".join(lines) + "\n"


def train(rows: Sequence[TrainingRow], settings: Settings) -> Trained:
    """Learn from `rows`; the same rows give the same weights on the same machine.

    Raises:
        ModelError: the sentence encoder is missing, altered or unusable.
    """
    table = _table(rows, settings)
    wanted = np.array([row.wanted for row in rows], np.float32)
    weights = np.array([row.weights for row in rows], np.float32)
    folds = np.array([_fold(row.group) for row in rows])
    raised = np.zeros_like(wanted)
    for fold in range(_FOLDS):
        kept, left = folds != fold, folds == fold
        found, bias = fit(table[kept], wanted[kept], weights[kept], _PENALTY)
        raised[left] = table[left] @ found + bias
    slope, offset = calibrate(raised, wanted, weights)
    chances = 1.0 / (1.0 + np.exp(-(raised * slope + offset)))
    found, bias = fit(table, wanted, weights, _PENALTY)
    heads = Heads(np.asarray(found * slope, np.float32), np.asarray(bias * slope + offset))
    return Trained(heads, *_measured(chances, wanted, weights), len(rows))


def _table(rows: Sequence[TrainingRow], settings: Settings) -> Floats:
    rules, encoder = PromptRulesDetector(), SentenceEncoder.load(settings)
    parts = [
        windows(row.text, rules.detect(Prompt(row.text, None, has_reference=True), {}))[0]
        for row in rows
    ]
    batches = (parts[start : start + _BATCH] for start in range(0, len(parts), _BATCH))
    return np.concatenate([features(batch, encoder) for batch in batches])


def _fold(group: str) -> int:
    return hashlib.sha256(group.encode()).digest()[0] % _FOLDS


def _measured(
    chances: Floats, wanted: Floats, weights: Floats
) -> tuple[dict[str, list[Rate]], dict[str, tuple[Rate, Rate]]]:
    reliability, found = {}, {}
    for place, head in enumerate(HEADS):
        counted = weights[:, place] > 0
        chance, truth = chances[counted, place], wanted[counted, place] > 0
        tenth = np.minimum((chance * _BINS).astype(int), _BINS - 1)
        reliability[head] = [Rate.of(truth[tenth == one].tolist()) for one in range(_BINS)]
        flagged = chance >= 1 / 2
        found[head] = (Rate.of(flagged[truth].tolist()), Rate.of(flagged[~truth].tolist()))
    return reliability, found


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
