"""Rows: the shipped ones are what they claim to be; a bad file is told what is wrong."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from consentry.errors import InputError
from consentry.evaluation.rows import CATEGORIES, captions, read_rows, shipped, shipped_digest
from consentry.evaluation.systems import THRESHOLD, Ours
from consentry.policy.engine import Policy

LOCKED = "665c1a56bd08ca963224874b67ba5ff734366ee0b949efe49f5765eedeefebac"
GOOD = {"id": "1", "lang": "en", "category": "undress", "label": 0, "text": "a hat"}


def test_the_held_out_rows_are_never_tuned_so_they_never_change():
    assert shipped_digest("held-out") == LOCKED


def test_the_held_out_rows_cover_fifteen_languages_evenly():
    counts = Counter(
        (row.lang, row.harmful) for row in shipped("held-out") if row.category == "undress"
    )
    assert len({lang for lang, _ in counts}) == 15
    assert min(counts.values()) >= 12


def test_no_shipped_row_sets_a_child_beside_something_sexual():
    # Requests about children are not written at all, harmful or not, in these two categories.
    ours = Ours.only("prompt-rules")
    for row in shipped("held-out"):
        if row.category in {"undress", "sexual"}:
            sure = {
                one.category
                for one in ours.findings(row)
                if one.score > THRESHOLD and "sexual" not in one.category
            }
            assert "minor.referenced" not in sure, row.id


def test_the_threshold_is_what_the_default_policy_asks_for():
    rules = [rule for rule in Policy.load(None).rules if "prompt" in rule.stages]
    asked = " ".join(rule.when for rule in rules)
    assert f"sexual.undress >= {THRESHOLD}" in asked
    assert f"sexual.nudity >= {THRESHOLD}" in asked


def test_the_categories_are_those_of_the_taxonomy():
    known = Policy.load(None).taxonomy.categories
    assert {one for some in CATEGORIES.values() for one in some} <= set(known)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"label": 2}, "label is 1"),
        ({"label": True}, "label is missing or of the wrong type"),
        ({"text": None}, "text is missing"),
        ({"category": "weather"}, "no category 'weather'"),
        ({"has_reference": "yes"}, "has_reference"),
    ],
)
def test_a_bad_row_is_named(tmp_path, change, said):
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps({**GOOD, **change}), encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read_rows(file)


@pytest.mark.parametrize("text", ["{", "[]", "\n" + json.dumps(GOOD) + "\n" + json.dumps(GOOD)])
def test_a_file_that_is_no_file_of_rows_is_refused(tmp_path, text):
    file = tmp_path / "rows.jsonl"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="Line"):
        read_rows(file)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        read_rows(file)
    with pytest.raises(InputError, match="cannot be read"):
        captions(tmp_path / "none.txt")
