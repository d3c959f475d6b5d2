"""What all routes share: the guard, and the limits on work under way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from anyio import CapacityLimiter
from fastapi import Request

from consentry.errors import BusyError

if TYPE_CHECKING:  # only its name is needed here; it stands on all models and detectors
    from consentry.guard import Guard

__all__ = ["Places", "Service", "service_of"]

_UPLOADS_PER_SCREENING: Final = 4
_HASHES_AT_ONCE: Final = 2  # each takes 19 MiB and a processor for 20 ms: strangers can ask for it
_HASHES_WAITING: Final = 64


class Places:
    """So many things at once; one more is told to come back."""

    def __init__(self, count: int, what: str) -> None:
        """Have `count` places for `what`, a plural."""
        self._count = count
        self._what = what
        self.taken = 0

    def check(self) -> None:
        """Say whether there is a free place.

        Raises:
            BusyError: there is none.
        """
        if self.taken >= self._count:
            raise BusyError(f"{self._count} {self._what} are under way.")

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold one place.

        Raises:
            BusyError: there is none free.
        """
        self.check()
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


class Service:
    """The state of one running server; all of it belongs to one event loop."""

    def __init__(self, guard: Guard) -> None:
        """Serve `guard` within the limits of its settings."""
        limit = guard.settings.server.max_concurrent
        self.guard = guard
        self.settings = guard.settings
        self.uploads = Places(limit * _UPLOADS_PER_SCREENING, "uploads")
        self.screenings = Places(limit, "screenings")
        self.lookups = Places(limit * _UPLOADS_PER_SCREENING, "lookups")
        self.screening_threads = CapacityLimiter(limit)
        self.lookup_threads = CapacityLimiter(limit)
        self.reading_threads = CapacityLimiter(8)
        self.hashing_threads = CapacityLimiter(_HASHES_AT_ONCE)

    def check_hashing(self) -> None:
        """Say whether one more unknown key may wait to be verified.

        Raises:
            BusyError: too many wait already.
        """
        if self.hashing_threads.statistics().tasks_waiting >= _HASHES_WAITING:
            raise BusyError("Many new keys are being checked.")


def service_of(request: Request) -> Service:
    """The service that answers `request`."""
    service = request.app.state.service
    if not isinstance(service, Service):
        raise TypeError("the application was not made by create_app")
    return service
