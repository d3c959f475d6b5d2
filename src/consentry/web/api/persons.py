"""`/v1/persons` and `/v1/invitations`: enrol persons, verify, dispute, erase."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, Path, Request

from consentry.errors import PersonFormError, PortraitError
from consentry.likeness.persons import Invitation, as_json
from consentry.likeness.profile import Profile
from consentry.media import Picture
from consentry.web.api.json_body import body_of, json_body
from consentry.web.api.models import ID_PATTERN
from consentry.web.api.openapi import problems
from consentry.web.api.person_models import (
    Dispute,
    EnrolledAnswer,
    EntryAnswer,
    InvitationAnswer,
    InvitationQuestion,
    PersonAnswer,
    PersonQuestion,
    Verification,
)
from consentry.web.api.routes import needs
from consentry.web.api.service import Service, service_of

__all__ = ["router"]

router = APIRouter(tags=["persons"])
_CREATED: Final = 201
_Id = Annotated[str, Path(pattern=ID_PATTERN)]
_FAULTS: Final = problems(401, 403, 404, 408, 413, 415, 422, 429, 500, 503)


@router.post(
    "/v1/persons",
    status_code=_CREATED,
    summary="Enrol a person",
    operation_id="createPerson",
    dependencies=needs("POST", "/v1/persons"),
    responses={**_FAULTS, **problems(409)},
    openapi_extra=body_of(PersonQuestion),
)
async def create_person(request: Request) -> EnrolledAnswer:
    """Enrol somebody, with their agreement; the photos are looked at and not kept."""
    service = service_of(request)
    with service.screenings.place():
        limit = service.settings.server.max_body_bytes
        asked = await json_body(request, PersonQuestion, limit=limit)
        return await to_thread.run_sync(_enrol, service, asked, limiter=service.screening_threads)


@router.get(
    "/v1/persons/{person_id}",
    summary="Read a person",
    operation_id="getPerson",
    dependencies=needs("GET", "/v1/persons/{person_id}"),
    responses=_FAULTS,
)
def get_person(request: Request, person_id: _Id) -> PersonAnswer:
    """Give what is known of an enrolled person; never a template."""
    found = service_of(request).guard.likeness.persons.get(person_id)
    return PersonAnswer(**as_json(found))


@router.delete(
    "/v1/persons/{person_id}",
    summary="Erase a person for good",
    operation_id="deletePerson",
    dependencies=needs("DELETE", "/v1/persons/{person_id}"),
    responses=_FAULTS,
)
def delete_person(request: Request, person_id: _Id) -> EntryAnswer:
    """Destroy the person's key; the entry in the log is the receipt."""
    return EntryAnswer(entry=service_of(request).guard.likeness.persons.erase(person_id))


@router.post(
    "/v1/persons/{person_id}/verifications",
    summary="Note that it was made sure who a person is",
    operation_id="verifyPerson",
    dependencies=needs("POST", "/v1/persons/{person_id}/verifications"),
    responses=_FAULTS,
    openapi_extra=body_of(Verification),
)
async def verify_person(request: Request, person_id: _Id) -> EntryAnswer:
    """From now on what this person agrees to counts; a dispute is settled."""
    asked = await json_body(request, Verification)
    persons = service_of(request).guard.likeness.persons
    entry = await to_thread.run_sync(persons.verify, person_id, asked.how, asked.evidence)
    return EntryAnswer(entry=entry)


@router.post(
    "/v1/persons/{person_id}/disputes",
    summary="Note that an enrolment is said to be of somebody else",
    operation_id="disputePerson",
    dependencies=needs("POST", "/v1/persons/{person_id}/disputes"),
    responses=_FAULTS,
    openapi_extra=body_of(Dispute),
)
async def dispute_person(request: Request, person_id: _Id) -> EntryAnswer:
    """Until it is settled, no consent of this person counts."""
    asked = await json_body(request, Dispute)
    persons = service_of(request).guard.likeness.persons
    entry = await to_thread.run_sync(persons.dispute, person_id, asked.why)
    return EntryAnswer(entry=entry)


@router.post(
    "/v1/invitations",
    status_code=_CREATED,
    summary="Make a link by which a person enrols, once",
    operation_id="createInvitation",
    dependencies=needs("POST", "/v1/invitations"),
    responses=_FAULTS,
    openapi_extra=body_of(InvitationQuestion),
)
async def create_invitation(request: Request) -> InvitationAnswer:
    """Give the path of the page; whoever has it can enrol."""
    asked = await json_body(request, InvitationQuestion)
    _with_evidence(asked.verified, asked.evidence)
    invitation = Invitation(asked.account, asked.verified, asked.evidence)
    persons = service_of(request).guard.likeness.persons
    secret = await to_thread.run_sync(persons.invite, invitation, timedelta(hours=asked.hours))
    return InvitationAnswer(path=f"/enrol/{secret}")


def _enrol(service: Service, asked: PersonQuestion) -> EnrolledAnswer:
    _with_evidence(asked.verified, asked.evidence)
    told = asked.model_dump(exclude={"photos", "verified", "name"})
    profile = Profile.of(asked.name, **told)
    pictures = [_picture(service, base64.b64decode(one)) for one in asked.photos]
    done = service.guard.likeness.enrol(profile, pictures, verified=asked.verified)
    return EnrolledAnswer(id=done.person_id, page=f"/my/{done.secret}", entry=done.entry)


def _picture(service: Service, data: bytes) -> Picture:
    media = service.guard.decode(data)
    if not isinstance(media, Picture):
        raise PortraitError("This is no photo.")
    return media


def _with_evidence(verified: str, evidence: str) -> None:
    if verified and not evidence.strip():
        raise PersonFormError("Say how it was made sure.", hint="Give the evidence.")
