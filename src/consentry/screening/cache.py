"""Results by what was looked at: identical bytes are computed once, even when they come together.

The cache holds futures, so a second caller of a result that is still being computed waits for it
instead of starting it again. Only findings and outlines are kept: no pixels, no words.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

__all__ = ["ResultCache"]

T = TypeVar("T")


class ResultCache(Generic[T]):
    """A bounded, thread-safe map from a key to the future of its result; oldest use goes first."""

    def __init__(self, entries: int) -> None:
        """Keep at most `entries` results; 0 keeps none beyond the time of their computation."""
        self._entries = entries
        self._futures: OrderedDict[Hashable, Future[T]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Future[T] | None:
        """The future under `key`, finished or not."""
        with self._lock:
            future = self._futures.get(key)
            if future is not None:
                self._futures.move_to_end(key)
            return future

    def get_or_start(self, key: Hashable, start: Callable[[], Future[T]]) -> tuple[Future[T], bool]:
        """The future under `key`, and whether it was there; otherwise the one `start` gives.

        A computation that fails or is cancelled is forgotten, so that the next caller tries anew.
        """
        with self._lock:
            known = self._futures.get(key)
            if known is not None:
                self._futures.move_to_end(key)
                return known, True
            future = start()
            self._futures[key] = future
            self._shrink()
        future.add_done_callback(lambda done: self._settle(key, done))
        return future, False

    def put(self, key: Hashable, result: T) -> None:
        """Keep a result that is there already."""
        done: Future[T] = Future()
        done.set_result(result)
        self.get_or_start(key, lambda: done)

    def forget(self, key: Hashable, future: Future[T]) -> None:
        """Drop `future`, if it is still the one under `key`."""
        with self._lock:
            if self._futures.get(key) is future:
                del self._futures[key]

    def _settle(self, key: Hashable, future: Future[T]) -> None:
        if future.cancelled() or future.exception() is not None or self._entries == 0:
            self.forget(key, future)

    def _shrink(self) -> None:
        """Drop the finished results that were used longest ago; running ones stay."""
        surplus = len(self._futures) - max(self._entries, 1)
        if surplus <= 0:
            return
        finished = (key for key, future in self._futures.items() if future.done())
        for key in [key for key, _ in zip(finished, range(surplus), strict=False)]:
            del self._futures[key]
