"""Loading what is heavy in the background, so that no start waits for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event, Thread

from consentry.errors import ConsentryError

__all__ = ["Warmer"]


class Warmer:
    """Loads parts in the background, one after another, until it is told to stop.

    It is waited for at the end: a model that is being loaded while Python ends would crash it.
    """

    def __init__(self, parts: Sequence[Callable[[], None]]) -> None:
        """Begin at once."""
        self._parts = parts
        self._stop = Event()
        self._thread = Thread(target=self._run, name="warming")
        self._thread.start()

    def close(self) -> None:
        """Stop after the part that is being loaded."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        for part in self._parts:
            if self._stop.is_set():
                return
            try:
                part()
            except ConsentryError:
                continue  # whoever needs it meets the same error, and says so
