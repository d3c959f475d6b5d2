"""What HMA's clients send: query parameters and JSON, read as leniently as HMA's framework does."""

from __future__ import annotations

import json
import math
from typing import Any, Final

from starlette.requests import Request

from consentry.errors import MediaSizeError
from consentry.web.hma.answers import Refusal

__all__ = [
    "Unfit",
    "flag",
    "is_json",
    "json_object",
    "json_value",
    "names",
    "number",
    "required",
    "truth",
]

_TRUE: Final = frozenset({"1", "true", "t", "yes", "y", "on"})
_FALSE: Final = frozenset({"0", "false", "f", "no", "n", "off"})
_MAX_JSON_BYTES: Final = 8 * 1024 * 1024


class Unfit(Exception):  # noqa: N818  it is an answer, not a fault
    """A parameter is missing or of a wrong type: 422 with a list of these."""

    def __init__(self, *faults: tuple[str, str]) -> None:
        """Name each parameter and the kind of fault."""
        super().__init__("a parameter cannot be used")
        self.faults = faults


def required(request: Request, *wanted: str) -> list[str]:
    """The values of query parameters that must be there.

    Raises:
        Unfit: some are not.
    """
    query = request.query_params
    missing = [(name, "missing") for name in wanted if name not in query]
    if missing:
        raise Unfit(*missing)
    return [query[name] for name in wanted]


def flag(request: Request, name: str, *, default: bool = False) -> bool:
    """A query parameter that is yes or no.

    Raises:
        Unfit: it is neither.
    """
    value = request.query_params.get(name)
    return default if value is None else truth(name, value)


def truth(name: str, value: object) -> bool:
    """`value` as yes or no: `true`, `1`, `on` and their like.

    Raises:
        Unfit: it is neither.
    """
    said = str(value).lower()
    if said in _TRUE:
        return True
    if said in _FALSE:
        return False
    raise Unfit((name, "bool_parsing"))


def number(name: str, value: object) -> float:
    """`value`, a number or its spelling, as a finite number.

    Raises:
        Unfit: it is none.
    """
    try:
        found = float(value) if isinstance(value, int | float | str) else math.nan
    except (ValueError, OverflowError):
        found = math.nan
    if not math.isfinite(found):
        raise Unfit((name, "float_parsing"))
    return found


def names(request: Request, name: str) -> frozenset[str] | None:
    """A query parameter that lists names, between commas; None when it is left out or empty."""
    value = request.query_params.get(name)
    return frozenset(value.split(",")) if value else None


def is_json(request: Request) -> bool:
    """Whether the body says that it is JSON."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )


async def json_value(request: Request) -> Any:  # noqa: ANN401  JSON
    """The body.

    Raises:
        Refusal: 415 when it does not say that it is JSON, 400 when it is none.
        MediaSizeError: it is longer than any of these requests need to be.
    """
    if not is_json(request):
        raise Refusal(415, "The request's Content-Type is not application/json.")
    parts, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > _MAX_JSON_BYTES:
            raise MediaSizeError("The JSON is too long.", hint="Send less at once.")
        parts.append(piece)
    try:
        return json.loads(b"".join(parts), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, "The body is not valid JSON.") from error


async def json_object(request: Request) -> dict[str, Any]:
    """The body, an object.

    Raises:
        Refusal: as `json_value`; 400 when it is something else.
        MediaSizeError: as `json_value`.
    """
    value = await json_value(request)
    if not isinstance(value, dict):
        raise Refusal(400, "Request input was not a dict")
    return value


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
