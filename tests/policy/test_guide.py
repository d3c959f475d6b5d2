"""Every example of the guide is run, and what it says of facts and floors is what the code does."""

import itertools
import re
import shlex
import sys
from pathlib import Path

import pytest

from consentry.cli import main
from consentry.findings import Stage
from consentry.policy import floors as under_test
from consentry.policy.context import CONTEXT_VARIABLES, FACE_SCORE
from consentry.policy.document import Rule
from consentry.policy.floors import floors

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/guide/policy.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", GUIDE, flags=re.DOTALL | re.MULTILINE)
FILES = {text.split("\n", 1)[0].removeprefix("# "): text for kind, text in BLOCKS if kind == "toml"}
SESSIONS = [text for kind, text in BLOCKS if kind == "console"]


@pytest.fixture
def type_in(tmp_path, monkeypatch, capsys):
    """Type a command where the guide's files are, and see what a person sees."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONSENTRY_HOME", str(tmp_path))
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    def run(command):
        monkeypatch.setattr(sys, "argv", shlex.split(command))
        with pytest.raises(SystemExit):
            main()
        seen = capsys.readouterr()
        return seen.out + seen.err

    return run


@pytest.mark.parametrize("session", SESSIONS, ids=lambda text: text.splitlines()[0])
def test_a_session_shows_what_a_person_sees(session, type_in):
    command, _, expected = session.removeprefix("$ ").partition("\n")
    pattern = re.escape(expected).replace("…", r"\S+")
    assert re.fullmatch(pattern, type_in(command))


@pytest.mark.parametrize("name", sorted(set(FILES) - {"consentry.toml"}))
def test_every_file_of_the_guide_is_tested_in_it(name):
    assert any(f"consentry policy test {name}\n" in session for session in SESSIONS)


def test_the_settings_of_the_guide_name_the_policy_of_the_guide(type_in):
    assert type_in("consentry policy test").startswith("policy.toml: 1 rules")


def test_every_fact_is_in_the_table():
    rows = re.findall(r"^\| `([\w.]+)` \| ([A-Z]+) \| (.*) \|$", GUIDE, flags=re.MULTILINE)
    assert rows == [(fact.name, fact.type, fact.text) for fact in CONTEXT_VARIABLES.values()]
    assert f"from a score of {FACE_SCORE} on" in GUIDE


def test_every_key_of_a_rule_is_in_the_table():
    table = GUIDE.partition("## A rule")[2].partition("##")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE)) == set(Rule.model_fields)


def test_every_floor_is_in_the_table_with_its_numbers():
    rows = dict(re.findall(r"^\| `(floor\.[\w-]+)` \| (.*) \|$", GUIDE, flags=re.MULTILINE))
    assert set(rows) == set(under_test._TEXTS)
    likely, possible = under_test.SEXUAL_LIKELY, under_test.SEXUAL_POSSIBLE
    minor, perhaps = under_test.MINOR_LIKELY, under_test.MINOR_POSSIBLE
    assert f"≥ {likely} and `minor.*` ≥ {minor}" in rows["floor.child-sexual"]
    assert f"≥ {possible} and `minor.*` ≥ {perhaps}" in rows["floor.child-possible"]


def test_the_table_tells_the_action_of_each_floor():
    rows = dict(re.findall(r"^\| `(floor\.[\w-]+)` \|.*\| `(\w+)`[\w ]* \|$", GUIDE, re.MULTILINE))
    said = itertools.chain(
        floors({"known.child_safety": 0.0}, Stage.UPLOAD),
        floors({"sexual.explicit": 0.5, "minor.apparent": 0.1}, Stage.UPLOAD),
        floors({"sexual.explicit": 0.2, "minor.apparent": 0.02}, Stage.UPLOAD),
        floors({"unchecked": 1.0}, Stage.OUTPUT),
        floors({}, Stage.UPLOAD, refused=True),
    )
    for reason in said:
        assert rows[reason.code] == reason.action.value
