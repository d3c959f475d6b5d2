import pytest

from consentry.errors import PromptError
from consentry.media import Prompt


def test_a_character_that_stands_for_a_phrase_counts_as_the_phrase():
    assert Prompt.parse("\ufdfa" * 5, max_characters=100).text  # each is written out in 18
    with pytest.raises(PromptError, match="108 characters; the limit is 100"):
        Prompt.parse("\ufdfa" * 6, max_characters=100)
