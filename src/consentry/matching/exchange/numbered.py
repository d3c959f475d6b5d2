"""What every reader is told and gives: which contents to take, and each with its line."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeAlias

from consentry.matching.banks import NewContent
from consentry.matching.exchange.entries import FieldError, moment

__all__ = ["FOREVER", "Numbered", "Selection"]

Numbered: TypeAlias = tuple[int, NewContent]
"""The line that an entry begins on, and the entry."""

FOREVER: Final = datetime(9999, 12, 31, tzinfo=UTC)
"""Until then: never again."""


@dataclass(slots=True)
class Selection:
    """What is asked of a file.

    Attributes:
        kind: type of the hashes whose line does not name it.
        bank: take only what the file says to be of this bank.
        now: when it is read.
    """

    kind: str | None = None
    bank: str | None = None
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    _first_bank: str | None = None

    def takes_bank(self, name: str) -> bool:
        """Whether a content of the bank `name` ("" when not said) is wanted.

        Raises:
            FieldError: the file is of several banks and nobody said which.
        """
        if self.bank is not None:
            return name == self.bank
        if self._first_bank is None:
            self._first_bank = name
        if name != self._first_bank:
            raise FieldError("The file is of several banks: say which one to take (--only-bank).")
        return True

    def future(self, name: str, at: datetime | None) -> datetime | None:
        """`at`, if it lies ahead.

        Raises:
            FieldError: it has passed.
        """
        if at is not None and at <= self.now:
            raise FieldError(f"{name} has passed already.")
        return at

    def disabled(self, text: str) -> datetime | None:
        """When matching begins again; HMA writes 0 for never and 1 for no pause.

        Raises:
            FieldError: it is no moment.
        """
        if text == "0":
            return FOREVER
        until = None if text == "1" else moment("disable_until", text)
        return None if until is None or until <= self.now else until
