"""Names of enrolled persons in a prompt, found as an operator's own list is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from consentry.detectors._prompt_people import People
from consentry.detectors._prompt_view import view_of
from consentry.media import Prompt

__all__ = ["RegisteredNames"]


class RegisteredNames:
    """Finds out whose names stand in a prompt, in any script and through disguises."""

    def __init__(self, names: Mapping[str, Sequence[str]]) -> None:
        """Notice `names`: by id, every way of writing a name."""
        self._people = People.of_names(names)

    def find(self, prompt: Prompt) -> Iterator[tuple[str, tuple[int, int] | None]]:
        """The id of each person named, with the span in the original where there is one."""
        yield from self._people.find(view_of(prompt))
