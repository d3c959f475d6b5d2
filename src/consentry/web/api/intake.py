"""From a request to a `Submission`: JSON, a raw picture or video, or a form.

The body goes to a spool while it arrives. What takes time, decoding base64 and checking JSON, is
left to the function that `receive` gives, which runs on a thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from fastapi import Request
from starlette.exceptions import HTTPException

from consentry.config import Settings
from consentry.errors import RequestError
from consentry.likeness.consent import Use
from consentry.screening.submission import Submission
from consentry.storage.spool import EncryptedSpool
from consentry.web.api.models import FileScreening, JsonScreening
from consentry.web.forms import FormReader

__all__ = ["JSON", "MULTIPART", "RAW", "receive"]

JSON: Final = "application/json"
MULTIPART: Final = "multipart/form-data"
RAW: Final = ("application/octet-stream", "image/*", "video/*")

_UNKNOWN_TYPES: Final = frozenset({"application/octet-stream"})  # they say nothing of the bytes
_BYTES_PER_CHARACTER: Final = 4
Build = Callable[[], Submission]


async def receive(request: Request, spool: EncryptedSpool, settings: Settings) -> Build:
    """Read the whole body into `spool`; what is given makes the submission of it.

    Raises:
        RequestError: the request has not the form that its kind asks for.
        HTTPException: 415, the content is of a kind that cannot be read.
        MediaSizeError: the body has more bytes than `server.max_body_bytes`.
    """
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise HTTPException(415)
    declared = request.headers.get("content-type", "")
    kind = declared.partition(";")[0].strip().lower()
    if kind == JSON:
        _no_query(request)
        await _fill(request, spool.write)
        return lambda: _from_json(spool.read_all())
    if kind == MULTIPART:
        _no_query(request)
        return await _form(request, spool, declared, settings)
    if kind in _UNKNOWN_TYPES or kind.startswith(("image/", "video/")):
        fields = FileScreening.model_validate(_query(request))
        await _fill(request, spool.write)
        return lambda: _from_file(fields, spool.read_all(), fields.name, kind)
    raise HTTPException(415)


async def _fill(request: Request, write: Callable[[bytes], None]) -> None:
    async for chunk in request.stream():
        if chunk:
            write(chunk)


async def _form(
    request: Request, spool: EncryptedSpool, declared: str, settings: Settings
) -> Build:
    reader = FormReader(
        declared,
        spool,
        names=frozenset(FileScreening.model_fields),
        max_field=settings.prompt.max_characters * _BYTES_PER_CHARACTER,
    )
    await _fill(request, reader.write)
    fields = FileScreening.model_validate(reader.finish())
    name = fields.name or reader.file_name
    return lambda: _from_file(
        fields, spool.read_all() if reader.has_file else None, name, reader.file_type
    )


def _from_json(body: bytes) -> Submission:
    asked = JsonScreening.model_validate_json(body)
    return Submission(**_common(asked), media=asked.media_bytes, history=tuple(asked.history))


def _from_file(
    fields: FileScreening, media: bytes | None, name: str | None, kind: str | None
) -> Submission:
    declared = (kind or "").partition(";")[0].strip().lower()
    known = declared if declared not in _UNKNOWN_TYPES else None
    return Submission(**_common(fields), media=media, name=name, content_type=known or None)


def _common(asked: FileScreening | JsonScreening) -> dict[str, Any]:
    return {
        "stage": asked.stage,
        "prompt": asked.prompt,
        "reference": asked.reference_id,
        "language": asked.language,
        "has_reference": asked.has_reference,
        "use": Use(account=asked.account, purpose=asked.purpose, territory=asked.territory),
        "consent": asked.consent,
    }


def _no_query(request: Request) -> None:
    if request.query_params:
        raise RequestError(("query", "Send fields in the body: this kind of body has them all."))


def _query(request: Request) -> Mapping[str, str]:
    pairs = request.query_params.multi_items()
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise RequestError(("query", "A parameter is given twice."))
    return fields
