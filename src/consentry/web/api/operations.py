"""Routes for whoever runs the server: is it alive, is it ready, what has it counted, its form."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import anyio
from anyio import to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from consentry.web.api import metrics
from consentry.web.api.auth import may
from consentry.web.api.models import HealthAnswer, LiveAnswer
from consentry.web.api.openapi import document, problems
from consentry.web.api.routes import needs
from consentry.web.api.service import Service, service_of

if TYPE_CHECKING:  # only its name is needed here; it stands on all models and detectors
    from consentry.guard import PartHealth

__all__ = ["HealthWatch", "router"]

router = APIRouter(tags=["operations"])

_FRESH_SECONDS: Final = 2.0


class HealthWatch:
    """Asks every part how it is, at most once in two seconds however many ask."""

    def __init__(self, service: Service) -> None:
        """Watch the guard of `service`."""
        self._service = service
        self._lock = anyio.Lock()
        self._parts: Sequence[PartHealth] = ()
        self._asked = float("-inf")

    async def parts(self) -> Sequence[PartHealth]:
        """Every part with its state."""
        async with self._lock:
            if time.monotonic() - self._asked > _FRESH_SECONDS:
                self._parts = await to_thread.run_sync(
                    self._service.guard.health, limiter=self._service.reading_threads
                )
                self._asked = time.monotonic()
            return self._parts


@router.get(
    "/health/live",
    summary="Is the process alive?",
    operation_id="live",
    dependencies=needs("GET", "/health/live"),
    responses={200: {"model": LiveAnswer, "description": "It is."}, **problems(500)},
)
async def live() -> Response:
    """Answer, which is all there is to it."""
    return JSONResponse({"status": "live"})


@router.get(
    "/health/ready",
    summary="Can screenings be done now?",
    operation_id="ready",
    dependencies=needs("GET", "/health/ready"),
    responses={
        200: {"model": HealthAnswer, "description": "Every part is ready."},
        **problems(401, 429, 500),
        503: {"model": HealthAnswer, "description": "A part is not ready, or not able to answer."},
    },
    openapi_extra={"security": [{}, {"apiKey": []}]},
)
async def ready(request: Request) -> Response:
    """Say whether every part is ready; which one is not, only to keys with the scope read."""
    parts = await request.app.state.health.parts()
    all_ready = all(part.ready for part in parts)
    plain: dict[str, object] = {"status": "ready" if all_ready else "not_ready"}
    if await may(request, "read"):
        plain["parts"] = [
            {"name": part.name, "ready": part.ready, "note": part.note} for part in parts
        ]
    return JSONResponse(plain, 200 if all_ready else 503)


@router.get(
    "/metrics",
    summary="What was counted, for Prometheus",
    operation_id="metrics",
    dependencies=needs("GET", "/metrics"),
    responses={
        200: {
            "description": "Prometheus' text format.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        },
        **problems(401, 403, 429, 500, 503),
    },
    response_class=Response,
)
async def read_metrics(request: Request) -> Response:
    """Give the counters of this process, and the state of its index of known hashes."""
    service = service_of(request)
    text = await to_thread.run_sync(
        metrics.exposition, service.guard, limiter=service.reading_threads
    )
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/openapi.json", include_in_schema=False, dependencies=needs("GET", "/openapi.json"))
async def openapi(request: Request) -> Response:
    """Give the form of this API, OpenAPI 3.1."""
    return JSONResponse(document(request.app))
