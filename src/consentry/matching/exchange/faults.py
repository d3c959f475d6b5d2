"""What is wrong with a file, line by line: the first faults are kept, the rest are counted."""

from __future__ import annotations

from consentry.errors import ImportFileError, LineFault

__all__ = ["SHOWN", "Faults"]

SHOWN = 20
"""So many faults are kept to be shown."""


class Faults:
    """Gathers the faults of one file."""

    def __init__(self, *, keep_good: bool = False) -> None:
        """`keep_good`: go on past faults instead of refusing the file at its end."""
        self.keep_good = keep_good
        self.shown: list[LineFault] = []
        self.total = 0

    @property
    def spoilt(self) -> bool:
        """Whether nothing more is to be taken from the file."""
        return self.total > 0 and not self.keep_good

    def add(self, line: int, sentence: str) -> None:
        """Note that `line`, counted from 1, cannot be used, and why in one sentence."""
        self.total += 1
        if len(self.shown) < SHOWN:
            self.shown.append(LineFault(line, sentence))

    def check(self) -> None:
        """Refuse the file if it is spoilt.

        Raises:
            ImportFileError: with the faults that were kept and their number.
        """
        if self.spoilt:
            raise ImportFileError(self.shown, self.total)
