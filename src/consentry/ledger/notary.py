"""Checkpoints by themselves: a thread that signs what was appended, at most once a second."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from consentry.errors import ConsentryError

__all__ = ["SECONDS", "Notary"]

SECONDS: Final = 1.0
"""An entry is under a signed checkpoint after this long, unless the database is late."""


class Notary:
    """Calls `sign` soon after there is something new; its thread starts with the first entry."""

    def __init__(self, sign: Callable[[], object]) -> None:
        """Have `sign` make a checkpoint."""
        self._sign = sign
        self._changed = threading.Condition()
        self._new = False
        self._ended = False
        self._thread: threading.Thread | None = None
        self.failure: ConsentryError | None = None

    def wake(self) -> None:
        """Say that there is something new: microseconds."""
        if self._new:
            return
        with self._changed:
            self._new = True
            if self._thread is None and not self._ended:
                self._thread = threading.Thread(target=self._run, name="notary", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """End the thread, and sign what is not signed yet."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
        if self._new:
            self._work()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._new or self._ended)
                self._changed.wait_for(lambda: self._ended, SECONDS)
                if self._ended:
                    return
            self._work()

    def _work(self) -> None:
        self._new = False  # first: what comes now may be too late for this one
        try:
            self._sign()
        except ConsentryError as error:  # `Log.check` says so to whoever asks for health
            self.failure = error
            self._new = True
        else:
            self.failure = None
