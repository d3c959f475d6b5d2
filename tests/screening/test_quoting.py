"""The part of a prompt that a finding is about: whole characters, and nothing unseen in it."""

from __future__ import annotations

from consentry.findings import Finding
from consentry.screening.quoting import quote, span_of, visible


def at(start, end):
    return Finding("a.b", 0.5, "x", {"span": [start, end]})


def test_no_mark_parts_a_letter_from_what_belongs_to_it():
    assert span_of(at(0, 1), "e\u0301tude") == (0, 2)
    assert span_of(at(1, 2), "e\u0301tude") == (0, 2)
    family = "a 👩\u200d👧 b"
    assert span_of(at(2, 3), family) == span_of(at(4, 5), family) == (2, 5)
    assert span_of(at(0, 1), "👍\U0001f3fd!") == (0, 2)
    assert span_of(at(0, 1), "कि") == (0, 2)


def test_a_place_outside_of_the_prompt_marks_what_is_there():
    assert span_of(at(2, 99), "abc") == (2, 3)
    assert span_of(at(9, 99), "abc") is None
    assert span_of(at(1, 1), "abc") is None
    assert span_of(at(0, 1), None) is None


def test_what_nobody_would_see_is_written_out():
    assert visible("a\u202eb\u200bc\x00") == "a⟨U+202E⟩b⟨U+200B⟩c⟨U+0000⟩"
    seen = "نص\nکتاب\u200cها 👩\u200d👧"  # noqa: RUF001  Persian, whose joiners are spelling
    assert visible(seen) == seen


def test_a_long_quote_leaves_out_its_middle():
    assert quote("a" * 500, (0, 500)) == "a" * 40 + " … " + "a" * 40
    assert quote("take off", (5, 8)) == "off"
