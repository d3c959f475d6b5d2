"""`Prompt`: what a person asked for, checked to be text of a bearable length."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from unicodedata import normalize

from consentry.errors import PromptError

__all__ = ["Prompt"]


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Prompt:
    """One request to a generator.

    Attributes:
        text: as it was written.
        language: what the caller said that it is (BCP 47, e.g. `en`), or None.
        has_reference: whether a picture of something or somebody comes with it.
    """

    text: str
    language: str | None = None
    has_reference: bool = False

    @classmethod
    def parse(
        cls,
        text: str,
        *,
        max_characters: int,
        language: str | None = None,
        has_reference: bool = False,
    ) -> Prompt:
        """Check `text` and wrap it.

        Raises:
            PromptError: it is empty, longer than `max_characters` as it is written or once single
                characters that stand for whole phrases are written out (NFKC, Unicode Annex 15),
                or not valid Unicode (a lone surrogate).
        """
        if not text.strip():
            raise PromptError("The prompt is empty.")
        length = max(len(text), len(normalize("NFKC", text[: max_characters + 1])))
        if length > max_characters:
            raise PromptError(f"The prompt has {length} characters; the limit is {max_characters}.")
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise PromptError("The prompt is not valid Unicode text.") from error
        return cls(text, language, has_reference)

    @property
    def sha256(self) -> str:
        """Hex digest of the UTF-8 text: what a gate says that it saw."""
        return hashlib.sha256(self.text.encode("utf-8")).hexdigest()
