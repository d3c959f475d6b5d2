"""`/v1/lookups`: thousands of hashes in one call, and what is known about them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from consentry.errors import MediaSizeError, RequestError, SignalError
from consentry.web.api import matching_metrics
from consentry.web.api.intake import JSON
from consentry.web.api.lookup_models import LookupAnswer, LookupQuestion
from consentry.web.api.openapi import problems
from consentry.web.api.routes import needs
from consentry.web.api.service import Service, service_of

if TYPE_CHECKING:  # they stand on the database
    from consentry.matching.matcher import Match, Matches
    from consentry.matching.signals.contract import Signal

__all__ = ["MAX_BODY", "router"]

router = APIRouter(tags=["lookups"])

MAX_BODY: Final = 16 * 1024 * 1024
_MAX_FAULTS: Final = 20


@router.post(
    "/v1/lookups",
    summary="Look up known hashes, thousands in one call",
    operation_id="createLookups",
    dependencies=needs("POST", "/v1/lookups"),
    responses={
        200: {"model": LookupAnswer, "description": "What is known."},
        **problems(401, 403, 404, 408, 413, 415, 422, 429, 500, 503),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                JSON: {
                    "schema": {"$ref": "#/components/schemas/LookupQuestion"},
                    "examples": {"pdq": {"value": {"type": "pdq", "values": ["f8" * 32]}}},
                }
            },
        }
    },
)
async def look_up(request: Request) -> Response:
    """Say of up to 10,000 hashes what they match, in one answer.

    While the index has not seen every change of the banks, the answer is 503: never an empty one.
    """
    service = service_of(request)
    with service.lookups.place():
        body = await _body(request)
        answer = await to_thread.run_sync(_answer, service, body, limiter=service.lookup_threads)
    return Response(answer, media_type=JSON)


async def _body(request: Request) -> bytes:
    """The whole body.

    Raises:
        HTTPException: 415, it is no plain JSON.
        MediaSizeError: it is too long.
    """
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared != JSON or request.headers.get("content-encoding", "identity") != "identity":
        raise HTTPException(415)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise MediaSizeError(
                f"The body has more than {MAX_BODY} bytes.", hint="Ask in several calls."
            )
    return bytes(body)


def _answer(service: Service, body: bytes) -> bytes:
    """Everything that takes time, on a thread."""
    started = time.perf_counter()
    asked = LookupQuestion.model_validate_json(body)
    signals = _parsed(asked)
    banks = _known(service, asked.banks)
    found = service.guard.matcher.match_signals(
        signals, radius=asked.max_distance, banks=banks, at_least=asked.at_least
    )
    matching_metrics.observe(signals, found, time.perf_counter() - started)
    plain = {
        "matches": [_plain(one) for one in _nearest(found)],
        "sequence": found.sequence,
        "complete": found.complete,
    }
    return json.dumps(plain, separators=(",", ":")).encode()


def _parsed(asked: LookupQuestion) -> list[Signal]:
    """The hashes.

    Raises:
        RequestError: naming the place of each malformed one, up to 20.
    """
    from consentry.matching.banks import parse_signal

    signals: list[Signal] = []
    faults: list[tuple[str, str]] = []
    for place, value in enumerate(asked.values):
        try:
            signals.append(parse_signal(asked.type, value))
        except SignalError:
            faults.append((f"values.{place}", f"This is no {asked.type} hash."))
            if len(faults) >= _MAX_FAULTS:
                break
    if faults:
        raise RequestError(*faults)
    return signals


def _known(service: Service, names: Sequence[str] | None) -> list[str] | None:
    """The names of banks.

    Raises:
        BankUnknownError: there is no bank of that name.
    """
    if names is None:
        return None
    from consentry.matching.banks import Banks

    banks = Banks(service.guard.storage)
    return [banks.get(name).name for name in names]


def _nearest(found: Matches) -> Iterator[Match]:
    """Of each query, the nearest match of each content: they come in that order."""
    named = set()
    for one in found.matches:
        if (one.probe, one.content_id) not in named:
            named.add((one.probe, one.content_id))
            yield one


def _plain(one: Match) -> dict[str, Any]:
    return {
        "query": one.probe,
        "bank": one.bank.name,
        "kind": one.bank.kind,
        "category": one.bank.category,
        "content_id": one.content_id,
        "signal": one.signal_type,
        "distance": one.distance,
        "state": one.state,
        "case": one.case,
    }
