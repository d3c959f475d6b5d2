"""Group commit: what several threads want to commit at the same moment goes into one transaction.

Whoever finds nobody at work commits for all who wait, and hands the work on to the next who came
meanwhile. Under load one flush of the disk serves many.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

__all__ = ["Group"]

T = TypeVar("T")
_MOST: Final = 512  # in one transaction: the others' writers wait that long at most


class _Place(Generic[T]):
    """One item on its way; `woken` is set when it is done, or when its thread is to commit."""

    def __init__(self, item: T) -> None:
        self.item = item
        self.woken = threading.Event()
        self.done = False
        self.error: BaseException | None = None


class Group(Generic[T]):
    """Joins items of several threads into batches."""

    def __init__(self, commit: Callable[[Sequence[T]], None]) -> None:
        """Commit batches by `commit`, one at a time; if it raises, nothing of a batch was done."""
        self._commit = commit
        self._waiting: list[_Place[T]] = []
        self._busy = False
        self._lock = threading.Lock()

    def run(self, item: T) -> None:
        """Wait until `item` is committed.

        Raises:
            BaseException: what `commit` raised when it was given the item alone.
        """
        place = _Place(item)
        with self._lock:
            self._waiting.append(place)
            mine, self._busy = not self._busy, True
        if not mine:
            place.woken.wait()
        if not place.done:
            self._work()
        if place.error is not None:
            raise place.error

    def _work(self) -> None:
        """Commit for the first who wait, of whom this thread is one; then hand on."""
        with self._lock:
            batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
        try:
            self._settle(batch)
        finally:
            with self._lock:
                heir = self._waiting[0] if self._waiting else None
                self._busy = heir is not None
            if heir is not None:
                heir.woken.set()
            for place in batch:
                place.woken.set()

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
