"""uvicorn, with our choices: no name in the answers, no access log of its own, a peaceful stop."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from threading import Thread
from typing import Any, Final

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from consentry.loading import loading
from consentry.web import logs

__all__ = ["ReadyServer", "serve", "serve_workers", "worker_app"]

_GRACE_SECONDS: Final = 20
_CHOICES: Final[dict[str, Any]] = {
    "access_log": False,  # its lines hold paths; ours hold routes
    "log_config": None,
    "log_level": "warning",
    "server_header": False,
    "proxy_headers": False,  # we do not use addresses, so nobody needs to be believed about them
    "ws": "none",
    "timeout_graceful_shutdown": _GRACE_SECONDS,
}


class ReadyServer(uvicorn.Server):
    """A server that says when it answers."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        """Call `on_ready` once, when requests are answered."""
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so; what only the first log line needs is loaded afterwards."""
        await super().startup(sockets)
        self._on_ready()
        Thread(target=logs.preload, daemon=True).start()


def serve(app: FastAPI, listener: socket.socket, on_ready: Callable[[], None]) -> None:
    """Serve `app` on `listener` until a signal to stop."""
    ReadyServer(uvicorn.Config(app, **_CHOICES), on_ready).run(sockets=[listener])


def serve_workers(listener: socket.socket, workers: int) -> None:
    """Serve on `listener` with `workers` processes until a signal to stop."""
    config = uvicorn.Config(
        "consentry.web.server:worker_app", factory=True, workers=workers, **_CHOICES
    )
    Multiprocess(config, sockets=[listener]).run()


def worker_app() -> FastAPI:
    """The application of one worker, with a guard of its own that it closes itself."""
    from consentry.guard import Guard
    from consentry.web.app import create_app

    with loading():
        guard = Guard.open(warm=("picture", "prompt"))
        guard.warm_up()
        guard.follow()
        app = create_app(guard)
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with inner(app):
            yield
        guard.close()

    app.router.lifespan_context = lifespan
    return app
