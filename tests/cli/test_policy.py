"""`consentry policy`: exit status and words."""

import json
import sys

import pytest
from click.testing import CliRunner

from consentry.cli import main
from consentry.cli import policy as under_test
from consentry.errors import ConsentryError, PolicyError
from consentry.findings import Finding, Stage
from consentry.policy.context import PolicyContext
from consentry.policy.engine import Policy


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run `consentry policy …` as an installation without settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONSENTRY_HOME", str(tmp_path))
    return lambda *words: CliRunner().invoke(under_test.policy, words)


FAILING = """
[[rule]]
id = "somebody"
stages = ["output"]
when = "faces > 1"
action = "review"
text = "t"
why = "w"

[[rule.test]]
text = "one face"
given = { stage = "output", faces = 1 }
expect = "review"

[[test]]
given = { stage = "output" }
expect = "allow"
"""


def test_the_default_policy_passes(run):
    result = run("test")
    assert result.exit_code == 0
    total = sum(len(rule.test) for rule in Policy.load().rules) + len(Policy.load().vectors)
    assert result.output.endswith(f" rules, {total} vectors, {total} passed\n")


def test_a_failing_vector_is_shown_and_exits_1(run, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(FAILING, encoding="utf-8")
    result = run("test", str(file))
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "FAILED rule somebody, test 1 (one face)",
        '  given    {"stage": "output", "faces": 1}',
        "  expected review",
        "  got      none",
        f"{file}: 1 rules, 2 vectors, 1 passed",
    ]


def test_a_policy_that_does_not_compile_shows_the_caret(tmp_path, monkeypatch, capsys):
    file = tmp_path / "mine.toml"
    file.write_text(FAILING.replace("faces > 1", "fces > 1"), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["consentry", "policy", "test", str(file)])
    with pytest.raises(SystemExit) as stopped:
        main()
    told = capsys.readouterr().err
    assert stopped.value.code == 1
    assert f"consentry: {file}, rule somebody: `when` does not compile" in told
    assert " | fces > 1\n | ^" in told


def test_the_policy_in_force_is_the_one_of_the_settings(run, tmp_path):
    (tmp_path / "mine.toml").write_text(FAILING, encoding="utf-8")
    (tmp_path / "consentry.toml").write_text('[policy]\nfile = "mine.toml"\n', encoding="utf-8")
    assert "FAILED rule somebody" in run("test").output
    assert isinstance(run("explain", "--stage", "output").exception, PolicyError)


def test_show_prints_a_policy_to_begin_with(run, tmp_path):
    shown = run("show").output
    assert shown == Policy.load().source
    (tmp_path / "copy.toml").write_text(shown, encoding="utf-8")
    assert run("test", "copy.toml").exit_code == 0


def test_explain_says_why(run):
    result = run("explain", "--stage", "output", "--finding", "sexual.explicit=0.6", "--faces", "1")
    assert result.exit_code == 0
    assert result.output.startswith("output: block\n")
    assert "  intimate-picture-of-somebody (rule): block\n" in result.output


def test_explain_takes_every_fact_and_gives_json(run):
    words = "--stage prompt --finding sexual.undress=0.9 --finding sexual.undress=0.1 --json"
    facts = "--reference-faces 1 --age-band teen --media picture --has-reference"
    plain = json.loads(run("explain", *words.split(), *facts.split()).output)
    assert plain["action"] == "block"
    assert [reason["code"] for reason in plain["reasons"]] == ["undress-somebody", "young-account"]


def test_explain_uses_the_policy_that_is_named(run, tmp_path):
    file = tmp_path / "empty.toml"
    file.write_text("", encoding="utf-8")
    words = "explain --stage output --finding sexual.explicit=1 --policy"
    assert run(*words.split(), str(file)).output.startswith("output: allow\n")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("explain", "Name either"),
        ("explain abc --stage output", "Name either"),
        ("explain --stage output --finding sexual.explict=0.6", "did you mean sexual.explicit?"),
        ("explain --stage output --finding sexual.explicit", "is not CATEGORY=SCORE"),
        ("explain --stage output --finding sexual.explicit=much", "is not CATEGORY=SCORE"),
        ("explain --stage output --finding sexual.explicit=2", "a score from 0 to 1"),
        ("explain --stage outptu", "outptu"),
    ],
)
def test_a_usage_error_is_2_and_says_what_to_do(run, words, complaint):
    result = run(*words.split())
    assert result.exit_code == 2
    assert complaint in result.output


def test_explain_of_a_stored_decision(run, monkeypatch):
    seen = [Finding("unchecked", 1.0, "faces")]
    stored = (seen, PolicyContext(Stage.UPLOAD), Policy.load())
    monkeypatch.setattr(under_test, "load_decision", {"0" * 32: stored}.__getitem__)
    assert run("explain", "0" * 32).output.startswith("upload: review\n")


def test_a_decision_that_cannot_be_read_is_a_named_error(run):
    error = run("explain", "0" * 32).exception
    assert isinstance(error, ConsentryError)
