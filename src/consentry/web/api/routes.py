"""Every route of the API and the scope that it asks for, in one table.

A route that is not in the table cannot be made: `needs` raises when its module is imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from fastapi import Depends

from consentry.web.api.auth import require, require_unless_public

__all__ = ["ANYONE", "DOCS", "ROUTES", "needs"]

ANYONE: Final = "anyone"
"""No key is asked for."""

DOCS: Final = "docs"
"""The scope `read`, or nobody's when `server.public_docs` is on."""

ROUTES: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {
        ("POST", "/v1/screenings"): "screen",
        ("GET", "/v1/screenings/{screening_id}"): "read",
        ("POST", "/v1/lookups"): "match",
        ("GET", "/health/live"): ANYONE,
        ("GET", "/health/ready"): ANYONE,  # its details only with the scope read
        ("GET", "/metrics"): "metrics",
        ("GET", "/openapi.json"): DOCS,
    }
)


def needs(method: str, path: str) -> list[Any]:
    """The dependencies of a route, from the table.

    Raises:
        KeyError: the route is not in the table.
    """
    scope = ROUTES[method, path]
    if scope == ANYONE:
        return []
    return [Depends(require_unless_public("read") if scope == DOCS else require(scope))]
