"""Earlier prompts: they say whom and what it is about, and refuse nothing by themselves."""

from __future__ import annotations

import pytest

from consentry.config import PromptSettings, Settings
from consentry.errors import InputError, PromptError
from consentry.findings import UNCHECKED, Action, Finding, Stage
from consentry.guard import Guard
from consentry.media.prompt import Prompt
from consentry.screening.conversation import CONVERSATION, EARLIER, MOST_TURNS, Conversation
from consentry.screening.submission import Submission

BEFORE = "a photo of my colleague in a coat"
NOW = Prompt("now take it off")


def found(category, span=None, score=0.9, detector="rules"):
    return Finding(category, score, detector, None if span is None else {"span": list(span)})


def conversation(*history, limit=1000):
    return Conversation.of(NOW, history or (BEFORE,), limit)


def added(alone=(), earlier=(), whole=()):
    return [(one.category, one.where) for one in conversation().adds(alone, earlier, whole)]


def test_without_earlier_prompts_there_is_no_conversation():
    assert Conversation.of(NOW, (), 1000) is None
    assert Conversation.of(NOW, ("", " \n"), 1000) is None


def test_the_new_prompt_is_the_last_line():
    one = conversation(BEFORE, "", "bluer")
    assert one.whole.text == f"{BEFORE}\nbluer\n{NOW.text}"
    assert one.whole.text[one.start :] == NOW.text
    assert one.earlier.text == f"{BEFORE}\nbluer"


def test_what_touches_the_new_prompt_is_placed_in_it():
    start = conversation().start
    inside = found("sexual.undress", (start + 4, start + 15))
    across = found("sexual.nudity", (start - 5, start + 3))
    before = found("defamation.crime", (0, start))
    assert added(whole=[inside, across, before]) == [
        ("sexual.undress", {"span": [4, 15]}),
        ("sexual.nudity", {"span": [0, 3]}),
    ]


def test_what_the_earlier_prompts_explain_is_not_held_against_the_new_one():
    start = conversation().start
    earlier = [found("sexual.undress", (0, 5))]
    assert added(earlier=earlier, whole=[found("sexual.undress")]) == []
    assert added(earlier=earlier, whole=[found("sexual.undress", (0, start + 5))]) == []
    within = found("sexual.undress", (start, start + 5))
    assert added(earlier=earlier, whole=[within]) == [("sexual.undress", {"span": [0, 5]})]
    assert added(whole=[found("sexual.undress")]) == [("sexual.undress", None)]


def test_what_the_new_prompt_says_by_itself_is_not_said_twice():
    start = conversation().start
    alone = [found("sexual.undress", (4, 15), 0.7)]
    stronger = found("sexual.undress", (start + 4, start + 15), 0.8)
    weaker = found("sexual.undress", (start + 4, start + 15), 0.6)
    assert added(alone, whole=[weaker]) == []
    assert added(alone, whole=[stronger]) == [("sexual.undress", {"span": [4, 15]})]


def test_who_was_spoken_of_counts_once_something_is_done():
    who = [found("minor.referenced", (0, 3)), found("person.named", (4, 9)), found("evasion")]
    assert added(earlier=who, whole=who) == []
    assert added([found("defamation.crime")], earlier=who) == [
        ("minor.referenced", None),
        ("person.named", None),
    ]


def test_where_nobody_could_look_it_is_said():
    assert added(whole=[found(UNCHECKED)]) == [(UNCHECKED, None)]


def test_the_limits_are_said():
    with pytest.raises(PromptError, match="21 earlier prompts"):
        conversation(*["a"] * (MOST_TURNS + 1))
    with pytest.raises(PromptError, match=r"(?s)Together .* fewer of the earlier"):
        conversation(limit=20)
    with pytest.raises(PromptError, match="Unicode"):
        conversation("\ud800")
    with pytest.raises(InputError, match="need a prompt"):
        Submission(Stage.UPLOAD, media=b"x", history=("a",))


@pytest.fixture(scope="module")
def guard(tmp_path_factory):
    settings = Settings(
        home=tmp_path_factory.mktemp("home"), prompt=PromptSettings(max_characters=500)
    )
    with Guard.open(settings, warm=["prompt"]) as opened:
        yield opened


def test_a_request_that_only_the_conversation_explains_is_held(guard):
    now = "put her in handcuffs, arrested by the police"
    assert guard.check_prompt(now).action is Action.ALLOW
    decision = guard.check_prompt(now, history=["a portrait of Anna Kovacs at her desk"])
    assert decision.action is Action.REVIEW
    who = [one for one in decision.findings if one.category == "person.named"]
    assert {one.detector for one in who} == {"prompt-names", "prompt-rules"}
    assert {(one.where, one.detail["with"]) for one in who} == {(None, EARLIER)}


def test_the_example_of_the_guide_is_stopped(guard):
    decision = guard.check_prompt("now take it off", history=[BEFORE], has_reference=True)
    assert decision.action is Action.BLOCK


def test_every_look_is_on_record_with_what_it_saw(guard):
    decision = guard.check_prompt("make it bluer", history=["a lighthouse at dusk"])
    saw = [gate.saw for gate in decision.gates if gate.name == "prompt-rules"]
    texts = ["make it bluer", "a lighthouse at dusk", "a lighthouse at dusk\nmake it bluer"]
    assert saw == [Prompt(text).sha256 for text in texts]
    assert decision.action is Action.ALLOW
    assert CONVERSATION not in str(decision.findings)


def test_a_harmless_prompt_is_not_stopped_for_what_was_asked_before(guard):
    decision = guard.check_prompt("a lighthouse at dusk", history=["make her take off her shirt"])
    assert decision.action is Action.ALLOW


def test_a_conversation_that_is_too_long_is_refused_with_what_to_do(guard):
    decision = guard.check_prompt("a cat", history=["a" * 500])
    assert decision.action is Action.BLOCK
    assert decision.error == "prompt"
    assert "fewer of the earlier prompts" in decision.reasons[0].text
