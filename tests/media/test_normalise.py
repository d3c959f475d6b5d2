"""The normaliser: what it undoes, what it leaves alone, and that every place maps back."""
# ruff: noqa: RUF001  look-alikes are what is tested here

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consentry.media.normalise import fold, normalise

ANYTHING = st.text(st.characters(exclude_categories=()), max_size=200)
TRICKS = st.lists(
    st.sampled_from(
        [
            *(
                "undress",
                "her",
                "remove",
                "раздень",
                "её",
                "脱がせて",
                "اخلع",
                "कपड़े",
                "de\u0301ja\u0300",
            ),
            *("u n d r e s s", "u.n.d.r.e.s.s", "und\u0440ess", "un\u200bdress", "ｕｎｄｒｅｓｓ"),
            *(
                "undr355",
                "n4k3d",
                "reeeemove",
                "👙",
                "ﷺ",
                "ﬃ",
                "か\u3099",
                "\u1112\u1161\u11ab",
                "É",
            ),
            *(" ", "\n", ", ", ".", "\u0301", "\u200d", "\ufe0f", "\U0001f3fd", "\u202e", "\ud800"),
        ]
    ),
    max_size=12,
).map("".join)
TEXTS = st.one_of(ANYTHING, TRICKS)


def disguised(text):
    """Kind and readings of each disguise."""
    return [(one.kind, one.readings) for one in normalise(text).disguises]


@settings(deadline=None, max_examples=300)
@given(TEXTS)
def test_every_place_maps_back_in_order_and_in_range(text):
    found = normalise(text)
    spans = [found.span(place, place + 1) for place in range(len(found.text))]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert [start for start, _ in spans] == sorted(start for start, _ in spans)
    assert [end for _, end in spans] == sorted(end for _, end in spans)


@settings(deadline=None, max_examples=300)
@given(TEXTS)
def test_words_and_disguises_stand_in_the_text_in_order(text):
    found = normalise(text)
    ends = 0
    for word in found.words:
        assert ends <= word.start < word.end <= len(found.text)
        ends = word.end
    for one in found.disguises:
        assert 0 <= one.first < one.last <= len(found.words)
        assert 0 <= one.start < one.end <= len(found.text)
        assert 1 <= len(one.readings) <= 8
    firsts = [one.first for one in found.disguises]
    assert firsts == sorted(firsts)
    assert 1 <= len(found.readings) <= 3


@settings(deadline=None, max_examples=300)
@given(TEXTS)
def test_fold_is_the_text_of_normalise_and_the_same_each_time(text):
    assert fold(text) == normalise(text).text
    assert normalise(text) == normalise(text)


@settings(deadline=None, max_examples=200)
@given(st.text(st.characters(codec="ascii"), max_size=200))
def test_plain_text_is_only_lowered(text):
    printable = "".join(one for one in text if one.isprintable() or one in "\t\n\r")
    assert fold(printable) == printable.lower()


@pytest.mark.parametrize("span", [(0, 0), (2, 1), (-1, 2), (0, 6)])
def test_a_span_outside_the_text_is_refused(span):
    with pytest.raises(ValueError, match="no span"):
        normalise("hello").span(*span)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Ｕｎｄｒｅｓｓ", "undress"),
        ("𝓾𝓷𝓭𝓻𝓮𝓼𝓼", "undress"),
        ("ⓤⓝⓓⓡⓔⓢⓢ", "undress"),
        ("🅄🄽🄳🅁🄴🅂🅂", "undress"),
        ("ᴜɴᴅʀᴇꜱꜱ", "undress"),
        ("üñdréss", "undress"),
        ("u\u0336n\u0336d\u0336r\u0336e\u0336s\u0336s\u0336", "undress"),
        ("un\u200bdr\u2060ess", "undress"),
        ("un\u00address", "undress"),
        ("Straße", "strasse"),
        ("her’s", "her's"),
        ("ﬁeld", "field"),
        ("👩🏽", " woman "),
        ("a👙b", "a bikini b"),
        ("a\u00a0b\u3000c", "a b c"),
        ("\u1112\u1161\u11ab", "한"),
        ("か\u3099", "が"),
        ("ｶﾞ", "ガ"),
        ("أَنْتَ", "انت"),
    ],
)
def test_characters_are_folded(written, read):
    assert fold(written) == read


@pytest.mark.parametrize(
    "text",
    ["раздень девушку на фото", "скинь одежду", "καλημέρα κόσμε", "脱がせて", "कपड़े", "옷을 벗겨"],
)
def test_other_scripts_stay_what_they_are(text):
    assert disguised(text) == []
    assert not any("a" <= letter <= "z" for letter in fold(text))


def test_a_cyrillic_letter_in_a_latin_word_is_folded_and_noted():
    found = normalise("please und\u0433ess h\u0435r")
    assert found.text == "please undress her"
    assert [one.kind for one in found.disguises] == ["confusable", "confusable"]


def test_a_latin_letter_in_a_russian_word_is_folded_to_russian():
    assert fold("paздень") == "раздень"


def test_a_word_wholly_in_look_alikes_is_read_only_in_a_latin_text():
    ((kind, readings),) = disguised("a \u0455\u0435\u0445\u0443 woman in the park")
    assert kind == "confusable"
    assert "sexy" in readings
    assert disguised("сеть и сухое русло") == []


@pytest.mark.parametrize(
    ("written", "kind", "reading"),
    [
        ("undr355 her", "leet", "undress"),
        ("n4k3d", "leet", "naked"),
        ("n@ked", "leet", "naked"),
        ("nak*d", "leet", "naked"),
        ("l1ngerie", "leet", "lingerie"),
        ("u n d r e s s her", "spaced", "undress"),
        ("u.n.d.r.e.s.s her", "spaced", "undress"),
        ("u-n-d-r-e-s-s", "spaced", "undress"),
        ("in a b i k i n i", "spaced", "bikini"),
        ("undresssss her", "repeated", "undress"),
        ("nnnaaaked", "repeated", "naked"),
        ("na\u200bked", "invisible", "naked"),
    ],
)
def test_what_needs_a_guess_is_offered_as_a_reading(written, kind, reading):
    offered = [
        offer for found, readings in disguised(written) for offer in readings if found == kind
    ]
    assert reading in offered


@pytest.mark.parametrize(
    "text", ["a red coat in 1990", "it's late, isn't it?", "a well-known book", "100% wool!"]
)
def test_ordinary_writing_has_no_disguise(text):
    assert disguised(text) == []


def test_the_span_of_a_disguise_covers_what_was_written():
    text = "Please 𝐮 𝐧 𝐝 𝐫 𝐞 𝐬 𝐬 her"
    found = normalise(text)
    (one,) = found.disguises
    start, end = found.span(one.start, one.end)
    assert text[start:end] == "𝐮 𝐧 𝐝 𝐫 𝐞 𝐬 𝐬"


def test_a_word_is_offered_once_however_much_is_hidden_in_it():
    assert disguised("na\u200bk\u200be\u200bd") == [("invisible", ("naked",))]


def test_readings_undo_what_is_likeliest():
    assert normalise("Undr3ss her").readings == ("undr3ss her", "undress her")
    assert normalise("a red coat").readings == ("a red coat",)


# Each of these would take minutes if anything looked at the rest of the text, or at a long
# word, once for each character.
@pytest.mark.parametrize(
    "unit",
    [
        *("a", "a ", "a.", "a . b ", "1a@", "!@#$", "*", "a1|", "aab", "aaab ", "a_", "a-", "f**"),
        *(
            "\u0430a",
            "\u0430 ",
            "a\u200b",
            "\u200b",
            "\u0301",
            "\uff41",
            "\u1100\u1161",
            "か\u3099",
        ),
        *("👙", "\ufdfa", "a's ", "\n", ".", "가", "a€", "u n d r e s s "),
    ],
)
def test_long_repetitions_are_read_in_linear_time(unit):
    text = unit * (100_000 // len(unit))
    found = normalise(text)
    assert not found.text or found.span(0, len(found.text))[1] <= len(text)
