"""Who may call HMA's routes: a key where HMA's clients can put one, or nobody's where that is set.

HMA itself asks for nothing. Its clients can be given an `Authorization: Bearer` header, a header of
their own, or an address with a password in it (`https://hma:KEY@host`), which becomes Basic.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

from starlette.requests import Request

from consentry.config import HmaSettings
from consentry.errors import ScopeError
from consentry.web.api.auth import admit
from consentry.web.api.service import service_of
from consentry.web.origin import foreign_host, foreign_site

__all__ = ["check"]

KEY_HEADER: Final = "x-api-key"


async def check(request: Request, scope: str) -> None:
    """Let `request` pass, or say why not.

    Raises:
        AuthenticationError: a key is needed and none that is good came.
        ScopeError: the key has not `scope`; or no key is needed, and a page of another site asks.
    """
    settings = service_of(request).settings.hma
    token = _token(request)
    if token is not None or settings.require_key:
        await admit(request, token, scope)
    else:
        _refuse_pages(request, settings)


def _token(request: Request) -> str | None:
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    if kind.lower() == "basic":
        return _password(value)
    return request.headers.get(KEY_HEADER)


def _password(value: str) -> str:
    try:
        plain = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""  # no key: refused as one that is malformed
    return plain.partition(":")[2]


def _refuse_pages(request: Request, settings: HmaSettings) -> None:
    """Without keys, a page of a foreign site in the operator's browser must not reach the banks."""
    if foreign_site(request) or (not settings.without_key_on_any_address and foreign_host(request)):
        raise ScopeError("Without a key this answers programs only, and no pages of other sites.")
