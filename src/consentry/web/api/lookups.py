"""`/v1/lookups`: thousands of known-hash lookups in one call."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from consentry.web.api.intake import JSON
from consentry.web.api.openapi import problems
from consentry.web.api.routes import needs
from consentry.web.api.service import Service, service_of

if TYPE_CHECKING:  # it stands on the database
    from consentry.matching.matcher import Match, Matches

__all__ = ["router"]

router = APIRouter(tags=["lookups"])

MOST_VALUES: Final = 10_000
_MOST_CHARACTERS: Final = 4_000_000


class LookupAsked(BaseModel):
    """Hashes of one type."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    type: Literal["pdq", "vpdq", "md5", "sha256", "video_md5"] = Field(
        "pdq", description="The signal type of all values."
    )
    values: list[Annotated[str, Field(max_length=_MOST_CHARACTERS)]] = Field(
        min_length=1, max_length=MOST_VALUES, description="The hashes, as their type writes them."
    )
    banks: list[str] | None = Field(None, description="Only these banks; all without it.")
    max_distance: int = Field(
        31,
        ge=0,
        le=31,
        description="For `pdq`: no further apart than this; a bank may ask for less.",
    )


class MatchAnswer(BaseModel):
    """One hash that is known."""

    query: int = Field(description="Place in `values`, from 0.")
    bank: str
    content_id: int
    distance: int = Field(ge=0, description="Differing bits; 0 for exact types.")
    kind: Literal["deny", "allow", "watch"]
    category: str = Field(description="An entry of the taxonomy.")
    state: Literal["active", "held"] = Field(description="`held`: a person has to look first.")


class LookupAnswer(BaseModel):
    """Everything that matches."""

    matches: list[MatchAnswer]
    sequence: int = Field(description="The last change of the banks that was looked at.")
    complete: bool = Field(description="Whether every change was looked at.")


@router.post(
    "/v1/lookups",
    summary="Look up known hashes, thousands in one call",
    operation_id="createLookups",
    dependencies=needs("POST", "/v1/lookups"),
    responses={
        200: {"model": LookupAnswer, "description": "What is known; no match was left out."},
        **problems(401, 403, 404, 408, 413, 415, 422, 429, 500, 503),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": LookupAsked.model_json_schema()}},
        }
    },
)
async def create_lookups(request: Request) -> Response:
    """Look up every value; what is switched off, expired or cleared by an allow bank is left out.

    While the index is behind, this answers 503: an empty answer always means "not known".
    """
    service = service_of(request)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise HTTPException(415)
    body = await request.body()
    with service.screenings.place():
        found = await to_thread.run_sync(_look, service, body, limiter=service.screening_threads)
    return Response(found, media_type=JSON)


def _look(service: Service, body: bytes) -> bytes:
    from consentry.matching.banks import parse_signal

    asked = LookupAsked.model_validate_json(body)
    signals = [parse_signal(asked.type, value) for value in asked.values]
    found: Matches = service.guard.matcher.match_signals(
        signals, radius=asked.max_distance, banks=asked.banks
    )
    answer = {
        "matches": [_plain(one) for one in found.matches],
        "sequence": found.sequence,
        "complete": found.complete,
    }
    return json.dumps(answer, separators=(",", ":")).encode()


def _plain(match: Match) -> dict[str, Any]:
    return {
        "query": match.probe,
        "bank": match.bank.name,
        "content_id": match.content_id,
        "distance": match.distance,
        "kind": match.bank.kind,
        "category": match.bank.category,
        "state": match.state,
    }
