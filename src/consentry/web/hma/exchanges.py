"""`/c/exchanges` and `/c/exchange/<name>`: exchanges are set up here, and nothing is fetched.

HMA fetches from exchanges by itself. Consentry sends nothing outwards: the set-up is kept so that
HMA's clients work, the state says plainly that no fetch ever ran, and hashes come in as files. The
one exception needs no network: `sample` fills its bank with published example hashes at once.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from contextlib import suppress
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from consentry.errors import BankTakenError, BankUnknownError, NotFoundError
from consentry.storage.exchanges import Exchange
from consentry.web.hma.answers import Refusal, json_answer
from consentry.web.hma.asking import json_object, truth
from consentry.web.hma.banks import check_name
from consentry.web.hma.desk import Desk, desk_of
from consentry.web.hma.exchange_apis import APIS, SAMPLE, SAMPLES, ExchangeApi

__all__ = [
    "create_exchange",
    "delete_exchange",
    "exchange_status",
    "list_apis",
    "list_exchanges",
    "set_credentials",
    "show_api",
    "show_exchange",
    "show_schema",
    "update_exchange",
]

_CREATED: Final = 201
_OLD_NAME: Final = re.compile(r"[A-Z0-9_]+")
_NOTE: Final = (
    "Consentry fetches from no exchange. Import its hashes as a file: `consentry bank import`."
)
_NEVER_FETCHED: Final = {
    "checkpoint_ts": None,
    "running_fetch_start_ts": None,
    "last_fetch_complete_ts": None,
    "last_fetch_succeeded": None,
    "up_to_date": False,
    "fetched_items": 0,
    "note": _NOTE,
}


async def list_apis(request: Request) -> Response:
    """The kinds of exchanges that can be set up."""
    return json_answer(list(desk_of(request).settings.exchange_types))


async def show_api(request: Request) -> Response:
    """Whether a kind of exchange takes credentials, and has some; the key is spelt as in HMA."""
    return await _state_of(desk_of(request), _api(request, 400))


async def set_credentials(request: Request) -> Response:
    """Keep credentials for a kind of exchange, sealed; an empty object forgets them."""
    desk, api = desk_of(request), _api(request, 400)
    body = await json_object(request)
    given = body.get("credential_json")
    if given is not None:
        if not isinstance(given, dict):
            raise Refusal(400, "this endpoint expects a json object payload")
        kept = api.check_credentials(given) if given else None
        await desk.ask(desk.exchanges.set_credentials, api.name, kept)
    return await _state_of(desk, api)


async def show_schema(request: Request) -> Response:
    """What a kind of exchange asks for, as fields of a form."""
    return json_answer(_api(request, 404).schema())


async def list_exchanges(request: Request) -> Response:
    """The names of all exchanges."""
    desk = desk_of(request)
    return json_answer([one.name for one in await desk.ask(desk.exchanges.list)])


async def create_exchange(request: Request) -> Response:
    """Set an exchange up, together with the bank that it feeds; 201."""
    desk = desk_of(request)
    exchange = _read(await json_object(request), desk.settings.exchange_types)
    try:
        await desk.ask(desk.banks.create, exchange.name, source=f"exchange: {exchange.api}")
    except BankTakenError as error:
        raise Refusal(403, "Bank already exists") from error
    if not await desk.ask(desk.exchanges.create, exchange):
        await desk.ask(desk.exchanges.delete, exchange.name)  # its bank was deleted before
        await desk.ask(desk.exchanges.create, exchange)
    if exchange.api == SAMPLE:
        desk.newest = max(desk.newest, await desk.ask(_fill, desk, exchange.name))
    return json_answer({"message": "Created successfully", "note": _NOTE}, _CREATED)


def _fill(desk: Desk, bank: str) -> int:
    """Bank the published examples, which are here already."""
    from consentry.matching.banks import NewContent, parse_signal

    known = [one for one in SAMPLES if one[0] in desk.types]
    items = [NewContent([parse_signal(*one)]) for one in known]
    return desk.banks.add_many(bank, items).sequence


async def show_exchange(request: Request) -> Response:
    """One exchange with its set-up; never its credentials."""
    return json_answer(_plain(await _find(desk_of(request), request)))


async def exchange_status(request: Request) -> Response:
    """When it was last fetched: never, and why."""
    await _find(desk_of(request), request)
    return json_answer(_NEVER_FETCHED)


async def update_exchange(request: Request) -> Response:
    """Turn an exchange on or off."""
    desk = desk_of(request)
    body = await json_object(request)
    exchange = await _find(desk, request)
    if body.get("enabled") is not None:
        enabled = truth("enabled", body["enabled"])
        exchange = await desk.ask(desk.exchanges.enable, exchange.name, enabled=enabled)
    return json_answer(_plain(exchange))


async def delete_exchange(request: Request) -> Response:
    """Forget an exchange and its bank, as HMA does; one that is not there is no error."""
    desk = desk_of(request)
    name = request.path_params["exchange_name"]
    if await desk.ask(desk.exchanges.delete, name):
        with suppress(BankUnknownError):
            await desk.ask(desk.banks.delete, name)
    return json_answer({"message": "Exchange deleted"})


def _api(request: Request, missing: int) -> ExchangeApi:
    name = request.path_params["api_name"]
    if name not in desk_of(request).settings.exchange_types:
        raise Refusal(missing, f"no such Exchange API '{name}'")
    return APIS[name]


async def _state_of(desk: Desk, api: ExchangeApi) -> Response:
    return json_answer(
        {
            "supports_authentification": api.credentials is not None,
            "has_set_authentification": await desk.ask(desk.exchanges.has_credentials, api.name),
        }
    )


def _read(body: dict[str, Any], types: Collection[str]) -> Exchange:
    name, api_json, api_name = body.get("bank"), body.get("api_json", {}), body.get("api")
    if name is None:
        raise Refusal(400, "bank is required")
    if not isinstance(name, str) or not _OLD_NAME.fullmatch(name):
        raise Refusal(400, "Field `bank` must match /^[A-Z0-9_]+$/")
    check_name(name)
    if not isinstance(api_json, dict):
        raise Refusal(400, "Field `api_json` must be object")
    if api_name is None:
        raise Refusal(400, "Field `api_type` is required")
    if not isinstance(api_name, str) or api_name not in types:
        raise Refusal(400, f"No such exchange type '{api_name}'")
    given = {key: one for key, one in api_json.items() if key not in {"name", "api", "enabled"}}
    enabled = truth("enabled", api_json.get("enabled", True))
    return Exchange(name, api_name, enabled, APIS[api_name].check_config(given))


async def _find(desk: Desk, request: Request) -> Exchange:
    name = request.path_params["exchange_name"]
    try:
        return await desk.ask(desk.exchanges.get, name)
    except NotFoundError as error:
        raise Refusal(404, f"Exchange '{name}' not found") from error


def _plain(exchange: Exchange) -> dict[str, Any]:
    return {
        "name": exchange.name,
        "api": exchange.api,
        "enabled": exchange.enabled,
        **exchange.config,
    }
