"""The marks in the prompt: each span is shown whole, and nothing of the text is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from consentry.findings import Finding
from consentry.screening.quoting import visible
from consentry.web.demo.words import number_spans, pieces


def at(start, end):
    return Finding("a.b", 0.5, "x", {"span": [start, end]})


def cut(prompt, *spans):
    numbers = number_spans([at(*one) for one in spans], prompt)
    return [(one.text, one.marks) for one in pieces(prompt, numbers)]


def test_a_text_without_spans_is_not_shown_again():
    assert pieces("a prompt", {}) == ()


def test_a_span_is_a_mark_between_what_is_not():
    assert cut("take it off now", (5, 11)) == [("take ", ()), ("it off", (1,)), (" now", ())]


def test_overlapping_spans_share_what_both_cover():
    assert cut("abcdef", (0, 4), (2, 6)) == [("ab", (1,)), ("cd", (1, 2)), ("ef", (2,))]


def test_a_span_within_another_begins_and_ends_there():
    numbers = number_spans([at(0, 6), at(2, 4)], "abcdef")
    assert [(one.starts, one.ends) for one in pieces("abcdef", numbers)] == [
        ((1,), ()),
        ((2,), (2,)),
        ((), (1,)),
    ]


def test_the_same_span_is_one_mark_and_numbers_follow_the_text():
    assert number_spans([at(4, 6), at(0, 2), at(4, 6)], "abcdef") == {(0, 2): 1, (4, 6): 2}


@given(st.text(max_size=40), st.lists(st.tuples(st.integers(0, 45), st.integers(0, 45))))
def test_the_pieces_are_the_whole_text_and_each_span_is_covered(prompt, spans):
    numbers = number_spans([at(*one) for one in spans], prompt)
    cuts = pieces(prompt, numbers)
    assert "".join(one.text for one in cuts) == (visible(prompt) if numbers else "")
    for (start, end), number in numbers.items():
        covered = "".join(one.text for one in cuts if number in one.marks)
        assert covered == visible(prompt[start:end])
        assert sum(number in one.starts for one in cuts) == 1
        assert sum(number in one.ends for one in cuts) == 1
