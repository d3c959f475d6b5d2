"""Group commit: what several threads want to commit at the same moment goes into one transaction.

Whoever comes first commits for all who wait. Under load one flush of the disk serves many.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

__all__ = ["Group"]

T = TypeVar("T")
_MOST: Final = 512  # in one transaction: the others' writers wait that long at most


class _Place(Generic[T]):
    """One item on its way."""

    def __init__(self, item: T) -> None:
        self.item = item
        self.done = False
        self.error: BaseException | None = None


class Group(Generic[T]):
    """Joins items of several threads into batches."""

    def __init__(self, commit: Callable[[Sequence[T]], None]) -> None:
        """Commit batches by `commit`, one at a time; if it raises, nothing of a batch was done."""
        self._commit = commit
        self._waiting: deque[_Place[T]] = deque()
        self._lock = threading.Lock()

    def run(self, item: T) -> None:
        """Wait until `item` is committed.

        Raises:
            BaseException: what `commit` raised when it was given the item alone.
        """
        place = _Place(item)
        self._waiting.append(place)
        while not place.done:
            with self._lock:
                if not place.done:
                    count = min(len(self._waiting), _MOST)
                    self._settle([self._waiting.popleft() for _ in range(count)])
        if place.error is not None:
            raise place.error

    def _settle(self, batch: Sequence[_Place[T]]) -> None:
        """Commit a batch; if that fails, each alone, so that one fault harms nobody else."""
        try:
            self._commit([place.item for place in batch])
        except BaseException as error:  # noqa: BLE001  it is raised where the item came from
            if len(batch) > 1:
                for place in batch:
                    self._settle([place])
                return
            batch[0].error = error
        for place in batch:
            place.done = True
