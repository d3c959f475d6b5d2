"""Background threads that repeat some work until they are told to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

__all__ = ["Follower"]

_PAUSE_S = 1.0


class Follower:
    """One thread for each job. A job that fails is tried again; lookups do not depend on it."""

    def __init__(self, jobs: Sequence[Callable[[], object]], every_s: float) -> None:
        """Start nothing yet."""
        self._jobs = jobs
        self._every_s = every_s
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start, unless it is running."""
        with self._lock:
            if self._threads:
                return
            self._stop.clear()
            self._threads = [
                threading.Thread(target=self._repeat, args=(job,), daemon=True)
                for job in self._jobs
            ]
            for thread in self._threads:
                thread.start()

    def stop(self) -> None:
        """Stop, and wait for what is under way."""
        with self._lock:
            self._stop.set()
            for thread in self._threads:
                thread.join()
            self._threads = []

    def _repeat(self, job: Callable[[], object]) -> None:
        while not self._stop.wait(self._every_s):
            try:
                job()
            except Exception as error:  # noqa: BLE001  a thread that ended would follow nothing
                _tell(error)
                self._stop.wait(_PAUSE_S)


def _tell(error: Exception) -> None:
    import structlog  # as in the Runner: only when there is something to say

    structlog.get_logger(__name__).warning("index_upkeep_failed", reason=str(error))
