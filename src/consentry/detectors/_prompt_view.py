"""What a prompt looks like once it is read: made once, for every detector that looks at it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple
from weakref import WeakKeyDictionary

from consentry.detectors._prompt_cells import Sense, senses
from consentry.detectors._prompt_lexicon import Lexicon, built_in
from consentry.detectors._prompt_reading import Token, read
from consentry.media.normalise import Normalised, normalise
from consentry.media.prompt import Prompt

__all__ = ["View", "view", "view_of"]


class View(NamedTuple):
    """One text as it was read.

    Attributes:
        text: without its disguises.
        tokens: its words, each disguise undone where that gives a word that is known.
        senses: what each language makes of it.
    """

    text: Normalised
    tokens: Sequence[Token]
    senses: Sequence[Sense]


_VIEWS: WeakKeyDictionary[Prompt, View] = WeakKeyDictionary()
"""Of prompts that somebody still looks at; a view goes when its prompt goes."""


def view_of(subject: Prompt) -> View:
    """The view of `subject`, as long as it is in use anywhere."""
    known = _VIEWS.get(subject)
    if known is None:
        known = _VIEWS[subject] = view(subject.text)
    return known


def view(original: str) -> View:
    """Read `original`."""
    lexicon: Lexicon = built_in()
    text = normalise(original)
    tokens = read(text, lexicon)
    capitals = _capitals(original, text, tokens)
    return View(text, tokens, tuple(senses(tokens, capitals, lexicon)))


def _capitals(original: str, text: Normalised, tokens: Sequence[Token]) -> Collection[int]:
    """The places of words with a capital inside a sentence; none where most words have one.

    The first word of a sentence counts when the second has a capital too: it may be a name.
    """
    if original.islower():
        return ()
    upper = [
        place
        for place, token in enumerate(tokens)
        if original[text.span(token.start, token.end)[0]].isupper()
    ]
    if len(upper) * 2 > len(tokens) + 2:
        return ()
    starts = {place for place in upper if place == 0 or tokens[place - 1].text == "."}
    return {place for place in upper if place not in starts or place + 1 in upper}
