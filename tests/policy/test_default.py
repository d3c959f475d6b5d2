"""The default policy: every rule has vectors that would notice a change, and reads plainly."""

import itertools
import re

import pytest

from consentry.findings import UNCHECKED, Action, Finding, Stage
from consentry.policy.context import PolicyContext
from consentry.policy.document import Document, Rule
from consentry.policy.engine import Policy
from consentry.policy.vectors import run

DEFAULT = Policy.load()
RULES = pytest.mark.parametrize("rule", DEFAULT.rules, ids=lambda rule: rule.id)


def test_it_passes_its_own_vectors():
    results = run(DEFAULT)
    assert len(results) > 100
    assert [result.place for result in results if not result.passed] == []


@RULES
def test_a_rule_has_a_vector_that_fires_and_a_near_miss(rule):
    expected = {vector.expect for vector in rule.test}
    assert expected == {rule.action.value, "none"}


@RULES
def test_a_rule_is_plain_and_says_what_happens_next(rule, faults):
    assert faults(rule.text) == []
    assert rule.why.endswith(".")
    if rule.action is Action.BLOCK:
        assert "you can ask for a person" in rule.text
    if rule.action is Action.REVIEW:
        assert re.search(r"person (will|has)|body will", rule.text)


def mutants(when):
    """Each expression that differs from `when` in one number or one operator."""
    swaps = [(r">=", ">"), (r"&&", "||"), (r"\|\|", "&&"), (r"==", "!="), (r"!(?=[\w(])", "")]
    swaps += [(r"\b0\.(\d+)\b", change) for change in (_raised, _lowered)]
    swaps += [(r"> 0\b(?!\.)", "> 1"), (r"> 0\b(?!\.)", ">= 0"), (r"'[a-z]+'", "'nothing'")]
    for pattern, change in swaps:
        for match in re.finditer(pattern, when):
            new = change(match) if callable(change) else change
            if new is not None:
                yield when[: match.start()] + new + when[match.end() :]


def _raised(match):
    return f"{float(match[0]) + 0.01:.2f}"


def _lowered(match):
    return f"{float(match[0]) - 0.01:.2f}" if float(match[0]) else None


def survives(rule):
    """Whether no vector of `rule` notices: then a mistake in it would stay unseen."""
    alone = Policy(Document(rule=(rule,)), "", "mutant")
    return all(result.passed for result in run(alone))


@RULES
def test_changing_a_number_or_an_operator_is_noticed(rule):
    changed = (rule.model_copy(update={"when": when}) for when in mutants(rule.when))
    survivors = [mutant.when for mutant in changed if survives(mutant)]
    assert survivors == []


@RULES
def test_changing_the_action_is_noticed(rule):
    other = Action.LABEL if rule.action is not Action.LABEL else Action.REVIEW
    assert not survives(rule.model_copy(update={"action": other}))


@RULES
def test_leaving_out_a_stage_is_noticed(rule):
    fewer = (tuple(kept for kept in rule.stages if kept is not stage) for stage in rule.stages)
    unseen = [stages for stages in fewer if survives(rule.model_copy(update={"stages": stages}))]
    assert unseen == []


def test_every_rule_but_those_on_trial_counts():
    assert {rule.id for rule in DEFAULT.rules if rule.shadow} == {
        "photo-of-a-child",
        "hidden-wording-alone",
    }


def test_no_picture_is_kept_by_default():
    assert not any(rule.keep for rule in DEFAULT.rules)


@pytest.mark.parametrize(
    ("stage", "action"),
    [
        (Stage.PROMPT, Action.BLOCK),
        (Stage.REFERENCE, Action.BLOCK),
        (Stage.OUTPUT, Action.BLOCK),
        (Stage.UPLOAD, Action.REVIEW),
    ],
)
def test_what_nobody_checked_does_not_go_on(stage, action):
    finding = Finding(UNCHECKED, 1.0, "faces")
    assert DEFAULT.decide([finding], PolicyContext(stage)).action is action


@pytest.mark.parametrize("stage", list(Stage))
def test_a_category_that_no_rule_can_judge_counts_as_unchecked(stage):
    verdict = DEFAULT.decide([Finding("acme.unheard", 0.1, "acme")], PolicyContext(stage))
    assert not verdict.action.releases
    assert "not-checked" in verdict.reasons[0].code


@pytest.mark.parametrize("stage", list(Stage))
def test_nothing_found_is_allowed_without_a_word(stage):
    verdict = DEFAULT.decide([], PolicyContext(stage, media="picture"))
    assert (verdict.action, verdict.reasons, verdict.shadow) == (Action.ALLOW, (), ())


def test_every_category_is_judged_somewhere():
    # person.face counts as a number of faces; the floors judge the rest of what is not named.
    by_floor = {"known.child_safety", "person.face"}
    named = itertools.chain.from_iterable(DEFAULT.named_values(rule, {}) for rule in DEFAULT.rules)
    assert set(DEFAULT.taxonomy.categories) - set(named) == by_floor


def test_the_mutation_check_itself_can_fail():
    lax = Rule.model_validate(
        {
            "id": "lax",
            "stages": ["output"],
            "when": "sexual.explicit >= 0.5",
            "action": "block",
            "text": "t",
            "why": "w",
            "test": [{"given": {"stage": "output", "sexual.explicit": 0.9}, "expect": "block"}],
        }
    )
    assert any(
        survives(lax.model_copy(update={"when": when}))
        for when in mutants("sexual.explicit >= 0.5")
    )
