"""The engine: misspellings are found at start, the strictest wins, trials do not count."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consentry.errors import ConfigError, PolicyError
from consentry.findings import Action, Finding, Stage
from consentry.policy import engine
from consentry.policy.context import PolicyContext
from consentry.policy.engine import Policy
from consentry.policy.taxonomy import packaged_taxonomy

OUTPUT = PolicyContext(Stage.OUTPUT, media="picture")
FACE = ", faces = 1"


def found(category, score=0.9, **where):
    return Finding(category, score, "stub", where or None)


def refused(text):
    with pytest.raises(PolicyError) as caught:
        Policy.from_text(text, "mine.toml")
    return caught.value.message


# Reading


def test_a_misspelt_category_shows_where_with_a_caret(rule_text):
    message = refused(rule_text(when="faces > 0 && sexual.explict > 0.2"))
    assert message.splitlines() == [
        (
            "mine.toml, rule a-rule: `when` does not compile: line 1, column 20: "
            "undeclared reference to 'sexual.explict' (did you mean sexual.explicit?)"
        ),
        " | faces > 0 && sexual.explict > 0.2",
        " | ...................^",
    ]


def test_the_caret_stands_in_the_right_line(rule_text):
    message = refused(rule_text(when="sexual.explicit > 0.5 &&\n  fces > 0"))
    assert "line 2, column 3: undeclared reference to 'fces' (did you mean faces?)" in message
    assert message.splitlines()[-2:] == [" |   fces > 0", " | ..^"]


@pytest.mark.parametrize(
    ("when", "complaint"),
    [
        ("sexual.explicit > 1", "'_>_' applied to '(double, int)'"),
        ("faces > 0.5", "'_>_' applied to '(int, double)'"),
        ("stage", "it gives STRING, not true or false"),
        ("sexual.explicit", "it gives DOUBLE, not true or false"),
        ("dyn(has_prompt)", "it gives DYN, not true or false"),
        ("has_prompt &&", "Syntax error"),
        ("true) || (true", "Syntax error"),
        ("outcome(stage)", "undeclared reference to 'outcome'"),
    ],
)
def test_what_is_not_yes_or_no_is_refused(rule_text, when, complaint):
    assert complaint in refused(rule_text(when=when))


def test_a_rule_that_no_test_sees_fire_is_refused(rule_text):
    message = refused(rule_text().replace('expect = "block"', 'expect = "none"'))
    assert "rule a-rule: none of its tests expects it to fire" in message


def test_a_vector_of_a_rule_that_fails_refuses_the_policy(rule_text):
    message = refused(rule_text(when="faces > 0"))
    assert "rule a-rule, test 1: block was expected, none came out" in message


def test_a_vector_of_the_whole_policy_that_fails_refuses_it():
    text = '[[test]]\ngiven = { stage = "output", known.child_safety = 0.1 }\nexpect = "allow"\n'
    message = refused(text)
    assert "test 1 of the whole policy: allow was expected, escalate came out" in message


@pytest.mark.parametrize(
    ("vector", "complaint"),
    [
        ('stage = "output", sexual.explict = 0.5', "did you mean sexual.explicit?"),
        ('stage = "output", sexual.explicit = 1.5', "a score from 0 to 1, not 1.5"),
        ('stage = "output", sexual.explicit = nan', "a score from 0 to 1, not nan"),
        ('stage = "output", sexual.explicit = true', "a score from 0 to 1, not True"),
        ('stage = "outptu"', "stage is 'prompt' or 'reference' or 'output' or 'upload'"),
        ('stage = "output", faces = "two"', "faces is int, not 'two'"),
        ('stage = "output", faces = true', "faces is int, not True"),
        ('stage = "output", faces = -1', "faces is a number from 0 to 1000"),
        ('stage = "output", account.age_band = "kid"', "'child' or 'teen' or 'adult'"),
        ('stage = "output", has_prompt = 1', "has_prompt is bool"),
        ("faces = 1", "the stage is missing"),
    ],
)
def test_a_vector_that_would_test_nothing_is_refused(vector, complaint):
    assert complaint in refused(f'[[test]]\ngiven = {{ {vector} }}\nexpect = "allow"\n')


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(PolicyError, match="cannot be read"):
        Policy.load(tmp_path / "nowhere.toml")
    with pytest.raises(PolicyError, match="cannot be read"):
        Policy.load(tmp_path)


def test_a_file_that_is_not_text(tmp_path):
    file = tmp_path / "policy.toml"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(PolicyError, match="not UTF-8"):
        Policy.load(file)


def test_a_policy_error_stops_the_start():
    assert issubclass(PolicyError, ConfigError)


# Version


def test_the_version_is_of_the_text_the_taxonomy_and_the_floors(rule_text, monkeypatch):
    first = Policy.from_text(rule_text())
    assert first.version.startswith("sha256:")
    assert len(first.version) == 7 + 64
    assert Policy.from_text(rule_text(), "other name").version == first.version
    assert Policy.from_text(rule_text() + "# a comment\n").version != first.version
    monkeypatch.setattr(engine, "FLOORS_VERSION", "next")
    assert Policy.from_text(rule_text()).version != first.version
    monkeypatch.undo()
    monkeypatch.setattr(engine, "packaged_taxonomy_text", lambda: "another")
    assert Policy.from_text(rule_text()).version != first.version


def test_a_stored_source_makes_the_same_policy_again():
    policy = Policy.load()
    assert Policy.from_text(policy.source).version == policy.version


# Deciding


def test_the_strictest_wins_and_comes_first(rule_text):
    text = (
        rule_text("a-label", action="label")
        + rule_text("a-block", action="block")
        + rule_text("a-review", action="review")
        + rule_text("b-block", action="block")
    )
    verdict = Policy.from_text(text).decide([], OUTPUT)
    assert verdict.action is Action.BLOCK
    assert [reason.code for reason in verdict.reasons] == [
        "a-block",
        "b-block",
        "a-review",
        "a-label",
    ]


def test_a_floor_comes_before_a_rule_that_is_as_strict(rule_text):
    seen = [found("sexual.explicit", 0.3), found("minor.apparent", 0.05)]
    verdict = Policy.from_text(rule_text()).decide(seen, OUTPUT)
    assert [(reason.kind, reason.action) for reason in verdict.reasons] == [
        ("floor", Action.BLOCK),
        ("rule", Action.BLOCK),
    ]


def test_allow_is_a_reason_only_where_nothing_is_stricter(rule_text):
    permissive = rule_text("fine", action="allow")
    assert [r.code for r in Policy.from_text(permissive).decide([], OUTPUT).reasons] == ["fine"]
    verdict = Policy.from_text(permissive + rule_text("held", action="review")).decide([], OUTPUT)
    assert [reason.code for reason in verdict.reasons] == ["held"]


@settings(max_examples=50, deadline=None)
@given(order=st.permutations(["allow", "label", "review", "block"]))
def test_the_order_of_the_rules_does_not_change_the_outcome(order):
    text = "".join(
        f'[[rule]]\nid = "is-{act}"\nstages = ["output"]\nwhen = "true"\naction = "{act}"\n'
        f'text = "t"\nwhy = "w"\ntest = [{{ given = {{ stage = "output" }}, expect = "{act}" }}]\n'
        for act in order
    )
    assert Policy.from_text(text).decide([], OUTPUT).action is Action.BLOCK


def test_a_rule_is_judged_only_at_its_stages(rule_text):
    policy = Policy.from_text(rule_text())
    assert policy.decide([], PolicyContext(Stage.UPLOAD)).action is Action.ALLOW


def test_a_rule_on_trial_is_recorded_and_does_not_count(rule_text):
    policy = Policy.from_text(rule_text(more="shadow = true\nkeep = true"))
    verdict = policy.decide([], OUTPUT)
    assert (verdict.action, verdict.reasons, verdict.keep) == (Action.ALLOW, (), False)
    assert [(reason.code, reason.action) for reason in verdict.shadow] == [("a-rule", Action.BLOCK)]


def test_the_highest_score_of_a_category_counts(rule_text):
    policy = Policy.from_text(
        rule_text(when="sexual.explicit >= 0.5", given=", sexual.explicit = 0.5")
    )
    seen = [found("sexual.explicit", score) for score in (0.1, 0.6, 0.3)]
    assert policy.decide(seen, OUTPUT).action is Action.BLOCK
    assert policy.decide(seen[:1], OUTPUT).action is Action.ALLOW


def test_a_rule_that_cannot_be_judged_counts_as_one_that_fired(rule_text):
    policy = Policy.from_text(
        rule_text("broken", when="10 / faces > 0", action="label", given=FACE)
        + rule_text("sound", when="faces == 0", action="review")
    )
    verdict = policy.decide([], OUTPUT)
    assert verdict.action is Action.BLOCK
    assert [reason.code for reason in verdict.reasons] == ["broken", "sound"]
    assert "could not be judged" in verdict.reasons[0].text
    assert "divide by zero" in policy.evaluate([], OUTPUT).outcomes[0].fault


def test_a_condition_may_end_with_a_comment(rule_text):
    text = rule_text("one", when="faces > 0 // somebody", given=FACE) + rule_text("two")
    policy = Policy.from_text(text)
    assert len(policy.decide([found("person.face")], OUTPUT).reasons) == 2
    assert policy._by_stage[Stage.OUTPUT][1]._list is not None, "judged in one step"


def test_many_rules_are_judged_as_well(rule_text):
    text = "".join(rule_text(f"rule-{number}", action="label") for number in range(300))
    assert len(Policy.compile(text).decide([], OUTPUT).reasons) == 300


def test_several_threads_get_their_own_answers(rule_text):
    policy = Policy.from_text(rule_text(when="faces > 0", given=FACE))
    wrong = []

    def work(seen, expected):
        wrong.extend(1 for _ in range(500) if policy.decide(seen, OUTPUT).action is not expected)

    cases = [([found("person.face")], Action.BLOCK), ([], Action.ALLOW)] * 2
    threads = [threading.Thread(target=work, args=case) for case in cases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# Keeping


def test_a_picture_is_kept_only_where_a_rule_that_counts_says_so(rule_text):
    policy = Policy.from_text(rule_text(when="faces > 0", more="keep = true", given=FACE))
    assert policy.decide([found("person.face")], OUTPUT).keep
    assert not policy.decide([], OUTPUT).keep


@pytest.mark.parametrize(
    "seen",
    [
        [found("sexual.explicit", 0.9), found("minor.apparent", 0.9)],
        [found("sexual.explicit", 0.2), found("minor.apparent", 0.02)],
        [found("known.child_safety", 0.1)],
    ],
)
def test_nothing_is_kept_where_a_child_floor_speaks(rule_text, seen):
    policy = Policy.from_text(rule_text(more="keep = true"))
    assert policy.decide([], OUTPUT).keep
    assert not policy.decide(seen, OUTPUT).keep


# Facts


def test_faces_are_counted_where_they_are(rule_text):
    policy = Policy.from_text(rule_text())
    seen = [
        found("person.face", 0.6, box=[0, 0, 9, 9]),
        found("person.face", 0.59, box=[20, 0, 9, 9]),
        found("person.face", 0.9, input="reference"),
        found("person.face", 0.9, input="reference"),
    ]
    values = policy.evaluate(seen, OUTPUT).values
    assert (values["faces"], values["reference.faces"]) == (1, 2)


def test_a_face_in_many_frames_of_a_clip_is_one_face(rule_text):
    seen = [found("person.face", time_s=second) for second in (0.0, 1.0, 2.0, 2.0)]
    values = Policy.from_text(rule_text()).evaluate(seen, OUTPUT).values
    assert values["faces"] == 2


def test_the_context_survives_being_stored():
    context = PolicyContext(Stage.PROMPT, "clip", True, True, "teen")  # noqa: FBT003  all fields in their order
    assert PolicyContext.from_json(Stage.PROMPT, context.as_json()) == context
    assert PolicyContext.from_json(Stage.UPLOAD, {}) == PolicyContext(Stage.UPLOAD)


# Categories


def test_an_operator_may_add_a_category(rule_text):
    text = (
        '[[category]]\nname = "acme.umbrella"\ntitle = "An umbrella"\ntext = "It rains."\n'
        'severity = "low"\nabout = "picture"\n'
    ) + rule_text(when="acme.umbrella > 0.5", given=", acme.umbrella = 0.6")
    policy = Policy.from_text(text)
    policy.check_categories(["acme.umbrella", "sexual.explicit"])
    assert policy.decide([found("acme.umbrella")], OUTPUT).action is Action.BLOCK
    assert policy.taxonomy["acme.umbrella"].title == "An umbrella"


@pytest.mark.parametrize("name", ["stage", "faces", "reference.faces"])
def test_a_category_cannot_take_the_name_of_a_fact(name):
    text = f'[[category]]\nname = "{name}"\ntitle = "t"\ntext = "t"\nseverity = "low"\n'
    assert "is a context variable" in refused(text + 'about = "both"\n')


def test_a_category_that_no_rule_can_judge_stops_the_start():
    policy = Policy.load()
    policy.check_categories(packaged_taxonomy().categories)
    with pytest.raises(PolicyError) as caught:
        policy.check_categories(["sexual.explict"], by="The detector acme")
    assert "The detector acme reports the category sexual.explict" in caught.value.message
    assert "did you mean sexual.explicit?" in caught.value.message
    assert "[[category]]" in caught.value.hint
