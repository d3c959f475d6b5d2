"""What people type as their names, in any script, and what nobody should be able to type."""

from __future__ import annotations

import pytest

from consentry.cli import consent as cli_consent
from consentry.cli import person as cli_person
from consentry.cli import screen as cli_screen
from consentry.errors import PersonFormError
from consentry.likeness.consent import GIVERS, GRANTEES, MEDIA, PURPOSES
from consentry.likeness.persons import VERIFIED
from consentry.likeness.profile import AGES, MOST_ALIASES, Profile


@pytest.mark.parametrize(
    "name",
    [
        "Anna Beispiel",
        "ليلى حسن",
        "נועה כהן",
        "नेहा शर्मा",
        "王伟",
        "Nguyễn Thị Mai",
        "D\u2019Arcy",
        "नेहा\u200dरी",
    ],
)
def test_names_of_every_script_are_kept_as_they_are(name):
    assert Profile.of(name).name == name


def test_what_turns_the_direction_or_cannot_be_seen_is_left_out():
    assert Profile.of("Anna \u202eleipsieB\u202c\u0000\u200b").name == "Anna leipsieB"


def test_a_decomposed_name_is_the_composed_one():
    assert Profile.of("Zoe\u0308 Anders").name == "Zoë Anders"


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"name": ""}, "too short"),
        ({"name": "A"}, "too short"),
        ({"name": "12345"}, "too short"),
        ({"name": "x" * 201}, "more than 200"),
        ({"name": "Anna" + "\u0335" * 5}, "accents"),
        ({"name": "Anna", "aliases": [f"Anna {n}" for n in range(MOST_ALIASES + 1)]}, "more than"),
        ({"name": "Anna", "age": "old"}, "none of"),
        ({"name": "Anna", "age": "child"}, "guardian"),
        ({"name": "Anna", "age": "teen", "guardian": "\u200b "}, "guardian"),
    ],
)
def test_what_cannot_be_used_is_said(told, why):
    with pytest.raises(PersonFormError, match=why):
        Profile.of(**told)


def test_a_profile_survives_storage():
    profile = Profile.of("Anna", aliases=["آنا", "Anna B."], age="child", guardian="Mum")
    assert Profile.from_bytes(profile.to_bytes()) == profile


def test_the_command_line_knows_the_same_words():
    assert cli_person.AGES == AGES
    assert set(cli_person.HOW) == set(VERIFIED) - {""}
    assert cli_consent.PURPOSES == cli_screen.PURPOSES == PURPOSES
    assert (cli_consent.MEDIA, cli_consent.GRANTEES) == (MEDIA, GRANTEES)
    assert cli_consent.GIVERS == GIVERS
