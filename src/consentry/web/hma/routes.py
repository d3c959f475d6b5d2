"""HMA's routes, put together: who may call each, what answers it, and how errors are told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from consentry.errors import ConsentryError
from consentry.web.api.routes import ANYONE, DOCS, ROUTES
from consentry.web.api.service import service_of
from consentry.web.hma import banks, contents, exchanges, hashes, lookups, status
from consentry.web.hma.access import check
from consentry.web.hma.answers import Refusal, message, of_error, unfit
from consentry.web.hma.asking import Unfit
from consentry.web.logs import log_failure

__all__ = ["ENDPOINTS", "hma_routes"]

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]

_BANK: Final = "/c/bank/{bank_name}"
_CONTENT: Final = f"{_BANK}/content/{{content_id:int}}"
_EXCHANGE: Final = "/c/exchange/{exchange_name}"
_API: Final = "/c/exchanges/api/{api_name}"

ENDPOINTS: Final[Mapping[tuple[str, str], Endpoint]] = MappingProxyType(
    {
        ("GET", "/m/raw_lookup"): lookups.raw_lookup,
        ("GET", "/m/lookup"): lookups.lookup,
        ("POST", "/m/lookup"): lookups.lookup_form,
        ("POST", "/m/compare"): lookups.compare,
        ("GET", "/m/index/status"): status.index_status,
        ("GET", "/h/hash"): hashes.hash_url,
        ("POST", "/h/hash"): hashes.hash_form,
        ("GET", "/c/banks"): banks.list_banks,
        ("POST", "/c/banks"): banks.create_bank,
        ("GET", _BANK): banks.show_bank,
        ("PUT", _BANK): banks.update_bank,
        ("DELETE", _BANK): banks.delete_bank,
        ("POST", f"{_BANK}/content"): contents.add_content,
        ("POST", f"{_BANK}/signal"): contents.add_signals,
        ("GET", _CONTENT): contents.show_content,
        ("PUT", _CONTENT): contents.update_content,
        ("DELETE", _CONTENT): contents.delete_content,
        ("GET", "/c/exchanges/apis"): exchanges.list_apis,
        ("GET", _API): exchanges.show_api,
        ("POST", _API): exchanges.set_credentials,
        ("GET", f"{_API}/schema"): exchanges.show_schema,
        ("GET", "/c/exchanges"): exchanges.list_exchanges,
        ("POST", "/c/exchanges"): exchanges.create_exchange,
        ("GET", _EXCHANGE): exchanges.show_exchange,
        ("GET", f"{_EXCHANGE}/status"): exchanges.exchange_status,
        ("PUT", _EXCHANGE): exchanges.update_exchange,
        ("DELETE", _EXCHANGE): exchanges.delete_exchange,
        ("GET", "/c/signal_type"): status.signal_types,
        ("PUT", "/c/signal_type/{signal_type_name}"): status.set_signal_type,
        ("GET", "/c/signal_type/index"): status.signal_type_index,
        ("GET", "/c/content_type"): status.content_types,
        ("GET", "/status"): status.status,
        ("GET", "/status/live"): status.live,
        ("GET", "/site-map"): status.site_map,
        ("GET", "/openapi/openapi.json"): status.openapi,
    }
)
"""What answers each route; who may call it stands in `consentry.web.api.routes`."""


def hma_routes() -> list[Route]:
    """The routes, without the HEAD that Starlette would add."""
    return [_route(method, path, one) for (method, path), one in ENDPOINTS.items()]


def _route(method: str, path: str, endpoint: Endpoint) -> Route:
    guarded = _guarded(endpoint, ROUTES[method, path])

    async def answer(request: Request) -> Response:
        request.scope["route"] = route  # for the log
        return await guarded(request)

    route = Route(path, answer, methods=[method])
    route.methods = {method}
    return route


def _guarded(endpoint: Endpoint, scope: str) -> Endpoint:
    """`endpoint`, for who may call it, with every error in HMA's form."""

    async def answer(request: Request) -> Response:
        try:
            await _admit(request, scope)
            return await endpoint(request)
        except Refusal as refusal:
            return message(refusal.status, refusal.text)
        except Unfit as fault:
            return unfit(*fault.faults)
        except ConsentryError as error:
            return of_error(error)
        except HTTPException as error:
            return message(error.status_code, error.detail)
        except ClientDisconnect:
            raise
        except Exception as error:  # noqa: BLE001  the last net: an answer, never a trace
            log_failure(error)
            return message(500, "Something went wrong here", code="internal")

    return answer


async def _admit(request: Request, scope: str) -> None:
    if scope == DOCS and not service_of(request).settings.server.public_docs:
        await check(request, "read")
    elif scope not in {ANYONE, DOCS}:
        await check(request, scope)
