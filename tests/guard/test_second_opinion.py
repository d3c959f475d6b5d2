"""An operator's moderation server beside the real gate: it can add, and it can never clear."""

import pytest
from tests.support.classifier import classifier

from consentry.config import DetectorSettings, HttpSlot
from consentry.findings import UNCHECKED, Action, Stage
from consentry.guard import Guard
from consentry.screening.submission import Submission

ASKED_FOR = "make her take off her shirt"
HARMLESS = "a lighthouse at dusk"


@pytest.fixture(scope="module")
def server():
    with classifier() as one:
        yield one


@pytest.fixture(scope="module")
def guard(server, tmp_path_factory):
    from consentry.config import Settings

    slot = HttpSlot(
        name="second",
        url=server.url,
        kind="prompt",
        speaks="llama-guard",
        model="guard",
        timeout_seconds=0.3,
    )
    home = tmp_path_factory.mktemp("home")
    settings = Settings(home=home, detectors=DetectorSettings(http=(slot,)))
    with Guard.open(settings, warm=["prompt"]) as opened:
        yield opened


def decide(guard, server, said, prompt):
    server.pause = 0.0
    server.say({"choices": [{"message": {"content": said}, "finish_reason": "stop"}]})
    return guard.screen(Submission(Stage.PROMPT, prompt=prompt, has_reference=True))


def categories(decision):
    return {one.category for one in decision.findings}


def test_it_adds_what_the_gate_did_not_find(guard, server):
    decision = decide(guard, server, "unsafe\nS12", HARMLESS)
    (one,) = (one for one in decision.findings if one.detector == "second")
    assert (one.category, one.where, one.detail) == ("sexual.explicit", None, {"label": "S12"})
    assert not decision.action.releases


def test_it_cannot_clear_what_the_gate_found(guard, server):
    decision = decide(guard, server, "safe", ASKED_FOR)
    assert decision.action is Action.BLOCK
    assert "sexual.undress" in categories(decision)


def test_where_both_are_content_it_goes_on(guard, server):
    assert decide(guard, server, "safe", "a cup of tea on a table").action is Action.ALLOW


@pytest.mark.parametrize("said", ["", "I can't help with that.", "safe or unsafe"])
def test_an_answer_that_says_nothing_lets_nothing_through(guard, server, said):
    decision = decide(guard, server, said, f"a red kite {len(said)}")
    assert UNCHECKED in categories(decision)
    assert decision.action is Action.BLOCK
    assert {one.name: one.status for one in decision.gates}["second"] == "failed"


def test_a_server_that_is_late_lets_nothing_through(guard, server):
    server.may_answer.clear()
    decision = decide(guard, server, "safe", "a blue kite")
    server.may_answer.set()
    assert UNCHECKED in categories(decision)
    assert decision.action is Action.BLOCK
