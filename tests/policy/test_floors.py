"""Floors: what they say, and that nothing in a policy file can lower them."""

import hashlib
import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consentry.findings import Action, Finding, Stage, unchecked
from consentry.policy import floors as under_test
from consentry.policy.context import PolicyContext
from consentry.policy.engine import Policy
from consentry.policy.floors import FLOORS_VERSION, blind, floors
from consentry.policy.taxonomy import packaged_taxonomy

STRONG = ["sexual.nudity", "sexual.explicit", "sexual.undress", "known.intimate"]
MINORS = ["minor.apparent", "minor.referenced"]
OWN = ["sexual.acme", "minor.acme"]
STAGES = list(Stage)

CATEGORIES = "".join(
    f'[[category]]\nname = "{name}"\ntitle = "t"\ntext = "t"\nseverity = "low"\nabout = "both"\n'
    for name in OWN
)
NAMES = [*packaged_taxonomy().categories, *OWN]


def action(scores, stage=Stage.OUTPUT):
    return Action.strictest(*(reason.action for reason in floors(scores, stage)))


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("minor", [*MINORS, "minor.acme"])
@pytest.mark.parametrize("sexual", [*STRONG, "sexual.acme"])
def test_sexual_and_minor_escalates_at_every_stage(sexual, minor, stage):
    assert action({sexual: 0.5, minor: 0.1}, stage) is Action.ESCALATE
    assert action({sexual: 1.0, minor: 1.0}, stage) is Action.ESCALATE
    assert action({sexual: 0.49, minor: 0.1}, stage) is Action.BLOCK
    assert action({sexual: 0.5, minor: 0.09}, stage) is Action.BLOCK
    assert action({sexual: 0.2, minor: 0.02}, stage) is Action.BLOCK
    assert action({sexual: 0.19, minor: 1.0}, stage) is Action.ALLOW
    assert action({sexual: 1.0, minor: 0.019}, stage) is Action.ALLOW


@pytest.mark.parametrize("stage", STAGES)
def test_suggestive_words_stop_but_do_not_accuse(stage):
    assert action({"sexual.suggestive": 1.0, "minor.apparent": 1.0}, stage) is Action.BLOCK
    assert action({"sexual.suggestive": 0.5, "minor.referenced": 0.1}, stage) is Action.BLOCK
    assert action({"sexual.suggestive": 0.49, "minor.apparent": 1.0}, stage) is Action.ALLOW
    assert action({"sexual.suggestive": 1.0, "minor.apparent": 0.09}, stage) is Action.ALLOW


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("score", [0.0, 0.01, 1.0])
def test_a_match_with_a_child_protection_list_escalates_whatever_its_score(stage, score):
    assert action({"known.child_safety": score}, stage) is Action.ESCALATE


def test_output_that_nobody_checked_is_held():
    assert action({"unchecked": 1.0}, Stage.OUTPUT) is Action.REVIEW
    assert action({"unchecked": 1.0}, Stage.UPLOAD) is Action.ALLOW


@pytest.mark.parametrize("stage", STAGES)
def test_what_could_not_be_opened_is_blocked_whatever_the_policy_says(stage):
    verdict = Policy.from_text("").decide([], PolicyContext(stage, refused=True))
    assert verdict.action is Action.BLOCK
    assert [reason.code for reason in verdict.reasons] == ["floor.not-opened"]


@pytest.mark.parametrize("stage", STAGES)
def test_half_of_the_child_floor_with_a_gate_that_did_not_look_is_held(stage):
    assert action({"unchecked": 1.0, "sexual.explicit": 0.5}, stage) is Action.REVIEW
    assert action({"unchecked": 1.0, "minor.apparent": 0.1}, stage) is Action.REVIEW


def test_a_photo_of_a_child_and_words_that_undress_are_one_harm():
    child = Finding("minor.apparent", 0.3, "age", {"input": "reference"})
    words = Finding("sexual.undress", 0.9, "prompt-rules", {"span": [0, 7]})
    verdict = Policy.from_text("").decide([child, words], PolicyContext(Stage.PROMPT))
    assert verdict.action is Action.ESCALATE
    assert verdict.reasons[0].kind == "floor"


def test_a_detector_that_cannot_see_half_of_the_floor_is_named():
    assert blind(["person.face", "minor.apparent", "sexual.explicit"]) == ()
    assert blind(["person.face", "minor.apparent", "sexual.suggestive"]) == ("sexual",)
    assert blind(["sexual.explicit"]) == ("minor",)
    assert blind([]) == ("sexual", "minor")


@pytest.mark.parametrize("code", sorted(under_test._TEXTS))
def test_a_floor_speaks_plainly_and_offers_a_person(code, faults):
    text = under_test._TEXTS[code]
    assert faults(text) == []
    assert "a person to check" in text or "says what to do" in text


def test_the_version_changes_when_a_floor_answers_differently():
    """If this fails, floors answer differently: raise FLOORS_VERSION and write both here."""
    names = ["sexual.explicit", "sexual.suggestive", "minor.apparent", "unchecked"]
    steps = [0.0, 0.01, 0.02, 0.09, 0.1, 0.19, 0.2, 0.3, 0.49, 0.5, 0.6, 0.79, 0.8, 1.0]
    grid = itertools.product(STAGES, steps, [0.0, 0.2, 0.49, 0.5, 0.8], steps, [None, 1.0])
    answers = []
    for stage, *scores in grid:
        found = {
            name: score for name, score in zip(names, scores, strict=True) if score is not None
        }
        answers.append([[reason.code, reason.action] for reason in floors(found, stage)])
    refused = [[reason.code, reason.action] for reason in floors({}, Stage.UPLOAD, refused=True)]
    answers.append(refused)
    digest = hashlib.sha256(json.dumps(answers).encode()).hexdigest()[:16]
    assert (FLOORS_VERSION, digest) == ("1", "36880b8e90515d96")


# What nobody can configure


def _rule(number, when, act, *, shadow, keep):
    """A rule as an operator who wants everything through might write it."""
    stages = '["prompt", "reference", "output", "upload"]'
    vector = {"true": "", "sexual.explicit >= 0.5": ", sexual.explicit = 0.9"}[when]
    return f"""
[[rule]]
id = "rule-{number}"
stages = {stages}
when = "{when}"
action = "{act}"
text = "t"
why = "w"
shadow = {json.dumps(shadow)}
keep = {json.dumps(keep)}
test = [{{ given = {{ stage = "output"{vector} }}, expect = "{act}" }}]
"""


_rules = st.builds(
    dict,
    when=st.sampled_from(["true", "sexual.explicit >= 0.5"]),
    act=st.sampled_from([action.value for action in Action]),
    shadow=st.booleans(),
    keep=st.booleans(),
)
policies = st.lists(_rules, max_size=4).map(
    lambda rules: CATEGORIES + "".join(_rule(n, **rule) for n, rule in enumerate(rules))
)
scores = st.floats(0, 1)
findings = st.lists(
    st.builds(
        Finding,
        category=st.sampled_from(NAMES),
        score=scores,
        detector=st.just("stub"),
        where=st.sampled_from([None, {"input": "reference"}, {"time_s": 1.0}]),
    ),
    max_size=5,
)
contexts = st.builds(
    PolicyContext,
    stage=st.sampled_from(STAGES),
    media=st.sampled_from(["picture", "clip", "none"]),
    has_prompt=st.booleans(),
    has_reference=st.booleans(),
    account_age_band=st.sampled_from(["", "child", "teen", "adult"]),
)


@settings(max_examples=150, deadline=None)
@given(
    text=policies,
    context=contexts,
    others=findings,
    sexual=st.builds(
        Finding,
        st.sampled_from([*STRONG, "sexual.acme"]),
        st.floats(0.5, 1),
        st.just("stub"),
    ),
    minor=st.builds(
        Finding,
        st.sampled_from([*MINORS, "minor.acme"]),
        st.floats(0.1, 1),
        st.just("stub"),
    ),
)
def test_no_policy_allows_sexual_and_minor(text, context, others, sexual, minor):
    seen = [sexual, minor]
    verdict = Policy.from_text(text).decide([*others, *seen], context)
    assert verdict.action is Action.ESCALATE
    assert not verdict.keep


@settings(max_examples=100, deadline=None)
@given(
    text=policies,
    context=contexts,
    others=findings,
    weak=st.tuples(st.floats(0.2, 1), st.floats(0.02, 1)),
)
def test_no_policy_lets_even_weak_signs_of_both_through(text, context, others, weak):
    seen = [Finding("sexual.explicit", weak[0], "a"), Finding("minor.apparent", weak[1], "b")]
    verdict = Policy.from_text(text).decide([*others, *seen], context)
    assert verdict.action in {Action.BLOCK, Action.ESCALATE}
    assert not verdict.keep


@settings(max_examples=100, deadline=None)
@given(text=policies, context=contexts, others=findings, score=scores)
def test_no_policy_lets_a_known_picture_of_abuse_through(text, context, others, score):
    seen = [Finding("known.child_safety", score, "matching")]
    verdict = Policy.from_text(text).decide([*others, *seen], context)
    assert verdict.action is Action.ESCALATE
    assert not verdict.keep


@settings(max_examples=100, deadline=None)
@given(text=policies, others=findings, unknown=st.booleans())
def test_no_policy_releases_output_that_nobody_checked(text, others, unknown):
    blank = Finding("acme.unheard", 0.0, "acme") if unknown else unchecked("faces", "It crashed.")
    verdict = Policy.from_text(text).decide([*others, blank], PolicyContext(Stage.OUTPUT))
    assert not verdict.action.releases


@settings(max_examples=150, deadline=None)
@given(text=policies, more=_rules, context=contexts, seen=findings)
def test_another_rule_can_only_make_it_stricter(text, more, context, seen):
    before = Policy.from_text(text).decide(seen, context)
    after = Policy.from_text(text + _rule(99, **more)).decide(seen, context)
    assert after.action.severity >= before.action.severity


@settings(max_examples=150, deadline=None)
@given(text=policies, context=contexts, seen=findings, more=findings)
def test_the_floors_never_become_milder_with_more_findings(text, context, seen, more):
    policy = Policy.from_text(text)
    before = Action.strictest(*(r.action for r in policy.evaluate(seen, context).floors))
    after = Action.strictest(*(r.action for r in policy.evaluate([*seen, *more], context).floors))
    assert after.severity >= before.severity


def test_a_category_override_is_refused():
    text = CATEGORIES.replace("sexual.acme", "sexual.explicit")
    with pytest.raises(Exception, match="stands there twice"):
        Policy.from_text(text)
