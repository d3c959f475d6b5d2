"""Loading what is heavy in the background, so that no start waits for it."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread

from consentry.errors import ConsentryError

__all__ = ["Warmer"]


class Warmer:
    """Loads parts in the background until it is told to stop.

    It is waited for at the end: a model that is being loaded while Python ends would crash it.
    """

    def __init__(self) -> None:
        """Load nothing yet."""
        self._stop = Event()
        self._threads: list[Thread] = []

    def load(self, *parts: Callable[[], None]) -> None:
        """Load these one after another, beside what is being loaded already."""
        if parts:
            thread = Thread(target=self._run, args=parts, name="warming")
            thread.start()
            self._threads.append(thread)

    def close(self) -> None:
        """Stop after the parts that are being loaded."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, *parts: Callable[[], None]) -> None:
        for part in parts:
            if self._stop.is_set():
                return
            try:
                part()
            except ConsentryError:
                continue  # whoever needs it meets the same error, and says so
