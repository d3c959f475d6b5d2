"""`/h/hash`: the hashes of a file, by its address or sent along."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from consentry.web.hma.answers import json_answer
from consentry.web.hma.asking import required
from consentry.web.hma.desk import desk_of
from consentry.web.hma.uploads import from_form, from_url

__all__ = ["hash_form", "hash_url"]


async def hash_url(request: Request) -> Response:
    """Fetch what `url` names and give its hashes."""
    (url,) = required(request, "url")
    upload = await from_url(desk_of(request), request, url)
    return json_answer(upload.hashed.shown)


async def hash_form(request: Request) -> Response:
    """Give the hashes of the file in the form."""
    upload = await from_form(desk_of(request), request)
    return json_answer(upload.hashed.shown)
