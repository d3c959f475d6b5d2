"""`/log/…`: the tamper-evident log as static files, as c2sp.org/tlog-tiles has it, for everybody.

What is given out are kinds, times, salted commitments, and hashes of them: nothing of what they
commit to. A log that only its operator can read would prove nothing, so no key is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from anyio import to_thread
from fastapi import APIRouter, Request, Response

from consentry.errors import NotFoundError
from consentry.ledger.tiles import TilePath
from consentry.web.api.openapi import problems
from consentry.web.api.routes import needs
from consentry.web.api.service import service_of

__all__ = ["router"]

router = APIRouter(tags=["log"])
T = TypeVar("T")

_A_MOMENT: Final = "public, max-age=2"  # a checkpoint is newer every second
_FOR_GOOD: Final = "public, max-age=31536000, immutable"


def _answer(what: str, media_type: str, schema: dict[str, str]) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": what, "content": {media_type: {"schema": schema}}}}


@router.get(
    "/log/checkpoint",
    summary="The signed size and root of the log",
    operation_id="logCheckpoint",
    dependencies=needs("GET", "/log/checkpoint"),
    response_class=Response,
    responses={
        **_answer("A checkpoint (c2sp.org/tlog-checkpoint).", "text/plain", {"type": "string"}),
        **problems(500, 503),
    },
)
async def checkpoint(request: Request) -> Response:
    """Give the newest checkpoint; what is appended is under one after a second."""
    note = await _read(request, service_of(request).guard.log.public.newest)
    headers = {"Cache-Control": _A_MOMENT}
    return Response(note, headers=headers, media_type="text/plain; charset=utf-8")


@router.get(
    "/log/tile/{tile:path}",
    summary="A tile of hashes, or a bundle of entries, of the log",
    operation_id="logTile",
    dependencies=needs("GET", "/log/tile/{tile:path}"),
    response_class=Response,
    responses={
        **_answer(
            "A tile or a bundle (c2sp.org/tlog-tiles).",
            "application/octet-stream",
            {"type": "string", "format": "binary"},
        ),
        **problems(404, 422, 500, 503),
    },
)
async def tile(request: Request, tile: str) -> Response:
    """Give `<L>/<N>[.p/<W>]` or `entries/<N>[.p/<W>]`, as far as a checkpoint covers it."""
    path = TilePath.parse(tile)
    if path is None:
        raise NotFoundError("The log has no such tile.")
    public = service_of(request).guard.log.public
    data = await _read(request, lambda: public.tile(path))
    return Response(
        data, headers={"Cache-Control": _FOR_GOOD}, media_type="application/octet-stream"
    )


async def _read(request: Request, work: Callable[[], T]) -> T:
    return await to_thread.run_sync(work, limiter=service_of(request).reading_threads)
