"""A prompt in the light of earlier ones: "now take it off" means what was asked for before.

The detectors look at the earlier prompts, and at these with the new one after them. What is done
must touch the new prompt; whom it is done to may have been said before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

from consentry.detectors.contract import Detector
from consentry.errors import PromptError
from consentry.findings import UNCHECKED, Finding
from consentry.media import Prompt
from consentry.screening.runner import Look

__all__ = [
    "CONVERSATION",
    "EARLIER",
    "MOST_TURNS",
    "PROMPT",
    "WORDS",
    "Conversation",
    "prompt_look",
]

PROMPT: Final = "prompt"
EARLIER: Final = "earlier prompts"
CONVERSATION: Final = "conversation"
WORDS: Final = frozenset({PROMPT, EARLIER, CONVERSATION})
"""Kinds of looks at words; the others are at pictures."""

MOST_TURNS: Final = 20
"""Most earlier prompts that may come with one."""

_WHO: Final = ("minor.", "person.")


@dataclass(frozen=True, slots=True)
class Conversation:
    """What was asked before, and all of it together.

    Attributes:
        earlier: the earlier prompts, one a line.
        whole: the same with the new prompt as the last line.
        start: where the new prompt begins in `whole`, in characters.
    """

    earlier: Prompt
    whole: Prompt
    start: int

    @classmethod
    def of(cls, prompt: Prompt, history: Sequence[str], max_characters: int) -> Self | None:
        """The conversation that `prompt` stands in; None if nothing was asked before.

        Raises:
            PromptError: it has more than 20 earlier prompts, or together with the new one more
                than `max_characters`, or is not valid Unicode.
        """
        before = "\n".join(turn for turn in history if turn.strip())
        if not before:
            return None
        if len(history) > MOST_TURNS:
            raise PromptError(
                f"There are {len(history)} earlier prompts; the limit is {MOST_TURNS}.",
                hint="Send the latest ones.",
            )
        try:
            whole = Prompt.parse(f"{before}\n{prompt.text}", max_characters=max_characters)
        except PromptError as error:
            raise PromptError(
                f"Together with the earlier prompts: {error.message}",
                hint="Send fewer of the earlier prompts.",
            ) from error
        language, has_reference = prompt.language, prompt.has_reference
        earlier = Prompt(before, language, has_reference)
        return cls(earlier, Prompt(whole.text, language, has_reference), len(before) + 1)

    def looks(self, detectors: Sequence[Detector]) -> Iterator[Look]:
        """What the detectors of prompts are to look at besides the prompt."""
        if detectors:
            yield prompt_look(EARLIER, self.earlier, detectors)
            yield prompt_look(CONVERSATION, self.whole, detectors)

    def adds(
        self, alone: Sequence[Finding], earlier: Sequence[Finding], whole: Sequence[Finding]
    ) -> list[Finding]:
        """What the earlier prompts add to what was found in the new one alone.

        Args:
            alone: what was found in the new prompt; `where.span` points into it.
            earlier: what was found in the earlier ones, one a line.
            whole: what was found in all together.
        """
        before = {(one.detector, one.category) for one in earlier}
        found = [one for place in whole for one in self._touching(place, before)]
        new = [one for one in found if not any(_says_more(other, one) for other in alone)]
        if any(map(_is_deed, (*alone, *new))):
            new += [_in_context(one, None) for one in earlier if one.category.startswith(_WHO)]
        return new

    def _touching(self, one: Finding, before: set[tuple[str, str]]) -> Iterator[Finding]:
        """`one` as it lies in the new prompt; nothing if the earlier prompts alone explain it."""
        span = (one.where or {}).get("span")
        if one.category == UNCHECKED:
            yield one
        elif span is None:
            if (one.detector, one.category) not in before:
                yield _in_context(one, None)
        elif span[1] > self.start:
            within = span[0] >= self.start
            if within or (one.detector, one.category) not in before:
                yield _in_context(one, [max(0, span[0] - self.start), span[1] - self.start])


def prompt_look(kind: str, prompt: Prompt, detectors: Sequence[Detector]) -> Look:
    """A look at words; its key begins with its kind and their digest."""
    key = (kind, prompt.sha256, prompt.language, prompt.has_reference)
    return Look(key, lambda: prompt, detectors)


def _in_context(one: Finding, span: list[int] | None) -> Finding:
    where = None if span is None else {"span": span}
    return replace(one, where=where, detail={**one.detail, "with": EARLIER})


def _says_more(alone: Finding, other: Finding) -> bool:
    same = (alone.detector, alone.category) == (other.detector, other.category)
    return same and alone.score >= other.score and alone.where == other.where


def _is_deed(one: Finding) -> bool:
    return one.category != UNCHECKED and not one.category.startswith(_WHO)
