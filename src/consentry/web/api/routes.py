"""Every route of the API and the scope that it asks for, in one table.

A route that is not in the table cannot be made: `needs` raises when its module is imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from fastapi import Depends

from consentry.web.api.auth import require, require_unless_public

__all__ = ["ANYONE", "DOCS", "HOLDER", "ROUTES", "needs"]

ANYONE: Final = "anyone"
"""No key is asked for."""

DOCS: Final = "docs"
"""The scope `read`, or nobody's when `server.public_docs` is on."""

HOLDER: Final = "holder"
"""Whoever has the personal link that the path ends with."""

ROUTES: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {
        ("POST", "/v1/screenings"): "screen",
        ("GET", "/v1/screenings/{screening_id}"): "read",
        ("POST", "/v1/lookups"): "match",
        ("POST", "/v1/persons"): "persons",
        ("GET", "/v1/persons/{person_id}"): "persons",
        ("DELETE", "/v1/persons/{person_id}"): "persons",
        ("POST", "/v1/persons/{person_id}/verifications"): "persons",
        ("POST", "/v1/persons/{person_id}/disputes"): "persons",
        ("POST", "/v1/invitations"): "persons",
        ("GET", "/enrol/{secret}"): HOLDER,
        ("POST", "/enrol/{secret}"): HOLDER,
        ("GET", "/my/{secret}"): HOLDER,
        ("POST", "/my/{secret}"): HOLDER,
        ("GET", "/my/{secret}/record.json"): HOLDER,
        ("GET", "/static/{name:path}"): ANYONE,  # style and typeface: nothing in them is private
        ("POST", "/v1/consents"): "persons",
        ("GET", "/v1/consents/{consent_id}"): "persons",
        ("DELETE", "/v1/consents/{consent_id}"): "persons",
        ("POST", "/v1/consents/{consent_id}/tokens"): "persons",
        ("GET", "/health/live"): ANYONE,
        ("GET", "/health/ready"): ANYONE,  # its details only with the scope read
        ("GET", "/metrics"): "metrics",
        ("GET", "/log/checkpoint"): ANYONE,  # commitments and hashes only: it is there to be read
        ("GET", "/log/tile/{tile:path}"): ANYONE,
        ("GET", "/openapi.json"): DOCS,
        ("GET", "/m/raw_lookup"): "match",
        ("GET", "/m/lookup"): "match",
        ("POST", "/m/lookup"): "match",
        ("POST", "/m/compare"): "match",
        ("GET", "/m/index/status"): "match",
        ("GET", "/h/hash"): "match",
        ("POST", "/h/hash"): "match",
        ("GET", "/c/banks"): "banks",
        ("POST", "/c/banks"): "banks",
        ("GET", "/c/bank/{bank_name}"): "banks",
        ("PUT", "/c/bank/{bank_name}"): "banks",
        ("DELETE", "/c/bank/{bank_name}"): "banks",
        ("POST", "/c/bank/{bank_name}/content"): "banks",
        ("POST", "/c/bank/{bank_name}/signal"): "banks",
        ("GET", "/c/bank/{bank_name}/content/{content_id:int}"): "banks",
        ("PUT", "/c/bank/{bank_name}/content/{content_id:int}"): "banks",
        ("DELETE", "/c/bank/{bank_name}/content/{content_id:int}"): "banks",
        ("GET", "/c/exchanges/apis"): "banks",
        ("GET", "/c/exchanges/api/{api_name}"): "banks",
        ("POST", "/c/exchanges/api/{api_name}"): "banks",
        ("GET", "/c/exchanges/api/{api_name}/schema"): "banks",
        ("GET", "/c/exchanges"): "banks",
        ("POST", "/c/exchanges"): "banks",
        ("GET", "/c/exchange/{exchange_name}"): "banks",
        ("GET", "/c/exchange/{exchange_name}/status"): "banks",
        ("PUT", "/c/exchange/{exchange_name}"): "banks",
        ("DELETE", "/c/exchange/{exchange_name}"): "banks",
        ("GET", "/c/signal_type"): "banks",
        ("PUT", "/c/signal_type/{signal_type_name}"): "banks",
        ("GET", "/c/signal_type/index"): "banks",
        ("GET", "/c/content_type"): "banks",
        ("GET", "/status"): ANYONE,
        ("GET", "/status/live"): ANYONE,
        ("GET", "/site-map"): ANYONE,
        ("GET", "/openapi/openapi.json"): DOCS,
    }
)


def needs(method: str, path: str) -> list[Any]:
    """The dependencies of a route, from the table.

    Raises:
        KeyError: the route is not in the table.
    """
    scope = ROUTES[method, path]
    if scope in {ANYONE, HOLDER}:
        return []
    return [Depends(require_unless_public("read") if scope == DOCS else require(scope))]
