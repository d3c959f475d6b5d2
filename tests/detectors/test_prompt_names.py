"""Names of people: six scripts, what only looks like a name, and an operator's own list."""

# ruff: noqa: RUF001  other scripts look like Latin

from __future__ import annotations

import pytest
from tests.detectors.test_prompt_learned import LONG

from consentry.config import Settings
from consentry.detectors.prompt_names import PromptNamesDetector
from consentry.detectors.testing import DetectorContract
from consentry.errors import ConfigError
from consentry.media.prompt import Prompt

DETECTOR = PromptNamesDetector.from_settings(Settings())[0]
LISTED = """
[[person]]
name = "Zxyla Quornbeck"
aliases = ["Зила Кворнбек", "ジラ・クォーン", "紫罗"]
"""


class TestNames(DetectorContract):
    detector = PromptNamesDetector


def named(text, detector=DETECTOR):
    return [
        (one.score, text[slice(*one.where["span"])] if one.where else None)
        for one in detector.detect(Prompt(text), {})
        if one.score >= 0.5
    ]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Marguerite Osei plays the violin", "Marguerite Osei"),
        ("drawing of joaquim feldstein in a rowing boat", "joaquim feldstein"),
        ("a photo of Ludwig van Beethoven at a piano", "Ludwig van Beethoven"),
        ("una foto de maría garcía en la playa", "maría garcía"),
        ("ein Bild von Jürgen Schneider im Regen", "Jürgen Schneider"),
        ("kasia i Katarzyna Nowak w parku", "Katarzyna Nowak"),
        ("Ayşe Yılmaz sahnede", "Ayşe Yılmaz"),
        ("Портрет Ольги Сергеевой в саду", "Ольги Сергеевой"),
        ("фото дмитрия соколова на рынке", "дмитрия соколова"),
        ("محمد صلاح يلعب كرة القدم", "محمد صلاح"),
        ("صورة للممثلة ليلى حسن في حديقة", "ليلى حسن"),
        ("नेहा शर्मा साइकिल चलाते हुए", "नेहा शर्मा"),
        ("एक बगीचे में अमित गुप्ता", "अमित गुप्ता"),
        ("李娜的照片", "李娜"),
        ("刘志强站在法庭前", "刘志强"),
        ("山田太郎が公園で走っている", "山田太郎"),
        ("佐藤さんの写真", "佐藤さん"),
        ("アナ・マルティネスの肖像", "アナ・マルティネス"),
        ("김민준이 공원에서 달리는 사진", "김민준이"),
    ],
)
def test_a_name_is_found_where_it_stands(text, name):
    assert name in [found for _, found in named(text)]


@pytest.mark.parametrize(
    "text",
    [
        "a lighthouse at dusk",
        "Golden Gate Bridge in fog",
        "a rose in the grass of may, with a robin",
        "Sunset Over The Quiet Mountains In June",
        "don't change the colour of the dress",
        "ein altes Schiff auf dem Fluss",
        "красное платье на стуле",
        "ضع المعطف على الكرسي",
        "एक लाल साड़ी में दीवार पर लता",
        "金色的头发和白云",
        "高大的石头房子",
        "山の上の古い神社",
        "정원에 있는 고양이와 강아지",
        "노란색 우산을 든 사람",
    ],
)
def test_what_is_no_name_is_not_found(text):
    assert not named(text)


@pytest.fixture
def listed(tmp_path):
    path = tmp_path / "people.toml"
    path.write_text(LISTED, encoding="utf-8")
    return PromptNamesDetector.from_settings(Settings(prompt={"names_file": path}))[0]


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("zxyla quornbeck on a bike", "zxyla quornbeck"),
        ("ZXÝLA Quornbeck's garden", "ZXÝLA Quornbeck's"),
        ("фото: Зила Кворнбек", "Зила Кворнбек"),
        ("紫罗的照片", "紫罗"),
        ("z x y l a q u o r n b e c k in the rain", None),
        ("#zxylaquornbeck", None),
    ],
)
def test_whoever_is_listed_is_found_in_any_writing(listed, text, span):
    (found,) = [one for one in listed.detect(Prompt(text), {}) if one.score == 1.0]
    assert found.detail["entry"] == "Zxyla Quornbeck"
    if span is not None:
        assert span.startswith(text[slice(*found.where["span"])])
    assert not [one for one in DETECTOR.detect(Prompt(text), {}) if one.score == 1.0]


def test_another_list_is_another_version(listed, tmp_path):
    (tmp_path / "people.toml").write_text(LISTED.replace("紫罗", "紫萝"), encoding="utf-8")
    settings = Settings(prompt={"names_file": tmp_path / "people.toml"})
    other = PromptNamesDetector.from_settings(settings)[0]
    assert len({other.version, listed.version, DETECTOR.version}) == 3


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"\xff", "utf-8"),
        (b"person = 3", "person"),
        (b'[[person]]\nalias = "x"', "person"),
        (b'[[person]]\nname = "x"', "person.0.name"),
        (b"[[person", "TOML|Expected|Invalid|invalid"),
    ],
)
def test_a_list_that_cannot_be_used_is_named(tmp_path, content, fault):
    path = tmp_path / "people.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=fault):
        PromptNamesDetector.from_settings(Settings(prompt={"names_file": path}))
    with pytest.raises(ConfigError, match="cannot be read"):
        PromptNamesDetector.from_settings(Settings(prompt={"names_file": tmp_path / "none.toml"}))


def test_the_longest_prompts_end(listed):
    for text in (LONG[:6_000], "Anna " * 1200, "王伟" * 3000, "김" * 6_000, "анна " * 1200):
        assert len(listed.detect(Prompt(text), {})) <= 3
