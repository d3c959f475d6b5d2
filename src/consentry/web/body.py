"""Limits on request bodies, in the ASGI stream itself: bytes, time, and what is left unread.

The length that a client declares is checked before a byte is read; what it sends is counted while
it arrives. When an answer is given before the body was read, the connection is closed, after a
short while of reading on: closing at once would tear the answer out of the client's hands.
"""

from __future__ import annotations

import time
from typing import Final

import anyio
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from consentry.errors import MediaSizeError

__all__ = ["BodyLimit"]

_LINGER_SECONDS: Final = 2.0
_LINGER_BYTES: Final = 64 * 1024 * 1024  # a browser shows an answer only when it could finish


class BodyLimit:
    """ASGI middleware that limits every request body."""

    def __init__(self, app: ASGIApp, *, max_bytes: int, seconds: float) -> None:
        """Let bodies of `max_bytes` pass, if they arrive within `seconds`."""
        self._app = app
        self._max_bytes = max_bytes
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with limits around its body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(scope, receive, send, self._max_bytes, self._seconds)
        await self._app(scope, body.receive, body.send)


class _Body:
    """The two channels of one request."""

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, max_bytes: int, seconds: float
    ) -> None:
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"0")
        self._declared = int(length) if length.isdigit() else 0
        self._complete = not self._declared and b"transfer-encoding" not in headers
        self._receive = receive
        self._send = send
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._read = 0

    async def receive(self) -> Message:
        """One piece of the body.

        Raises:
            MediaSizeError: there is more than the limit.
            HTTPException: 408, it takes too long.
        """
        if self._complete:
            return await self._receive()
        self._check(self._declared)
        try:
            with anyio.fail_after(self._deadline - time.monotonic()):
                message = await self._next()
        except TimeoutError as error:
            raise HTTPException(408) from error
        self._check(self._read)
        return message

    async def send(self, message: Message) -> None:
        """Pass the answer on; close the connection after it if the body was not read."""
        if self._complete:
            await self._send(message)
        elif message["type"] == "http.response.start":
            headers = [*message.get("headers", ()), (b"connection", b"close")]
            await self._send({**message, "headers": headers})
        elif message.get("more_body"):
            await self._send(message)
        else:
            await self._send({**message, "more_body": True})
            await self._linger()
            await self._send({"type": "http.response.body", "body": b""})

    async def _next(self) -> Message:
        message = await self._receive()
        self._read += len(message.get("body", b""))
        self._complete = not message.get("more_body", False)
        return message

    async def _linger(self) -> None:
        self._read = 0
        with anyio.move_on_after(_LINGER_SECONDS):
            while not self._complete and self._read < _LINGER_BYTES:
                await self._next()

    def _check(self, size: int) -> None:
        if size > self._max_bytes:
            raise MediaSizeError(
                f"The body has more than {self._max_bytes} bytes.",
                hint="Send a smaller file, or raise server.max_body_bytes.",
            )
