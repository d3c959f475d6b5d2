"""`/v1/screenings`: hand something in and get its decision; read a decision again."""

from __future__ import annotations

import json
import time
from typing import Annotated, Any, Final

from anyio import to_thread
from fastapi import APIRouter, Path, Request, Response
from starlette.requests import ClientDisconnect

from consentry.screening.decision import Decision
from consentry.storage.spool import EncryptedSpool
from consentry.web.api import metrics
from consentry.web.api.intake import Build, receive
from consentry.web.api.models import ID_PATTERN, DecisionAnswer
from consentry.web.api.openapi import SCREENING_BODY, problems
from consentry.web.api.problems import code_to_status, problem
from consentry.web.api.routes import needs
from consentry.web.api.service import Service, service_of

__all__ = ["router"]

router = APIRouter(tags=["screenings"])

_CREATED: Final = 201


@router.post(
    "/v1/screenings",
    status_code=_CREATED,
    summary="Screen a prompt, picture or video",
    operation_id="createScreening",
    dependencies=needs("POST", "/v1/screenings"),
    responses={
        _CREATED: {
            "model": DecisionAnswer,
            "description": "The decision, whatever it is: read `action`.",
            "headers": {
                "Location": {"schema": {"type": "string"}, "description": "Where it can be read."}
            },
        },
        **problems(401, 403, 408, 413, 415, 422, 429, 500, 503),
    },
    openapi_extra=SCREENING_BODY,
)
async def create_screening(request: Request) -> Response:
    """Decide about one thing, and store the decision; the input itself is not kept.

    An input that cannot be opened is answered with a problem that carries the stored decision:
    nothing that was not looked at is ever allowed.
    """
    service = service_of(request)
    service.screenings.check()  # before the body is read: a full house need not listen first
    server = service.settings.server
    spool = EncryptedSpool(service.settings.home / "spool", server.max_memory_body_bytes)
    with service.uploads.place(), spool:
        build = await receive(request, spool, service.settings)
        if await request.is_disconnected():
            raise ClientDisconnect
        with service.screenings.place():
            decision, body = await _screen(service, build)
    return _answer(request, decision, body)


@router.get(
    "/v1/screenings/{screening_id}",
    summary="Read a decision again",
    operation_id="getScreening",
    dependencies=needs("GET", "/v1/screenings/{screening_id}"),
    responses={
        200: {"model": DecisionAnswer, "description": "The decision, as it was stored."},
        **problems(401, 403, 404, 422, 429, 500, 503),
    },
)
async def get_screening(
    request: Request, screening_id: Annotated[str, Path(pattern=ID_PATTERN)]
) -> Response:
    """Give the stored decision with this id."""
    service = service_of(request)
    decision = await to_thread.run_sync(
        service.guard.decision, screening_id, limiter=service.reading_threads
    )
    return _json(_encode(decision.as_json()), 200)


async def _screen(service: Service, build: Build) -> tuple[Decision, bytes]:
    """Run the whole screening on one thread.

    It ends within the limits of the decoder and the budget: a client that has gone leaves nothing
    behind for longer than that.
    """

    def work() -> tuple[Decision, bytes]:
        started = time.perf_counter()
        decision = service.guard.screen(build())
        metrics.observe(decision, time.perf_counter() - started)
        return decision, _encode(decision.as_json())

    metrics.in_flight(service.screenings.taken)
    try:
        return await to_thread.run_sync(work, limiter=service.screening_threads)
    finally:
        metrics.in_flight(service.screenings.taken - 1)


def _answer(request: Request, decision: Decision, body: bytes) -> Response:
    location = {"Location": f"/v1/screenings/{decision.id}"}
    if decision.error is None:
        return _json(body, _CREATED, location)
    return problem(
        request,
        code_to_status(decision.error),
        decision.error,
        detail=_why(decision),
        headers=location,
        decision=decision.as_json(),
    )


def _why(decision: Decision) -> str:
    """What is wrong with the input; what the policy made of it is in the decision."""
    texts = {reason.code: reason.text for reason in decision.reasons}
    return texts.get(decision.error or "") or " ".join(texts.values())


def _encode(plain: dict[str, Any]) -> bytes:
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()


def _json(body: bytes, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(body, status, headers, media_type="application/json")
