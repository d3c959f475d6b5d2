"""`/v1/consents`: what persons agreed to, tokens made of it, and taking it back."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, Path, Request

from consentry.likeness.consents import Consent, as_json
from consentry.likeness.record import as_record
from consentry.web.api.json_body import body_of, json_body
from consentry.web.api.models import ID_PATTERN
from consentry.web.api.openapi import problems
from consentry.web.api.person_models import (
    ConsentAnswer,
    ConsentQuestion,
    DepictionAnswer,
    RevokedAnswer,
    TokenAnswer,
    TokenQuestion,
)
from consentry.web.api.routes import needs
from consentry.web.api.service import Service, service_of

__all__ = ["router"]

router = APIRouter(tags=["consents"])
_CREATED: Final = 201
_Id = Annotated[str, Path(pattern=ID_PATTERN)]
_FAULTS: Final = problems(401, 403, 404, 408, 413, 415, 422, 429, 500, 503)


@router.post(
    "/v1/consents",
    status_code=_CREATED,
    summary="Record what a person agreed to",
    operation_id="createConsent",
    dependencies=needs("POST", "/v1/consents"),
    responses=_FAULTS,
    openapi_extra=body_of(ConsentQuestion),
)
async def create_consent(request: Request) -> ConsentAnswer:
    """Give the signed receipt; it holds everywhere at once."""
    asked = await json_body(request, ConsentQuestion)
    return await to_thread.run_sync(_grant, service_of(request), asked)


@router.get(
    "/v1/consents/{consent_id}",
    summary="Read a consent",
    operation_id="getConsent",
    dependencies=needs("GET", "/v1/consents/{consent_id}"),
    responses=_FAULTS,
)
def get_consent(request: Request, consent_id: _Id) -> ConsentAnswer:
    """Give a consent as it stands, and its record."""
    service = service_of(request)
    return _answer(service, service.guard.likeness.consents.get(consent_id))


@router.delete(
    "/v1/consents/{consent_id}",
    summary="Take a consent back",
    operation_id="revokeConsent",
    dependencies=needs("DELETE", "/v1/consents/{consent_id}"),
    responses=_FAULTS,
)
def revoke_consent(request: Request, consent_id: _Id) -> RevokedAnswer:
    """Nothing passes on it any more; what did is listed, to be taken down."""
    done = service_of(request).guard.likeness.consents.revoke(consent_id)
    past = [DepictionAnswer(**asdict(one)) for one in done.past]
    return RevokedAnswer(entry=done.entry, to_take_down=past)


@router.post(
    "/v1/consents/{consent_id}/tokens",
    status_code=_CREATED,
    summary="Make a token of a consent",
    operation_id="createConsentToken",
    dependencies=needs("POST", "/v1/consents/{consent_id}/tokens"),
    responses=_FAULTS,
    openapi_extra=body_of(TokenQuestion),
)
async def create_token(request: Request, consent_id: _Id) -> TokenAnswer:
    """Give a short-lived token that goes along with a request to screen."""
    asked = await json_body(request, TokenQuestion)
    make = partial(
        service_of(request).guard.likeness.consents.make_token,
        account=asked.account,
        purpose=asked.purpose,
        lasts=timedelta(minutes=asked.minutes),
        uses=asked.uses,
    )
    return TokenAnswer(token=await to_thread.run_sync(make, consent_id))


def _grant(service: Service, asked: ConsentQuestion) -> ConsentAnswer:
    given = service.guard.likeness.consents.grant(asked.person, **asked.asked())
    return _answer(service, given)


def _answer(service: Service, given: Consent) -> ConsentAnswer:
    record = as_record(
        given.terms,
        controller=service.guard.log.public.origin,
        signed=given.receipt,
        revoked_at=given.revoked_at,
    )
    return ConsentAnswer(**as_json(given), record=record)
