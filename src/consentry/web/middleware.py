"""What surrounds every request: its id, safe headers, one log line, and a net for what escapes."""

from __future__ import annotations

import re
import secrets
import time
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from consentry.web.api.problems import problem_of
from consentry.web.logs import log

__all__ = ["RequestContext", "SafetyNet"]

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_DEFAULT_HEADERS: Final = {  # a page may name its own
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


class RequestContext:
    """Outermost ASGI middleware: request id, safe headers on every answer, one line in the log."""

    def __init__(self, app: ASGIApp) -> None:
        """Surround `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["consentry.request"] = _request_id(scope)
        started, status = time.perf_counter(), 0

        async def send_safely(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(message, scope["consentry.request"])
            await send(message)

        try:
            await self._app(scope, receive, send_safely)
        finally:
            _log(scope, status, time.perf_counter() - started)


class SafetyNet:
    """ASGI middleware that answers what no handler caught with a problem, never a trace."""

    def __init__(self, app: ASGIApp) -> None:
        """Surround `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception as error:
            if started:
                raise
            await problem_of(Request(scope), error)(scope, receive, send)


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(16)


def _add_headers(message: Message, request_id: str) -> None:
    headers = MutableHeaders(scope=message)
    headers["X-Request-ID"] = request_id
    for name, value in _HEADERS.items():
        headers[name] = value
    for name, value in _DEFAULT_HEADERS.items():
        headers.setdefault(name, value)


def _log(scope: Scope, status: int, seconds: float) -> None:
    """The route's pattern is logged, not the path: a path may hold what somebody typed."""
    route = scope.get("route")
    log(
        "info",
        "request",
        request=scope["consentry.request"],
        method=scope["method"],
        route=getattr(route, "path", None),
        status=status,
        ms=round(seconds * 1000, 1),
        key=scope.get("consentry.key"),
    )
