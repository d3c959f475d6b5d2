"""A policy file that is wrong is refused, with the file, the rule and the key."""

import pytest

from consentry.errors import PolicyError
from consentry.policy.document import parse


def refused(text):
    with pytest.raises(PolicyError) as caught:
        parse(text, "mine.toml")
    assert caught.value.message.startswith("mine.toml")
    assert caught.value.hint
    return caught.value.message


def test_an_empty_file_is_a_policy_without_rules():
    assert parse("", "mine.toml").rule == ()


def test_it_is_not_toml():
    assert "not readable as TOML" in refused("[[rule]")


def test_an_unknown_key_at_the_top():
    assert "unknown key rul (did you mean rule?)" in refused("[[rul]]")


def test_an_unknown_key_in_a_rule(rule_text):
    message = refused(rule_text(more="shadw = true"))
    assert "rule 1 (a-rule): unknown key shadw (did you mean shadow?)" in message


def test_an_unknown_key_in_a_test(rule_text):
    message = refused(rule_text() + 'expct = "none"\n')
    assert "rule 1 (a-rule), test 1: unknown key expct (did you mean expect?)" in message


def test_a_missing_key(rule_text):
    assert "rule 1 (a-rule): why is missing" in refused(rule_text().replace('why = "A test."', ""))


def test_an_unknown_action(rule_text):
    message = refused(rule_text().replace('action = "block"', 'action = "bloc"'))
    assert "rule 1 (a-rule): action: Input should be 'allow', 'label'" in message
    assert "not 'bloc'" in message


def test_an_unknown_stage(rule_text):
    message = refused(rule_text().replace('["output"]', '["output", "outptu"]'))
    assert "rule 1 (a-rule): stages 2: Input should be 'prompt', 'reference'" in message


def test_no_stage(rule_text):
    assert "rule 1 (a-rule): stages" in refused(rule_text().replace('["output"]', "[]"))


def test_a_rule_without_tests(rule_text):
    text = rule_text().partition("[[rule.test]]")[0]
    assert "rule 1 (a-rule): test is missing" in refused(text)
    assert "there is no test" in refused(text + "test = []\n")


def test_two_rules_of_one_id(rule_text):
    assert "two rules with the id a-rule" in refused(rule_text() + rule_text())


@pytest.mark.parametrize("rule_id", ["A-rule", "a_rule", "floor.child-known", "", "-a", "a--b"])
def test_an_id_that_could_pass_for_something_else(rule_text, rule_id):
    assert "id: " in refused(rule_text(rule_id))


@pytest.mark.parametrize("key", ["shadow", "keep"])
def test_a_flag_is_true_or_false(rule_text, key):
    assert f"(a-rule): {key}: " in refused(rule_text(more=f'{key} = "yes"'))


@pytest.mark.parametrize("key", ["text", "why"])
def test_a_text_is_not_blank(rule_text, key):
    old = {"text": "It was looked at.", "why": "A test."}[key]
    assert f"(a-rule): {key}: " in refused(rule_text().replace(old, "  "))
