"""The taxonomy is complete, honest about the law, and readable by the people concerned."""

import tomllib
from pathlib import Path

import pytest

from consentry.policy.taxonomy import Category, Taxonomy, packaged_taxonomy

CATEGORIES = list(packaged_taxonomy())
LAWS = {law.name: law for category in CATEGORIES for law in category.law}.values()

NAMED_IN_THE_DESIGN = {
    "sexual.explicit",
    "sexual.undress",
    "minor.apparent",
    "person.matched",
    "known.removed",
    "defamation.crime",
    "unchecked",
}
REPORTED = {
    "faces": {"person.face"},
    "age": {"minor.apparent"},
    "explicitness": {"sexual.explicit"},
    "prompt-rules": {
        "sexual.suggestive",
        "sexual.nudity",
        "sexual.explicit",
        "sexual.undress",
        "minor.referenced",
        "person.named",
        "defamation.crime",
        "evasion",
        "language.unknown",
    },
    "prompt-names": {"person.named"},
    "prompt-learned": {
        "sexual.nudity",
        "sexual.undress",
        "defamation.crime",
        "harassment.bullying",
        "impersonation.identity",
    },
    "screener": {"unchecked"},
    "matching": {
        "known.removed",
        "known.intimate",
        "known.child_safety",
        "known.watched",
        "known.held",
    },
}


def category(name):
    return Category(name=name, title="A title", text="A text.", severity="low", about="both")


def test_what_the_design_names_is_there():
    assert set(packaged_taxonomy().categories) >= NAMED_IN_THE_DESIGN


def test_it_says_which_detector_can_report_what():
    for detector, names in REPORTED.items():
        told = {entry.name for entry in CATEGORIES if detector in entry.assessed_by}
        assert told == names


def test_who_assesses_is_a_detector_that_exists():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    exists = set(project["project"]["entry-points"]["consentry.detectors"])
    exists |= {"screener", "matching", "likeness"}
    assert {name for entry in CATEGORIES for name in entry.assessed_by} <= exists


@pytest.mark.parametrize("entry", CATEGORIES, ids=lambda entry: entry.name)
def test_a_category_speaks_plainly(entry, faults):
    assert faults(entry.title) == []
    assert faults(entry.text) == []
    assert entry.text.endswith(".")
    assert entry.statement


def test_the_check_for_plain_words_can_fail(faults):
    assert faults("The classifier's score is above the threshold.")
    assert faults("word " * 31)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_a_law_has_a_source_and_a_day(law):
    assert law.source
    assert law.checked_on.year >= 2026
    assert law.says.endswith(".")


def test_what_was_not_seen_in_the_primary_text_says_so():
    for law in LAWS:
        told = "memory" if "memory" in law.source else "secondary"
        marked = "memory" in law.source or "secondary" in law.source
        assert law.confidence == (told if marked else "primary")


def test_no_law_is_listed_that_no_category_uses():
    text = (Path(__file__).parents[2] / "src/consentry/policy/taxonomy.toml").read_text("utf-8")
    listed = {law["name"] for law in tomllib.loads(text)["law"].values()}
    assert listed == {law.name for law in LAWS}


def test_a_family_is_what_stands_before_the_dot():
    assert packaged_taxonomy()["minor.apparent"].family == "minor"
    assert packaged_taxonomy()["evasion"].family == "evasion"


def test_an_operator_may_add_but_not_change():
    added = packaged_taxonomy().with_added([category("acme.umbrella")])
    assert "acme.umbrella" in added
    assert "acme.umbrella" not in packaged_taxonomy()
    with pytest.raises(ValueError, match="stands there twice"):
        packaged_taxonomy().with_added([category("sexual.explicit")])


def test_a_name_that_could_be_read_in_two_ways_is_refused():
    with pytest.raises(ValueError, match="evasion is a category"):
        packaged_taxonomy().with_added([category("evasion.leet")])
    with pytest.raises(ValueError, match="acme is a category"):
        Taxonomy.of([category("acme.umbrella"), category("acme")])


def test_a_misspelt_name_finds_its_neighbour():
    assert packaged_taxonomy().close_to("sexual.explict") == "sexual.explicit"
    assert packaged_taxonomy().close_to("zzz") is None
