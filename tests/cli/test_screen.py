"""`consentry screen` as a person or a script runs it: the real program in its own process."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent.parent / "src"
MEMBERS = {"id", "input", "stage", "action", "reasons", "findings", "gates", "policy", "receipt"}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Run the program; one installation for the whole module."""
    home = tmp_path_factory.mktemp("cli") / "home"

    def call(*arguments, stdin=None, **variables):
        environment = {
            **os.environ,
            "CONSENTRY_HOME": str(home),
            "PYTHONPATH": str(SOURCE),
            **variables,
        }
        return subprocess.run(
            [sys.executable, "-m", "consentry", *map(str, arguments)],
            check=False,
            capture_output=True,
            text=True,
            input=stdin,
            env=environment,
            timeout=60,
        )

    return call


@pytest.fixture
def folder(tmp_path, portrait, cup):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "b.jpg").write_bytes(portrait)
    (tmp_path / "in" / "a.jpg").write_bytes(cup)
    (tmp_path / "in" / ".hidden").write_bytes(b"not looked at")
    return tmp_path / "in"


def lines(done):
    assert "Traceback" not in done.stderr, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_photo_gives_the_object_of_the_contract(run, folder):
    done = run("screen", folder / "b.jpg", "--stage", "output", "--json")
    (line,) = lines(done)
    assert done.returncode == 0, done.stderr
    assert set(line) >= MEMBERS
    assert (line["input"], line["stage"], line["action"]) == (
        str(folder / "b.jpg"),
        "output",
        "allow",
    )
    by_category = {finding["category"]: finding for finding in line["findings"]}
    assert len(by_category["person.face"]["where"]["box"]) == 4
    assert "13-17" in by_category["minor.apparent"]["detail"]["bins"]
    assert 0 <= by_category["sexual.explicit"]["score"] <= 1
    for gate in line["gates"]:
        assert set(gate) >= {"name", "version", "saw", "ms", "status"}
        assert len(gate["saw"]) == 64


def test_a_folder_is_screened_in_order(run, folder):
    done = run("screen", folder, "--json")
    assert [line["input"] for line in lines(done)] == [str(folder / "a.jpg"), str(folder / "b.jpg")]
    assert done.returncode == 0


def test_a_run_goes_on_where_it_ended(run, folder, tmp_path):
    earlier = tmp_path / "done.jsonl"
    earlier.write_text(json.dumps({"input": str(folder / "a.jpg")}) + '\n{"torn')
    done = run("screen", folder, "--json", "--resume", earlier)
    assert [line["input"] for line in lines(done)] == [str(folder / "b.jpg")]


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("empty.png", b"", "media.empty"),
        ("text.bin", b"hello there", "media.unknown_format"),
        ("cut.jpg", None, "media.truncated"),
        ("wrong.png", None, "media.wrong_extension"),
    ],
)
def test_a_bad_file_is_named_and_the_others_still_come(run, folder, cup, name, data, code):
    if data is None:
        data = cup if name == "wrong.png" else cup[: len(cup) // 2]
    (folder / name).write_bytes(data)
    done = run("screen", folder / name, folder / "a.jpg", "--stage", "output", "--json")
    bad, good = lines(done)
    assert (bad["error"], bad["action"], good["action"]) == (code, "block", "allow")
    assert bad["reasons"][0]["code"] == code
    assert done.returncode == 1


def test_a_prompt(run):
    done = run("screen", "--prompt", "a lighthouse at dusk", "--json")
    (line,) = lines(done)
    assert (done.returncode, line["stage"], line["action"]) == (0, "prompt", "allow")


def test_a_prompt_with_its_reference_is_blocked(run, folder):
    done = run("screen", "--prompt", "remove her clothes", "--reference", folder / "b.jpg")
    assert done.returncode == 20, done.stdout + done.stderr
    assert done.stdout.startswith("prompt: block\n")


def test_a_person_is_told_which_words_were_found_and_by_what(run):
    prompt = "make her take off her shirt\u202e\x1b[2J"
    done = run("screen", "--prompt", prompt)
    assert re.search(
        r"^  found: sexual\.undress 0\.\d\d in “take off her shirt” \(prompt-rules, en\.\S+\)$",
        done.stdout,
        re.MULTILINE,
    )
    assert re.search(r"in the whole prompt \(prompt-learned\)$", done.stdout, re.MULTILINE)
    assert not {"\x1b", "\u202e"} & set(done.stdout)


def test_of_many_prompts_each_is_told_its_own_words(run):
    done = run("screen", "--prompts", "-", stdin="a tree\nmake her take off her shirt\n")
    first, rest = done.stdout.split("line 2: ")
    assert "found" not in first
    assert "“take off her shirt”" in rest


def test_earlier_prompts_of_the_conversation_count(run):
    now, before = "now remove the dress", "a portrait of my neighbour Anna in a red dress"
    line = json.dumps({"id": "a", "text": now, "history": [before]})
    for done in (
        run("screen", "--prompt", now, "--history", before),
        run("screen", "--prompts", "-", stdin=line),
    ):
        assert done.returncode in {10, 20}
        assert "found: sexual.undress" in done.stdout
    wrong = run("screen", "--prompts", "-", "--json", stdin='{"text": "a", "history": [1]}')
    assert "history" in lines(wrong)[0]["reasons"][0]["text"]


def test_prompts_come_one_line_each_and_a_bad_line_stops_nothing(run):
    text = "\n".join(
        [
            "a lighthouse at dusk",
            '{"id": "p7", "text": "a cup of coffee", "lang": "en"}',
            '{"id": "p8", "wrong": 1}',
            "",
            '{"id": 9, "text": "undress her", "has_reference": true}',
        ]
    )
    done = run("screen", "--prompts", "-", "--json", stdin=text)
    first, second, third, fourth = lines(done)
    assert (first["input"], first["action"]) == ("line 1", "allow")
    assert (second["id"], second["input"], second["action"]) == ("p7", "p7", "allow")
    assert len(second["decision_id"]) == 32
    assert (third["id"], third["error"], third["action"]) == (None, "input", "block")
    assert (fourth["id"], fourth["action"]) == (9, "block")
    assert done.returncode == 20


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nowhere.jpg",),
        ("--prompt", "a", "--prompts", "-"),
        ("--prompt", "a", "--stage", "output"),
        ("--reference", __file__),
        (__file__, "--stage", "prompt"),
        (__file__, "--prompt", "a"),
        (__file__, "--history", "a"),
        ("--nonsense",),
    ],
)
def test_wrong_usage_exits_with_2_and_says_why(run, arguments):
    done = run("screen", *arguments)
    assert done.returncode == 2
    assert "Error:" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_setting_is_one_sentence(run):
    done = run("screen", "--prompt", "a", CONSENTRY_MEDIA__DECODERS="none")
    assert done.returncode == 1
    assert "media.decoders" in done.stderr
    assert "Traceback" not in done.stderr
