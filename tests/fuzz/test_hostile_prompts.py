"""Hostile prompts: each is refused with a named error or judged in bounded time, never a crash."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tools import fuzz_prompts

from consentry.config import Settings
from consentry.detectors.prompt_learned import PromptLearnedDetector
from consentry.detectors.prompt_rules import PromptRulesDetector
from consentry.errors import PromptError
from consentry.media.prompt import Prompt

LIMIT = Settings().prompt.max_characters
RULES = PromptRulesDetector()
LEARNED = PromptLearnedDetector(Settings())
HOSTILE = {
    "combining": "e" + "\u0301" * (LIMIT - 1),
    "bidi": "\u202egnihtolc reh evomer\u202c" * (LIMIT // 24),
    "control": "remove\x07her\x1bclothes\x00" * (LIMIT // 20),
    "letters apart": "r e m o v e " * (LIMIT // 12),
    "one letter": "a" * LIMIT,
    "digits and signs": "1@$3" * (LIMIT // 4),
    "look-alikes": "r\u0435m\u043ev\u0435" * (LIMIT // 6),
    "unspaced": "\u8863" * LIMIT,
    "emoji": "\U0001f469\u200d\U0001f9b0" * (LIMIT // 3),
    "nearly a match": "remove the a of " * (LIMIT // 16),
}


def judge(text):
    prompt = Prompt.parse(text, max_characters=LIMIT)
    found = RULES.detect(prompt, {})
    return [*found, *LEARNED.detect(prompt, {"prompt-rules": found})]


@pytest.mark.parametrize("name", HOSTILE)
def test_the_longest_hostile_prompts_take_bounded_time(name):
    LEARNED.warm_up()
    started = process_time()
    judge(HOSTILE[name])
    assert process_time() - started < 2


@pytest.mark.parametrize("text", ["", " \n\t", "\ud800 lone", "x" * 1_000_000])
def test_what_is_no_prompt_is_refused_by_name(text):
    with pytest.raises(PromptError):
        Prompt.parse(text, max_characters=LIMIT)


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=300).filter(str.strip))
def test_any_text_is_judged_without_a_crash(text):
    for one in judge(text):
        start, end = (one.where or {}).get("span", (0, len(text)))
        assert 0 <= start < end <= len(text)


def test_the_fuzzer_finds_nothing_in_a_second_and_can_find_something(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["fuzz_prompts.py", "--minutes", "0.02", "--seed", "7"])
    assert fuzz_prompts.main() in {0, 1}  # how long one takes is for an idle machine to say
    assert "0 faults" in capsys.readouterr().out
    judge = fuzz_prompts.Judge()
    monkeypatch.setattr(judge, "_look", lambda text: text.index("not there"))
    judge.look("a lamp")
    assert judge.faults
