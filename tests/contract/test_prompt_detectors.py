"""The detectors of prompts keep the contract."""

from __future__ import annotations

from consentry.detectors.prompt_learned import PromptLearnedDetector
from consentry.detectors.prompt_rules import PromptRulesDetector
from consentry.detectors.testing import DetectorContract


class TestPromptRules(DetectorContract):
    """Rules kept as data: there is no model that could be missing."""

    detector = PromptRulesDetector


class TestPromptLearned(DetectorContract):
    """Weights of our own over a sentence encoder that is installed beside us."""

    detector = PromptLearnedDetector
    models = ("use-multilingual", "use-vocabulary")
