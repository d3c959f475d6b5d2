"""From a request to the hashes of the one file that it names or carries."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.requests import Request

from consentry.web.forms import FormReader
from consentry.web.hma.answers import Refusal
from consentry.web.hma.desk import Desk
from consentry.web.hma.hashing import Asked, Hashed, hash_file, kind_of, wanted

__all__ = ["Upload", "from_form", "from_url", "is_form"]

_FIELDS: Final = frozenset({"metadata", "note"})
_MAX_FIELD_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """A file's hashes and what came with it.

    Attributes:
        hashed: the hashes.
        fields: text fields of the form: `note`, and `metadata`, which is JSON.
    """

    hashed: Hashed
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def metadata(self) -> Any:  # noqa: ANN401  JSON
        """The form's metadata, or None.

        Raises:
            Refusal: it is not JSON.
        """
        if "metadata" not in self.fields:
            return None
        try:
            return json.loads(self.fields["metadata"])
        except (ValueError, RecursionError) as error:
            raise Refusal(400, "metadata form field must be valid JSON") from error


def is_form(request: Request) -> bool:
    """Whether the body says that it is a form with files."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "multipart/form-data"


async def from_url(desk: Desk, request: Request, url: str) -> Upload:
    """Fetch what `url` names and hash it; `content_type` and `types` are in the query.

    Raises:
        FetchError: it cannot be fetched.
        MediaError: it cannot be decoded.
        Refusal: it is of no kind that was asked for.
    """
    query = request.query_params
    if query.get("content_type"):
        kind_of(query["content_type"])  # before anything is fetched
    with desk.spool() as spool:
        with desk.fetches.place():
            fetched = await desk.fetcher.fetch(url, spool)
        content = kind_of(query.get("content_type"), declared=fetched.content_type)
        asked = wanted(content, query.get("types"), desk.settings.signal_types)
        return Upload(await _hash(desk, spool.read_all, asked))


async def from_form(desk: Desk, request: Request) -> Upload:
    """Read the form's one file and hash it; the name of its part is its content type.

    Raises:
        RequestError: it is no form, or has two files.
        Refusal: it has none, or one of no kind that is known.
        MediaError: the file cannot be decoded, or is too large.
    """
    if not is_form(request):
        raise Refusal(400, "Missing multipart/form-data file upload")
    with desk.spool() as spool:
        reader = FormReader(
            request.headers["content-type"],
            spool,
            names=_FIELDS,
            max_field=_MAX_FIELD_BYTES,
            strict=False,
        )
        async for chunk in request.stream():
            if chunk:
                reader.write(chunk)
        fields = reader.finish()
        if not reader.has_file:
            raise Refusal(400, "Missing multipart/form-data file upload")
        content = kind_of(reader.file_field)
        asked = wanted(content, request.query_params.get("types"), desk.settings.signal_types)
        return Upload(await _hash(desk, spool.read_all, asked), fields)


async def _hash(desk: Desk, read: Callable[[], bytes], asked: Asked) -> Hashed:
    return await desk.hash(lambda: hash_file(desk.guard, read(), asked))
