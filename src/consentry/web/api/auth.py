"""Who is asking: API keys sent as bearer tokens, and the scopes that they carry."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from anyio import to_thread
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from consentry.errors import AuthenticationError, ScopeError
from consentry.storage.key_records import KeyRecord
from consentry.web.api.service import Service, service_of

__all__ = ["admit", "may", "require", "require_unless_public"]

_BEARER: Final = HTTPBearer(
    auto_error=False,
    scheme_name="apiKey",
    bearerFormat="cst_<id>_<secret>",
    description="A key made with `consentry key create NAME --scope …`.",
)
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
Check = Callable[..., Awaitable[None]]


def require(scope: str) -> Check:
    """A dependency that lets only keys with `scope` pass."""

    async def check(request: Request, credentials: Credentials) -> None:
        _demand(await _authenticate(request, credentials), scope)

    return check


def require_unless_public(scope: str) -> Check:
    """A dependency as `require` gives it, for pages that `server.public_docs` may open to all."""

    async def check(request: Request) -> None:
        if not service_of(request).settings.server.public_docs:
            _demand(await _authenticate(request, await _BEARER(request)), scope)

    return check


async def may(request: Request, scope: str) -> bool:
    """Whether the key that came with `request` has `scope`; False when none came.

    Raises:
        AuthenticationError: a key came, and it is not good.
    """
    if "authorization" not in request.headers:
        return False
    return scope in (await _authenticate(request, await _BEARER(request))).scopes


async def admit(request: Request, token: str | None, scope: str) -> None:
    """Let `request` pass if `token` is a good key with `scope`.

    Raises:
        AuthenticationError: no key came, or it is not good.
        ScopeError: it has not the scope.
    """
    _demand(await _identify(request, token), scope)


async def _authenticate(
    request: Request, credentials: HTTPAuthorizationCredentials | None
) -> KeyRecord:
    return await _identify(request, None if credentials is None else credentials.credentials)


async def _identify(request: Request, token: str | None) -> KeyRecord:
    if token is None:
        raise AuthenticationError("This needs a key.")
    key = await _verify(service_of(request), token)
    request.scope["consentry.key"] = key.id  # for the log
    return key


async def _verify(service: Service, token: str) -> KeyRecord:
    """Known keys pass by a quick road of their own, so that a flood of wrong ones cannot bar it."""
    keys = service.guard.storage.keys
    recalled = keys.recall(token)
    if recalled is not None:
        return recalled
    known = await to_thread.run_sync(keys.recognise, token, limiter=service.reading_threads)
    if known is not None:
        return known
    service.check_hashing()
    return await to_thread.run_sync(keys.verify, token, limiter=service.hashing_threads)


def _demand(key: KeyRecord, scope: str) -> None:
    if scope not in key.scopes:
        raise ScopeError(f"This key has not the scope {scope}.")
