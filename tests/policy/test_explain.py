"""An explanation shows every rule of the stage with what it saw."""

import json

from consentry.findings import Finding, Stage
from consentry.policy.context import PolicyContext
from consentry.policy.engine import Policy
from consentry.policy.explain import explain

POLICY = Policy.load()
SEEN = [Finding("sexual.explicit", 0.6, "explicitness"), Finding("person.face", 0.9, "faces")]
OUTPUT = PolicyContext(Stage.OUTPUT, media="picture")


def test_every_rule_is_there_fired_or_not():
    told = explain(POLICY, SEEN, OUTPUT)
    assert {trace.outcome.rule.id for trace in told.traces} | set(told.elsewhere) == {
        rule.id for rule in POLICY.rules
    }
    fired = [trace.outcome.rule.id for trace in told.traces if trace.outcome.fired]
    assert fired == ["intimate-picture-of-somebody"]


def test_a_rule_shows_the_values_that_its_expression_names():
    plain = explain(POLICY, SEEN, OUTPUT).as_json()
    rules = {rule["id"]: rule for rule in plain["rules"]}
    assert rules["intimate-picture-of-somebody"]["values"] == {
        "faces": 1,
        "sexual.nudity": 0.0,
        "sexual.explicit": 0.6,
    }
    assert rules["undress-somebody"]["values"]["stage"] == "output"


def test_a_word_in_quotes_is_no_variable(rule_text):
    text = rule_text(when="stage == 'faces' || stage.startsWith('out')")
    told = explain(Policy.from_text(text), [], OUTPUT)
    assert dict(told.traces[0].values) == {"stage": "output"}


def test_it_says_what_deciding_says():
    for stage in Stage:
        context = PolicyContext(stage, media="picture")
        assert explain(POLICY, SEEN, context).verdict == POLICY.decide(SEEN, context)


def test_json_is_json_and_has_the_floors():
    seen = [*SEEN, Finding("minor.apparent", 0.5, "age")]
    plain = json.loads(json.dumps(explain(POLICY, seen, OUTPUT).as_json()))
    assert plain["action"] == "escalate"
    assert [floor["code"] for floor in plain["floors"]] == ["floor.child-sexual"]
    assert plain["keep"] is False


def test_the_text_shows_trials_and_faults(rule_text):
    text = rule_text(
        "broken", when="10 / faces > 0", more="shadow = true", action="review", given=", faces = 1"
    )
    told = explain(Policy.from_text(text), [], OUTPUT).as_text()
    assert "broken: block, on trial: does not count" in told
    assert "it could not be judged" in told
    assert "no reasons" in told
    assert told.startswith("output: allow\n")
