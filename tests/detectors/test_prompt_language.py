"""A language that nobody here reads is said to be unknown, also in letters that are read."""

# ruff: noqa: RUF001  other scripts look like Latin

from __future__ import annotations

import pytest

from consentry.detectors.prompt_rules import PromptRulesDetector
from consentry.media.prompt import Prompt

RULES = PromptRulesDetector()


@pytest.mark.parametrize(
    "text",
    [
        "en kvinna i röd klänning på stranden",
        "một người phụ nữ trên bãi biển",
        "seorang wanita di pantai dengan gaun merah",
        "nainen rannalla punaisessa mekossa",
        "žena na pláži v červených šatech",
        "жінка на пляжі у червоній сукні",
        "mwanamke kwenye ufuo wa pwani",
    ],
)
def test_a_language_without_rules_is_said_to_be_unknown(text):
    found = RULES.detect(Prompt(text), {})
    assert [one.score for one in found if one.category == "language.unknown"] == [0.8]


@pytest.mark.parametrize("text", ["Marguerite Osei", "red house", "una mujer en la playa", "дом"])
def test_a_known_language_or_a_name_is_not_unknown(text):
    found = RULES.detect(Prompt(text), {})
    assert "language.unknown" not in {one.category for one in found}
