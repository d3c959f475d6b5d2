"""What the page works out of a decision before it shows it."""

from __future__ import annotations

import hashlib
import io
import json

import numpy as np
import pytest
from PIL import Image
from tests.web.demo.fake_guard import Preview

from consentry.findings import Action, Finding, Stage, unchecked
from consentry.screening.decision import Decision, Gate
from consentry.web.demo.veil import DOTS, veil
from consentry.web.demo.view import PictureView, ResultView, show_picture


def result(*findings, gates=(), prompt=None, picture=True, action=Action.ALLOW):
    decision = Decision(
        id="0" * 32,
        created_at="2026-11-24T10:00:00Z",
        input="sha256:x",
        stage=Stage.OUTPUT,
        action=action,
        reasons=(),
        shadow=(),
        findings=findings,
        gates=gates,
        context={},
        policy="sha256:y",
    )
    shown = PictureView("data:", 1, 1, 1, 1, veiled=False) if picture else None
    return ResultView(decision, ms=1.0, titles={"a.b": "A thing"}, prompt=prompt, picture=shown)


def test_findings_of_one_place_share_one_outline():
    here, there = {"box": [1, 2, 3, 4]}, {"box": [5, 6, 7, 8], "landmarks": []}
    view = result(
        Finding("a.b", 0.2, "one", here),
        Finding("a.b", 0.9, "two", there),
        Finding("c.d", 0.5, "three", here),
    )
    assert [(one.number, one.box) for one in view.regions] == [(1, (1, 2, 3, 4)), (2, (5, 6, 7, 8))]
    assert [row.category for row in view.regions[0].found] == ["c.d", "a.b"]


def test_what_nobody_looked_at_comes_first_then_the_highest_score():
    view = result(Finding("a.b", 0.2, "x"), Finding("c.d", 0.9, "x"), unchecked("y", "It is gone."))
    assert [row.category for row in view.found] == ["unchecked", "c.d", "a.b"]
    assert view.found[0].facts == (("reason", "It is gone."),)


def test_a_category_without_words_is_named_as_it_is():
    titles = [row.title for row in result(Finding("a.b", 1, "x"), Finding("c.d", 1, "x")).found]
    assert titles == ["A thing", "c.d"]


def test_only_the_frame_that_is_shown_is_outlined():
    late = {"box": [1, 2, 3, 4], "time_s": 4.2}
    first = {"box": [1, 2, 3, 4], "time_s": 0.0}
    assert result(Finding("a.b", 1, "x", late)).regions == ()
    assert len(result(Finding("a.b", 1, "x", first)).regions) == 1


def test_nothing_is_outlined_where_nothing_is_shown():
    view = result(Finding("a.b", 1, "x", {"box": [1, 2, 3, 4]}), picture=False)
    assert view.regions == ()
    assert view.found[0].region is None


def test_the_words_that_a_finding_is_about_are_quoted():
    row = result(Finding("a.b", 1, "x", {"span": [2, 6]}), prompt="a bold é").found[0]
    assert row.words == "bold"


def test_a_finding_about_all_of_the_words_says_so():
    words = hashlib.sha256(b"a calm sea").hexdigest()
    gates = [
        Gate("reads", "1", words, 1.0, "checked"),
        Gate("looks", "1", "0" * 64, 1.0, "checked"),
    ]
    found = (Finding("a.b", 0.9, "reads"), Finding("a.b", 0.8, "looks"))
    span = Finding("a.b", 0.7, "reads", {"span": [2, 6]})
    view = result(*found, span, gates=gates, prompt="a calm sea")
    assert [(row.whole, row.words, row.mark) for row in view.found] == [
        (True, None, None),
        (False, None, None),
        (False, "calm", 1),
    ]


def test_marks_and_outlines_share_one_row_of_numbers():
    spans = [Finding("a.b", 0.5, "x", {"span": [start, start + 1]}) for start in (4, 0)]
    view = result(*spans, Finding("c.d", 0.5, "y", {"box": [1, 2, 3, 4]}), prompt="abcdef")
    assert [(one.number, one.words) for one in view.marks] == [(1, "a"), (2, "e")]
    assert [one.number for one in view.regions] == [3]


def test_nested_facts_are_said_in_words():
    detail = {"age_bins": {"0-12": 0.125, "13-17": 0.5}, "list": [1, "two"]}
    row = result(Finding("a.b", 1, "x", None, detail)).found[0]
    assert row.facts == (("age bins", "0-12 0.12, 13-17 0.50"), ("list", "1, two"))


def test_a_match_is_said_in_words():
    detail = {"bank": "TAKEN_DOWN", "distance": 4, "turn": "mirrored", "pipeline": "full"}
    row = result(Finding("known.removed", 0.9, "matching", None, detail)).found[0]
    assert row.facts == (
        ("on the list", "TAKEN_DOWN"),
        ("differing bits of 256", "4"),
        ("this copy is", "mirrored"),
        ("fingerprint of the", "whole picture"),
    )


def test_the_bars_compare_gates_with_the_slowest():
    gates = [Gate(name, "1", None, ms, "checked") for name, ms in (("a", 5.0), ("b", 20.0))]
    assert [row.share for row in result(gates=gates).gates] == [0.25, 1.0]
    none = [Gate("a", "1", None, 0.0, "missing")]
    assert [row.share for row in result(gates=none).gates] == [0.0]


def test_the_json_is_the_decision():
    view = result()
    assert json.loads(view.plain) == view.decision.as_json()


def photo(size=(400, 300)):
    noise = np.random.default_rng(5).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "JPEG", quality=95)
    return Preview(buffer.getvalue(), *size, *size)


@pytest.mark.parametrize("action", list(Action))
def test_only_what_is_released_is_shown_as_it_is(action):
    preview = photo()
    view = show_picture(preview, action)
    assert view.veiled is not action.releases
    assert (preview.jpeg == veil(preview.jpeg)) is False
    with Image.open(io.BytesIO(veil(preview.jpeg))) as veiled:
        assert veiled.size == (400, 300)


@pytest.mark.parametrize("size", [(400, 300), (3, 900), (1, 1)])
def test_the_veil_leaves_no_colour_and_no_detail(size):
    with Image.open(io.BytesIO(veil(photo(size).jpeg))) as veiled:
        assert DOTS <= 16
        assert veiled.mode == "L"
        assert veiled.size == size
        grey = np.asarray(veiled, dtype=float)
    # Nothing is left that changes faster than the grid of dots: neighbours are nearly alike.
    step = max(size) / DOTS
    if step > 2:
        assert np.abs(np.diff(grey, axis=0)).max() < 300 / step
