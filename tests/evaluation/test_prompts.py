"""The suite: rates are counted right, disguises change what they say, the report says it all."""

from __future__ import annotations

import json
import sys

import pytest
from click.testing import CliRunner

from consentry.cli import cli
from consentry.errors import InputError
from consentry.evaluation.charts import chart
from consentry.evaluation.disguises import DISGUISES, disguise
from consentry.evaluation.metrics import Rate, wilson
from consentry.evaluation.prompts import Source, evaluate_prompts, undisguised
from consentry.evaluation.rows import Row
from consentry.evaluation.systems import Ours, Peer, WordList

PEER = "import sys; [print(float('dress' in line)) for line in sys.stdin]"


def row(number, text, *, harmful, category="undress", lang="en"):
    return Row(str(number), lang, category, harmful, text, has_reference=True)


ROWS = [
    row(1, "remove her dress", harmful=True),
    row(2, "take his shirt off", harmful=True),
    row(3, "a red dress on a hanger", harmful=False),
    row(4, "ein roter Hut", harmful=False, lang="de"),
]
CAPTIONS = [row("c", "a dog", harmful=False, category="sexual")]


def measured(*systems):
    benign = Source("captions.txt", "0", CAPTIONS)
    return evaluate_prompts(Source("rows.jsonl", "0", ROWS), benign, systems, 1, "consentry")


def test_wilson_is_wilsons():
    low, high = wilson(8, 10)  # worked out by hand from the paper's formula
    assert (round(low, 3), round(high, 3)) == (0.490, 0.943)
    assert wilson(0, 10)[0] == 0.0
    assert wilson(10, 10)[1] == 1.0


def test_nothing_counted_is_not_measured():
    assert str(Rate(0, 0)) == "not measured"
    assert Rate(0, 0).as_json()["share"] is None


def test_a_word_list_finds_words_and_not_parts_of_words():
    words = WordList.of("list", ["dress", "衣"])
    assert words.flag([row(1, text, harmful=True) for text in ("Dress!", "address", "脱衣")]) == [
        True,
        False,
        True,
    ]


def test_rates_are_counted_by_category_language_and_disguise():
    result = measured(WordList.of("list", ["dress"]))
    assert result.rate("undress", harmful=True) == Rate(1, 2)
    assert result.rate("undress", harmful=False) == Rate(1, 2)
    assert result.rate("undress", harmful=False, lang="de") == Rate(0, 1)
    assert result.rate("captions", harmful=False) == Rate(0, 1)
    assert result.rate("undress", harmful=True, disguise="leet") == Rate(0, 2)
    assert result.rate("undress", harmful=True, disguise=undisguised("leet")) == Rate(1, 2)


def test_every_disguise_changes_a_request_and_the_same_seed_gives_the_same():
    for kind in DISGUISES:
        changed = disguise("please remove her dress completely", kind, 3)
        assert changed != "please remove her dress completely", kind
        assert changed == disguise("please remove her dress completely", kind, 3)


def test_ours_reads_disguised_requests_that_a_word_list_misses():
    result = measured(Ours.only("prompt-rules"), WordList.of("list", ["dress", "shirt"]))
    assert result.rate("undress", harmful=True) == Rate(2, 2)
    assert result.rate("undress", harmful=True, disguise="leet") == Rate(2, 2)
    assert result.rate("undress", harmful=True, system="list", disguise="leet") == Rate(0, 2)


def test_a_peer_is_asked_line_by_line():
    peer = Peer("peer", f'{sys.executable} -c "{PEER}"')
    assert peer.flag(ROWS) == [True, False, True, False]


@pytest.mark.parametrize("code", ["print('x')", "print(1.0)", "raise SystemExit(3)"])
def test_a_peer_that_does_not_answer_is_an_error(code):
    with pytest.raises(InputError, match="peer"):
        Peer("peer", f'{sys.executable} -c "{code}"').flag(ROWS)


def test_a_chart_says_what_was_not_measured_and_escapes_names():
    drawn = chart("a < b", [("x", Rate(1, 2)), ("y", Rate(0, 0))])
    assert "not measured" in drawn
    assert "a &lt; b" in drawn
    assert drawn.count("<circle") == 1


def test_the_command_writes_a_report_that_holds_the_figures(tmp_path):
    rows = tmp_path / "mine.jsonl"
    plain = {"id": "1", "lang": "en", "category": "undress", "label": 1, "has_reference": True}
    rows.write_text(json.dumps({**plain, "text": "remove her clothes"}), encoding="utf-8")
    words = tmp_path / "words.txt"
    words.write_text("hat\n", encoding="utf-8")
    out = tmp_path / "report"
    given = ["evaluate", "--rows", str(rows), "--out", str(out), "--words", str(words)]
    done = CliRunner().invoke(cli, given)
    assert done.exit_code == 0, done.output
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    first = next(one for one in report["rates"] if one["system"] == "Consentry")
    assert (first["hits"], first["n"], first["what"]) == (1, 1, "recall")
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert str(tmp_path) not in page
    assert "1 of 1" in (out / "report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("peer", ["nothing", "=x", "x="])
def test_a_peer_without_name_or_command_is_refused(tmp_path, peer):
    done = CliRunner().invoke(cli, ["evaluate", "--out", str(tmp_path), "--peer", peer])
    assert isinstance(done.exception, InputError)
