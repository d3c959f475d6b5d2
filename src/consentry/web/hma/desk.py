"""What all of HMA's routes share: the guard, the banks and the matcher, the fetcher, the limits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cached_property, partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, ParamSpec, TypeAlias, TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request

from consentry.config import HmaSettings
from consentry.errors import ConsentryError, SignalError
from consentry.storage.spool import EncryptedSpool
from consentry.web.api.service import Places, Service
from consentry.web.fetch import Fetcher
from consentry.web.hma.answers import Refusal

if TYPE_CHECKING:  # they stand on all models and detectors, and on the database
    from consentry.guard import Guard
    from consentry.matching.banks import Banks
    from consentry.matching.matcher import Matcher, Matches
    from consentry.matching.signals.digests import Md5, Sha256
    from consentry.matching.signals.pdq import Pdq
    from consentry.matching.signals.video import VideoPdq
    from consentry.media import Picture
    from consentry.storage.exchanges import ExchangeStore

    Known: TypeAlias = Pdq | VideoPdq | Md5 | Sha256

__all__ = ["Desk", "desk_of"]

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


_STALE_SECONDS: Final = 65  # as HMA's own default


class Desk:
    """The state of HMA's routes in one running server; all of it belongs to one event loop."""

    def __init__(self, service: Service) -> None:
        """Serve within the limits of `service`."""
        self.service = service
        self.settings: HmaSettings = service.settings.hma
        self.fetcher = Fetcher(self.settings)
        self.fetches = Places(self.settings.fetch_concurrent, "fetches")
        self.newest = 0  # the last hash that was banked through this desk: lookups have it
        self._threads = CapacityLimiter(8)
        self._warming: asyncio.Task[None] | None = None

    @property
    def guard(self) -> Guard:
        """The guard that is served."""
        return self.service.guard

    @property
    def banks(self) -> Banks:
        """The banks of the installation."""
        return self.guard.banks

    @property
    def exchanges(self) -> ExchangeStore:
        """The exchanges that were set up."""
        return self.guard.storage.exchanges

    @property
    def matcher(self) -> Matcher:
        """What finds known hashes."""
        return self.guard.matcher

    @cached_property
    def types(self) -> Mapping[str, Known]:
        """The signal types that the operator chose, by name."""
        from consentry.matching.signals.digests import Md5, Sha256, VideoMd5
        from consentry.matching.signals.pdq import Pdq
        from consentry.matching.signals.video import VideoPdq

        types: tuple[Known, ...] = (Pdq(), VideoMd5(), VideoPdq(), Md5(), Sha256())
        known = {one.name: one for one in types}
        return MappingProxyType({name: known[name] for name in self.settings.signal_types})

    def parse(self, kind: str, value: object, *, unknown: str) -> str:
        """A hash in the one spelling that is stored.

        Raises:
            Refusal: the type is not known here (said as `unknown`, its name in place of `{}`), or
                the hash is malformed.
        """
        type_ = self.types.get(kind)
        if type_ is None:
            raise Refusal(400, unknown.format(kind))
        try:
            return type_.parse(value if isinstance(value, str) else "")
        except SignalError as error:
            raise Refusal(400, f"invalid signal: {error.message}") from error

    async def match(self, kind: str, value: str, *, raw: bool = False) -> Matches:
        """What a parsed hash matches, whatever ratio its bank is switched on for.

        With `raw`, what is switched off is told too.

        Raises:
            IndexBehindError: the index has not seen every change.
            MatchIndexError: it cannot answer.
        """
        from consentry.matching.signals.contract import Signal

        return await self.ask(
            self.matcher.match_signals,
            (Signal(kind, value),),
            bypass_ratio=True,
            raw=raw,
            at_least=self.newest,
        )

    async def match_picture(self, picture: Picture) -> Matches:
        """What a picture matches, turned and mirrored too.

        Raises:
            IndexBehindError, MatchIndexError: as `match`.
        """
        from consentry.matching.signals.variants import lookup_set

        def work() -> Matches:
            probes = lookup_set(picture.pixels)
            return self.matcher.match(
                probes, together=True, bypass_ratio=True, at_least=self.newest
            )

        return await self.hash(work)

    def count(self, kind: str) -> tuple[int, int]:
        """How many hashes of a type are banked, and when the newest came; -1 when there is none.

        Raises:
            StorageError: the database cannot be read.
        """
        from consentry.storage.bank_signals import SignalRows

        with self.guard.storage.reading() as connection:
            found = SignalRows.tally(connection, kind)
        count, newest = tuple(found)
        return count, -1 if newest is None else int(datetime.fromisoformat(newest).timestamp())

    async def trouble(self) -> str:
        """Why lookups cannot be relied on now, in HMA's word; empty when they can.

        An index that was not needed yet is opened in the background: nobody sends lookups to a
        server that says that it is not ready.
        """
        if not await self.ask(lambda: self.matcher.ready):
            if self._warming is None or self._warming.done():
                self._warming = asyncio.create_task(self.warm_up())
            return "INDEX-NOT-LOADED"
        return await self.ask(self._stale)

    async def warm_up(self) -> None:
        """Open the index; what goes wrong is said by whoever needs it."""
        with suppress(ConsentryError):
            await self.ask(self.matcher.warm_up)

    def _stale(self) -> str:
        return "INDEX-STALE" if self.matcher.state().lag_s > _STALE_SECONDS else ""

    @contextmanager
    def spool(self) -> Iterator[EncryptedSpool]:
        """A place for one file while it arrives.

        Raises:
            BusyError: too many arrive already.
        """
        server = self.service.settings.server
        folder = self.service.settings.home / "spool"
        with (
            self.service.uploads.place(),
            EncryptedSpool(folder, server.max_memory_body_bytes) as spool,
        ):
            yield spool

    async def hash(
        self,
        work: Callable[Parameters, Result],
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Result:
        """Do what decodes or hashes, on a thread, as one of the screenings under way.

        Raises:
            BusyError: too many are under way.
        """
        with self.service.screenings.place():
            return await to_thread.run_sync(
                partial(work, *args, **kwargs), limiter=self.service.screening_threads
            )

    async def ask(
        self,
        work: Callable[Parameters, Result],
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Result:
        """Do what waits for the database, on a thread."""
        return await to_thread.run_sync(partial(work, *args, **kwargs), limiter=self._threads)


def desk_of(request: Request) -> Desk:
    """The desk that answers `request`."""
    desk = request.app.state.hma
    if not isinstance(desk, Desk):
        raise TypeError("the application was not made by create_app")
    return desk
