"""Two small memories that cannot grow without end: of what was verified, and of wrong tries."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from consentry.errors import ThrottledError

__all__ = ["Bounded", "Throttle"]

Value = TypeVar("Value")


class Bounded(Generic[Value]):
    """A mapping of at most `entries` names; the one used longest ago gives way."""

    def __init__(self, entries: int) -> None:
        """Hold at most `entries`."""
        self._entries = entries
        self._values: OrderedDict[str, Value] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: str) -> Value | None:
        """The value of `name`, or None."""
        with self._lock:
            if name in self._values:
                self._values.move_to_end(name)
            return self._values.get(name)

    def put(self, name: str, value: Value) -> None:
        """Set the value of `name`."""
        with self._lock:
            self._values[name] = value
            self._values.move_to_end(name)
            if len(self._values) > self._entries:
                self._values.popitem(last=False)


class Throttle:
    """A token bucket per name: some wrong tries at once, then one every so many seconds."""

    def __init__(
        self,
        *,
        tries: int,
        seconds_per_try: float,
        entries: int = 4096,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Allow `tries` failures at once, and one more every `seconds_per_try`."""
        self._tries = tries
        self._seconds = seconds_per_try
        self._clock = clock
        self._debts: Bounded[float] = Bounded(entries)

    def check(self, name: str) -> None:
        """Say whether another try is allowed.

        Raises:
            ThrottledError: the bucket of `name` is empty.
        """
        if self._debt(name) + self._seconds > self._tries * self._seconds:
            raise ThrottledError("Too many wrong keys were tried.")

    def fail(self, name: str) -> None:
        """Count one failure."""
        self._debts.put(name, self._clock() + self._debt(name) + self._seconds)

    def _debt(self, name: str) -> float:
        """Seconds until the bucket is full again."""
        return max(0.0, (self._debts.get(name) or 0.0) - self._clock())
