"""HMA's paths as its clients write them: with a doubled slash, or under a prefix."""

from __future__ import annotations

import re
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from consentry.web.hma.status import PREFIXES

__all__ = ["HmaPaths"]

_SLASHES: Final = re.compile(r"/{2,}")


class HmaPaths:
    """ASGI middleware that sets such paths right.

    HMA's framework takes `//c/banks` for `/c/banks`, and a client whose base address ends in a
    slash (Coop's own default does) relies on it.
    """

    def __init__(self, app: ASGIApp, *, base: str) -> None:
        """Serve `app`; paths of HMA answer under `base` too, unless it is empty."""
        self._app = app
        self._base = base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] == "http":
            path = scope["path"]
            if "//" in path or (self._base and path.startswith(f"{self._base}/")):
                scope["path"] = self._straight(path)
        await self._app(scope, receive, send)

    def _straight(self, path: str) -> str:
        plain = _SLASHES.sub("/", path).removeprefix(self._base)
        return plain if plain.startswith(PREFIXES) else path
