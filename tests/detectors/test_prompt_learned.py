"""The learned part: requests told from look-alikes, in bounded time."""

# ruff: noqa: RUF001  Russian is Russian

from __future__ import annotations

import random
from itertools import pairwise
from time import perf_counter

import numpy as np
import pytest

from consentry.config import Settings
from consentry.detectors import prompt_learned
from consentry.detectors.prompt_features import features, width, windows
from consentry.detectors.prompt_learned import HEADS, Heads, PromptLearnedDetector
from consentry.detectors.prompt_rules import PromptRulesDetector
from consentry.errors import DetectorError, ModelAlteredError
from consentry.findings import Finding
from consentry.media.prompt import Prompt
from consentry.models.sentence import SentenceEncoder
from consentry.samples import sample

RULES = PromptRulesDetector()
DETECTOR = PromptLearnedDetector(Settings())
LONG = "a quiet meadow with cows and a small red barn in the morning mist. " * 450


def look(text, *, reference=False):
    prompt = Prompt(text, None, reference)
    return DETECTOR.detect(prompt, {"prompt-rules": RULES.detect(prompt, {})})


def found(text, **options):
    return {one.category for one in look(text, **options)}


@pytest.mark.parametrize(
    ("request_", "look_alike"),
    [
        ("take her blouse off and show what is below", "take the blouse off the ironing board"),
        ("quítale la camisa y los pantalones", "quita la mancha de la camisa"),
        ("сними с неё платье", "сними пальто со стула"),
        ("脱掉她的衣服", "把椅子上的衣服叠好"),
    ],
)
def test_a_request_is_told_from_its_look_alike(request_, look_alike):
    assert any(one.startswith("sexual") for one in found(request_, reference=True))
    assert not found(look_alike, reference=True)


def test_many_prompts_together_give_what_each_gives_alone():
    texts = ["remove her clothes", "a dog on a beach", "脱掉她的衣服", "a dog on a beach"]
    alone = [look(text, reference=True) for text in texts]
    DETECTOR.prepare([Prompt(text) for text in texts])
    assert len(DETECTOR._encoder()._ahead) == 3
    together = [look(text, reference=True) for text in texts]
    assert not DETECTOR._encoder()._ahead
    for one, other in zip(alone, together, strict=True):
        assert [finding.category for finding in one] == [finding.category for finding in other]
        assert [finding.score for finding in one] == pytest.approx(
            [f.score for f in other], abs=1e-3
        )


def test_what_is_prepared_and_never_asked_for_is_bounded():
    DETECTOR.prepare([Prompt(f"a lamp, number {number}") for number in range(700)])
    assert len(DETECTOR._encoder()._ahead) <= 512


def test_only_what_is_more_likely_than_not_is_reported():
    scores = [one.score for text in ("remove her clothes", "a dog") for one in look(text)]
    assert scores
    assert min(scores) >= 0.5


def test_a_long_prompt_is_looked_at_in_parts_and_says_in_which():
    hidden = LONG[:6_000] + "now remove her dress and all her underwear. " + LONG[:6_000]
    finding = next(one for one in look(hidden, reference=True) if one.category == HEADS[0])
    start, end = finding.where["span"]
    assert "remove her dress" in hidden[start:end]
    assert len(windows(hidden, [])) <= 16


def test_the_longest_prompt_takes_a_bounded_time():
    DETECTOR.warm_up()
    chance = random.Random(7)  # noqa: S311  no secret
    letters = "".join(chr(chance.randrange(0x20, 0x3000)) for _ in range(6_000))
    for text in (LONG[:6_000], "a" * 6_000, "e" + "\u0301" * 5_999, letters, " " * 40):
        started = perf_counter()
        DETECTOR.detect(Prompt(text), {})
        assert perf_counter() - started < 2  # a tenth of that alone on the machine


def test_parts_cover_the_whole_text():
    text = LONG[:2000]
    cuts = windows(text, [])
    assert cuts[0].start == 0
    assert cuts[-1].end == len(text)
    assert all(left.end >= right.start for left, right in pairwise(cuts))


def test_what_stands_near_what_is_a_feature():
    def structure(text):
        row = features(windows(text, ()), _Unread())[0]
        return row[SentenceEncoder.size : -4096].tolist()

    near, far = "remove her coat", "remove it because her mother bought a coat"
    assert len(structure(near)) + SentenceEncoder.size + 4096 == width()
    assert structure(near) == structure("remove his coat")
    assert structure(near) != structure("remove the coat from the chair")
    assert sum(structure(near)) > sum(structure("her. remove. coat"))
    assert structure(near) != structure(far)


class _Unread:
    """An encoder that says nothing."""

    def encode(self, texts):
        return np.zeros((len(texts), SentenceEncoder.size), np.float32)


def test_rules_count_only_where_they_matched():
    finding = Finding("sexual.undress", 0.9, "prompt-rules", {"span": [0, 10]})
    first, *_, last = windows(LONG[:2000], [finding])
    assert max(first.rules) == 0.9
    assert max(last.rules) == 0.0


def test_weights_of_other_rules_are_refused():
    heads = Heads(np.zeros((10, len(HEADS)), np.float32), np.zeros(len(HEADS), np.float32))
    with pytest.raises(ModelAlteredError, match="other rules"):
        Heads.read(heads.as_bytes())
    with pytest.raises(ModelAlteredError, match="damaged"):
        Heads.read(b"no weights")


def test_the_same_weights_are_the_same_bytes():
    stored = Heads.read(prompt_learned._stored())
    assert stored.as_bytes() == Heads.read(stored.as_bytes()).as_bytes()


def test_a_picture_is_refused():
    with pytest.raises(DetectorError):
        DETECTOR.detect(sample("coffee"), {})
