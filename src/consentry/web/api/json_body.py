"""A JSON body, read after the key was checked and no further than its limit.

FastAPI reads the body of a typed parameter before it asks who is calling; so routes with a body of
their own take the bare request and call this.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

from anyio import to_thread
from fastapi import Request
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from consentry.errors import MediaSizeError

__all__ = ["JSON", "SMALL", "body_of", "json_body"]

JSON: Final = "application/json"
SMALL: Final = 64 * 1024
"""Most bytes of a body without files."""

M = TypeVar("M", bound=BaseModel)


async def json_body(request: Request, model: type[M], *, limit: int = SMALL) -> M:
    """The body as a `model`.

    Raises:
        HTTPException: 415, it is no plain JSON.
        MediaSizeError: it has more than `limit` bytes.
        ValidationError: it has not the form of `model`.
    """
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared != JSON or request.headers.get("content-encoding", "identity") != "identity":
        raise HTTPException(415)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise MediaSizeError(f"The body has more than {limit} bytes.", hint="Send less.")
    return await to_thread.run_sync(model.model_validate_json, bytes(body))


def body_of(model: type[BaseModel]) -> dict[str, Any]:
    """What /openapi.json says of such a body; the model is added by `openapi.document`."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {JSON: {"schema": schema}}}}
