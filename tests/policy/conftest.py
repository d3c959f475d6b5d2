"""What the tests of the policy share."""

import re

import pytest

JARGON = re.compile(
    r"\b(score|threshold|classifier|detector|finding|categor\w+|nsfw|ncii|csam|hash\w*|model|gate|"
    r"floor|taxonomy|stage|policy|prompt|pixel\w*|embedding|template|metadata|api|json|unchecked|"
    r"violat\w+|forbidden|banned|offen[cd]\w+|suspicious)\b",
    re.IGNORECASE,
)

LESSON = re.compile(
    r"\b(space[ds]|spacing|digits?|letters?|signs?|dots?|dotted|emoji\w*|invisible|look-alikes?|"
    r"zero-width|accent\w*|capitals?|repeat\w*|script|misspel\w+|synonyms?|"
    r"words? such as)\b|[“\"«]",
    re.IGNORECASE,
)
"""What would tell somebody who was stopped how they were recognised, and so how not to be."""


@pytest.fixture
def faults():
    """A function that says what keeps a text from being plain."""
    return _faults


@pytest.fixture
def rule_text():
    """A function that writes one rule as TOML."""
    return _rule_text


def _faults(text, most_words=30):
    """What keeps `text` from being plain."""
    jargon = [f"jargon: {word}" for word in JARGON.findall(text)]
    sentences = re.split(r"(?<=[.!?])\s+", text)
    long = [f"long: {part}" for part in sentences if len(part.split()) > most_words]
    lessons = [f"lesson: {match.group()}" for match in LESSON.finditer(text)]
    return jargon + long + lessons


def _rule_text(rule_id="a-rule", when="true", action="block", more="", given=""):
    return f"""
[[rule]]
id = "{rule_id}"
stages = ["output"]
when = '''{when}'''
action = "{action}"
text = "It was looked at."
why = "A test."
{more}
[[rule.test]]
given = {{ stage = "output"{given} }}
expect = "{action}"
"""
