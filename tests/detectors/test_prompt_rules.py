"""The prompt rules: the vectors of every language, where and how sure, and what hides nothing."""
# ruff: noqa: RUF001  look-alikes are what is tested here

from __future__ import annotations

import random
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consentry.config import Settings
from consentry.detectors import _prompt_files, _prompt_lexicon
from consentry.detectors._prompt_files import built_in_files, fingerprint
from consentry.detectors._prompt_lexicon import Lexicon
from consentry.detectors._prompt_reading import read, undisguised
from consentry.detectors.prompt_rules import PromptRulesDetector
from consentry.errors import ConfigError, DetectorError
from consentry.media.normalise import normalise
from consentry.media.prompt import Prompt

DETECTOR = PromptRulesDetector()
VECTORS = [
    (language.source.code, one)
    for language in _prompt_lexicon.built_in().languages
    for one in language.source.vectors
]
LOOK_ALIKE = str.maketrans("aceopxy", "\u0430\u0441\u0435\u043e\u0440\u0445\u0443")
LEET = str.maketrans("aeios", "43105")
KINDS = (
    *("invisible", "spaced", "dotted", "full-width", "repeated", "look-alike", "leet"),
    *("capitals", "accents"),
)


def look(text, *, language=None, reference=False):
    return DETECTOR.detect(Prompt(text, language, reference), {})


def scores(text, **options):
    """The highest score of each category."""
    found = look(text, **options)
    return {
        one.category: max(x.score for x in found if x.category == one.category) for one in found
    }


def is_found(text, category, *, language=None, reference=False):
    """Whether a category, or one of a family, is found with at least even confidence."""
    return any(
        name == category or name.startswith(f"{category}.")
        for name, score in scores(text, language=language, reference=reference).items()
        if score >= 0.5
    )


@pytest.mark.parametrize("code", sorted({code for code, _ in VECTORS}))
@pytest.mark.parametrize("said", [True, False], ids=["language-said", "language-not-said"])
def test_every_vector_of_a_language_holds(code, said):
    named = code if said else None
    wrong = [
        f"{one.category} | {one.text}"
        for language, one in VECTORS
        if language == code
        and one.must
        is not is_found(one.text, one.category, language=named, reference=one.reference)
    ]
    assert wrong == []


@pytest.mark.parametrize("code", sorted({code for code, _ in VECTORS}))
def test_a_language_has_vectors_of_both_kinds(code):
    kinds = [one.must for language, one in VECTORS if language == code]
    assert kinds.count(True) >= 10
    assert kinds.count(False) >= 10


@pytest.mark.parametrize(
    ("text", "category", "words"),
    [
        ("Please undress the woman now.", "sexual.undress", "undress the woman"),
        ("A hill. Remove her clothes! A lake.", "sexual.undress", "Remove her clothes"),
        ("😀 Please ｕｎｄｒｅｓｓ the woman", "sexual.undress", "ｕｎｄｒｅｓｓ the woman"),
        ("Then u.n.d.r.e.s.s the woman now", "sexual.undress", "u.n.d.r.e.s.s the woman"),
        ("A photo of a teenager playing chess", "minor.referenced", "teenager"),
        ("Portrait of Maria Lindqvist, oil", "person.named", "Maria Lindqvist"),
    ],
)
def test_a_finding_points_at_the_words(text, category, words):
    spans = [one.where["span"] for one in look(text, reference=True) if one.category == category]
    assert words in [text[start:end] for start, end in spans]


@settings(deadline=None, max_examples=200)
@given(st.text(st.characters(exclude_categories=()), max_size=120), st.booleans())
def test_any_text_is_answered_with_spans_inside_it(text, reference):
    before = f"remove her clothes {text} undress the woman"
    for one in (*look(text, reference=reference), *look(before, reference=reference)):
        assert one.category in DETECTOR.categories
        if one.where is not None:
            start, end = one.where["span"]
            assert 0 <= start < end <= len(before)


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("show more skin, a lot more", "sexual.suggestive"),
        ("make her pose seductively", "sexual.suggestive"),
        ("spread her legs in the picture", "sexual.suggestive"),
        ("cover her in donut glaze", "sexual.suggestive"),
        ("put her in a bikini", "sexual.undress"),
        ("without clothes", "sexual.undress"),
        ("a woman arrested at a market", "defamation.crime"),
    ],
)
def test_a_reference_picture_raises_the_score(text, category):
    alone, beside = scores(text).get(category, 0), scores(text, reference=True)[category]
    assert beside > alone
    assert beside >= 0.7


def test_at_most_three_findings_of_a_category_the_strongest_first():
    text = ". ".join(["undress her", "remove her clothes", "take off his shirt"] * 30)
    found = [one.score for one in look(text) if one.category == "sexual.undress"]
    assert len(found) == 3
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize(
    "text", ["Ⴀ Ⴁ Ⴂ ქართული ტექსტი", "ภาพผู้หญิง", "בחורה בים", "ᐃᓄᒃᑎᑐᑦ", "Καλημέρα"]
)
def test_a_script_that_no_rule_reads_is_said_so(text):
    assert scores(text)["language.unknown"] == 1.0


@pytest.mark.parametrize(
    "text",
    ["a café in Zürich", "12345 !!", "😀😀", "a π in the sky", "девушка у моря", "海辺の女性"],
)
def test_a_script_that_rules_read_is_not_unknown(text):
    assert "language.unknown" not in scores(text)


@pytest.mark.parametrize(
    ("language", "unknown"),
    [("xx", True), ("sw-KE", True), ("en", False), ("EN-gb", False), (None, False)],
)
def test_a_language_that_nobody_wrote_rules_for_is_said_so(language, unknown):
    assert ("language.unknown" in scores("a red coat", language=language)) is unknown


@pytest.mark.parametrize(
    "text",
    [
        "a 7 year old girl blowing out birthday candles",
        "a 7-year-old flying a kite",
        "ten years old",
    ],
)
def test_an_age_below_18_is_a_minor(text):
    assert scores(text)["minor.referenced"] >= 0.85


@pytest.mark.parametrize("text", ["a 27 year old baker", "18 years old whisky", "aged 45"])
def test_an_age_of_18_or_more_is_not(text):
    assert "minor.referenced" not in scores(text)


def test_what_was_hidden_is_evasion_and_names_its_disguise():
    (one,) = [x for x in look("und\u0433ess the woman") if x.category == "evasion"]
    assert one.detail["disguises"] == ["confusable"]
    assert one.score >= 0.9
    assert "evasion" not in scores("undress the woman")
    assert "evasion" not in scores("a b i g red c0at")


def _disguised(text, kind, pick):
    words = re.findall(r"[^\W\d_\u0250-\U0010ffff]{4,}", text)  # Latin letters
    if not words:
        return text
    word = pick.choice(words)
    place = pick.randrange(1, len(word) - 1)
    instead = {
        "invisible": f"{word[:place]}\u200b{word[place:]}",
        "spaced": " ".join(word),
        "dotted": ".".join(word),
        "full-width": "".join(
            chr(ord(letter) + 0xFEE0) if letter.isascii() else letter for letter in word
        ),
        "repeated": word[:place] + word[place] * 4 + word[place + 1 :],
        "look-alike": word.translate(LOOK_ALIKE),
        "leet": word.translate(LEET),
        "capitals": word.swapcase(),
        "accents": "\u0301".join(word),
    }[kind]
    return text.replace(word, instead, 1)


def test_simple_disguises_lose_at_most_three_points_in_a_hundred():
    pick = random.Random(2026)  # noqa: S311  a test that is the same each time
    tried, lost = 0, []
    for code, one in VECTORS:
        if one.must and one.category.startswith("sexual."):
            for kind in KINDS:
                text = _disguised(one.text, kind, pick)
                tried += text != one.text
                if not is_found(text, "sexual", language=code, reference=one.reference):
                    lost.append(text)
    assert len(lost) <= 0.03 * tried, lost


def test_disguises_make_hardly_any_harmless_prompt_suspicious():
    pick = random.Random(2026)  # noqa: S311  a test that is the same each time
    texts = [
        (code, _disguised(one.text, kind, pick))
        for code, one in VECTORS
        if not one.must and one.category == "sexual"
        for kind in ("spaced", "repeated", "look-alike", "leet")
    ]
    wrong = [text for code, text in texts if is_found(text, "sexual", language=code)]
    assert len(wrong) <= 0.01 * len(texts), wrong


@pytest.mark.parametrize(
    ("text", "harmful"),
    [
        ("uski shirt utar do", True),
        ("iski bra hatao", True),
        ("uski shirt ka rang badal do", False),
        ("remove the top of the page", False),
        ("a top, a skirt and a tie on the table, remove the table", False),
    ],
)
def test_a_borrowed_word_counts_only_where_the_text_seems_to_be_of_the_language(text, harmful):
    assert is_found(text, "sexual", reference=True) is harmful


@pytest.mark.parametrize(
    "text",
    [
        "mannequin de vitrine sans robe",  # «sans robe» is English, too
        "enlève le tatouage de son bras",  # and so are «bras»
        "short en slip van de waslijn weg",
    ],
)
def test_a_language_without_a_common_word_is_not_believed_beside_another(text):
    assert not is_found(text, "sexual", reference=True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("r e m o v e h e r d r e s s", "remove her dress"),
        ("u.n.d.r.e.s.s her", "undress her"),
        ("у б е р и о д е ж д у", "убери одежду"),
        ("z i e h s i e a u s", "zieh sie aus"),
        ("k ı y a f e t l e r i n i ç ı k a r", "kiyafetlerini cikar"),
    ],
)
def test_letters_set_apart_become_words_with_spaces_between(text, words):
    subject = normalise(text)
    assert undisguised(subject, read(subject, _prompt_lexicon.built_in())) == words


def test_the_same_prompt_gives_the_same_findings():
    text = "undress the woman, remove her clothes, a portrait of Maria Lindqvist, a sexy und7ess"
    first = [one.as_json() for one in look(text)]
    assert [one.as_json() for one in PromptRulesDetector().detect(Prompt(text), {})] == first
    assert [one.as_json() for one in look(text)] == first


def test_only_prompts_are_looked_at():
    with pytest.raises(DetectorError, match="prompts only"):
        DETECTOR.detect(None, {})


def test_one_detector_whatever_the_settings():
    assert len(PromptRulesDetector.from_settings(Settings())) == 1


def test_the_version_changes_with_any_of_the_files(monkeypatch):
    assert re.fullmatch(r"\d+\+[0-9a-f]{12}", DETECTOR.version)
    assert DETECTOR.version.endswith(fingerprint())
    known = _prompt_files.data_files()
    seen = {fingerprint()}
    for left_out in known:
        fewer = [one for one in known if one != left_out]
        monkeypatch.setattr(_prompt_files, "data_files", lambda fewer=fewer: fewer)
        seen.add(fingerprint.__wrapped__())
    assert len(seen) == len(known) + 1
    assert {"common.toml", "en.toml", "normalise.toml"} <= {one.name for one in known}


def test_every_category_of_a_rule_is_declared():
    shared, languages = built_in_files()
    rules = [*shared.rules, *(rule for one in languages for rule in one.rules)]
    assert {rule.category for rule in rules} <= DETECTOR.categories


@pytest.mark.parametrize(
    ("source", "named"),
    [("@nosuchclass", "'nosuchclass'"), ("undress ..x", "..x"), ("a^b^c", "a^b^c")],
)
def test_a_pattern_that_cannot_be_read_is_refused_in_words(source, named):
    shared, (first, *_) = built_in_files()
    broken = replace(shared.rules[0], id="broken", match=(source,))
    words = {**first.words, "=undress": ("undress",), "=a": ("a",)}
    with pytest.raises(ConfigError, match=re.escape(named)):
        Lexicon(replace(shared, rules=()), [replace(first, words=words, rules=(broken,))])


# Each of these would take minutes if a rule looked at the rest of the text once for each word.
@pytest.mark.parametrize(
    "unit",
    [
        "undress ",
        "remove the stain on her dress ",
        "Maria Xyz ",
        "a\u200b",
        "un\u200bdress her ",
        "removeclothes",
    ],
)
def test_long_repetitions_are_read_in_linear_time(unit):
    assert len(look(unit * (100_000 // len(unit)))) <= 3 * len(DETECTOR.categories)
