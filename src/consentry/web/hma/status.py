"""Whether matching can be relied on now, what kinds there are, and which routes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from consentry import __version__
from consentry.web.api.problems import RETRY_SECONDS
from consentry.web.api.routes import ROUTES
from consentry.web.hma.answers import Refusal, json_answer, text_answer
from consentry.web.hma.asking import json_object, number
from consentry.web.hma.desk import Desk, desk_of
from consentry.web.hma.hashing import CONTENT_TYPES

__all__ = [
    "PREFIXES",
    "content_types",
    "index_status",
    "live",
    "openapi",
    "set_signal_type",
    "signal_type_index",
    "signal_types",
    "site_map",
    "status",
]

PREFIXES: Final = ("/h/", "/m/", "/c/", "/status", "/site-map", "/openapi/")
"""How HMA's paths begin."""

_ALIVE: Final = "I-AM-ALIVE"
_QUERY: Final[Mapping[str, tuple[str, ...]]] = {
    "GET /m/raw_lookup": ("signal", "signal_type", "banks", "include_distance", "details"),
    "GET /m/lookup": (
        *("url", "content_type", "types", "signal", "signal_type"),
        *("banks", "seed", "bypass_coinflip", "details"),
    ),
    "POST /m/lookup": ("types", "banks", "seed", "bypass_coinflip", "details"),
    "GET /h/hash": ("url", "content_type", "types"),
    "POST /h/hash": ("types",),
    "POST /c/bank/{bank_name}/content": ("url", "content_type", "types"),
    "GET /c/bank/{bank_name}/content/{content_id}": ("include_signals", "include_metadata"),
    "GET /m/index/status": ("signal_type",),
    "GET /c/signal_type/index": ("signal_type",),
}


async def status(request: Request) -> Response:
    """Whether lookups can be relied on now: `I-AM-ALIVE`, or 503 and what is missing."""
    desk = desk_of(request)
    trouble = await desk.trouble()
    if trouble:
        return text_answer(trouble, 503, {"Retry-After": str(RETRY_SECONDS)})
    return text_answer(_ALIVE)


async def live(request: Request) -> Response:
    """Whether the process answers at all; the index does not count."""
    del request
    return text_answer(_ALIVE)


async def index_status(request: Request) -> Response:
    """For each signal type: is there an index, how much is in it, how new is it."""
    desk = desk_of(request)
    chosen = _chosen(request, desk)
    await desk.warm_up()
    present = await desk.trouble() == ""
    found = {}
    for name in chosen:
        count, newest = await desk.ask(desk.count, name)
        found[name] = {"present": present, "built_to": newest, "size": count}
    return json_answer(found)


async def signal_type_index(request: Request) -> Response:
    """The same in HMA's other form: what the database has, and what the index has of it."""
    desk = desk_of(request)
    chosen = _chosen(request, desk)
    await desk.warm_up()
    behind = await desk.trouble() != ""
    found = {}
    for name in chosen:
        count, newest = await desk.ask(desk.count, name)
        found[name] = {
            "db_size": count,
            "index_size": count,
            "index_out_of_date": behind,
            "newest_db_item": newest,
            "index_built_to": newest,
        }
    return json_answer(found)


def _chosen(request: Request, desk: Desk) -> tuple[str, ...]:
    name = request.query_params.get("signal_type")
    if name is None:
        return desk.settings.signal_types
    if name not in desk.settings.signal_types:
        raise Refusal(400, f"No such signal type '{name}'")
    return (name,)


async def signal_types(request: Request) -> Response:
    """The signal types that are known here."""
    types = desk_of(request).settings.signal_types
    return json_answer([{"name": name, "enabled_ratio": 1.0} for name in types])


async def set_signal_type(request: Request) -> Response:
    """Refuse to switch a type off from here: which types there are is a setting."""
    desk = desk_of(request)
    body = await json_object(request)
    name = request.path_params["signal_type_name"]
    if name not in desk.settings.signal_types:
        raise Refusal(404, f"No such signal type '{name}'")
    if body.get("enabled_ratio") is None:
        raise Refusal(400, "enabled_ratio is required")
    if number("enabled_ratio", body["enabled_ratio"]) != 1.0:
        raise Refusal(501, "Signal types are switched by the setting hma.signal_types.")
    return Response(status_code=204)


async def content_types(request: Request) -> Response:
    """The content types that are known here."""
    del request
    return json_answer([{"name": name, "enabled": True} for name in CONTENT_TYPES])


async def site_map(request: Request) -> Response:
    """Every path of this contract, as HMA's framework spells them."""
    del request
    return json_answer(sorted({_as_flask(path) for _, path in _routes()}))


async def openapi(request: Request) -> Response:
    """This contract as OpenAPI, under the title that HMA gives it."""
    del request
    paths: dict[str, dict[str, Any]] = {}
    for method, path in _routes():
        plain = re.sub(r":\w+}", "}", path)
        paths.setdefault(plain, {})[method.lower()] = _operation(method, plain)
    info = {"title": "Open Media Match API", "version": __version__}
    return json_answer({"openapi": "3.1.0", "info": info, "paths": paths})


def _operation(method: str, path: str) -> dict[str, Any]:
    inside = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", path)
    ]
    query = [
        {"name": name, "in": "query", "required": False, "schema": {"type": "string"}}
        for name in _QUERY.get(f"{method} {path}", ())
    ]
    return {"parameters": inside + query, "responses": {"default": {"description": "JSON"}}}


def _routes() -> list[tuple[str, str]]:
    return [route for route in ROUTES if route[1].startswith(PREFIXES)]


def _as_flask(path: str) -> str:
    typed = re.sub(r"{(\w+):int}", r"<int:\1>", path)
    typed = re.sub(r"{((?:exchange|api)_name)}", r"<string:\1>", typed)
    return typed.replace("{", "<").replace("}", ">")
