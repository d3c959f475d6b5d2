"""The shapes of what is asked and answered about persons and their consents."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from consentry.likeness.consent import Giver
from consentry.likeness.persons import Verified
from consentry.likeness.profile import Age
from consentry.web.api.models import base64_text

__all__ = [
    "PERSON_QUESTIONS",
    "ConsentAnswer",
    "ConsentQuestion",
    "Dispute",
    "EnrolledAnswer",
    "EntryAnswer",
    "InvitationAnswer",
    "InvitationQuestion",
    "PersonAnswer",
    "PersonQuestion",
    "RevokedAnswer",
    "TokenAnswer",
    "TokenQuestion",
    "Verification",
]

_Photo = Annotated[str, AfterValidator(base64_text)]
_Short = Annotated[str, Field(max_length=200)]
_Long = Annotated[str, Field(max_length=2000)]
_ID: Final = r"^[0-9a-f]{32}$"


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class PersonQuestion(_Asked):
    """Somebody to enrol, with their agreement or a guardian's."""

    name: _Short = Field(description="As the person writes it.")
    aliases: list[_Short] = Field([], max_length=20, description="Other ways of writing it.")
    age: Age = "adult"
    guardian: _Short = Field("", description="Who answers for somebody under 18.")
    account: _Short = Field("", description="The person's own account: an opaque id.")
    contact: _Short = ""
    verified: Verified = Field("", description="How you made sure that it is this person.")
    evidence: _Long = Field("", description="The same in words, and how the person agreed.")
    photos: list[_Photo] = Field(
        [], max_length=10, description="Photos of the person alone, base64; they are not kept."
    )


class EnrolledAnswer(BaseModel):
    """Somebody who enrolled."""

    id: str = Field(pattern=_ID)
    page: str = Field(description="Path of the person's own page; it is shown only now.")
    entry: int = Field(description="Index in the log.")


class PersonAnswer(BaseModel):
    """A person."""

    id: str
    name: str
    aliases: list[str]
    age: Age
    guardian: str
    account: str
    templates: int
    verified: Verified
    disputed: bool
    created_at: str


class EntryAnswer(BaseModel):
    """What was done stands in the log."""

    entry: int = Field(description="Index in the log.")


class InvitationQuestion(_Asked):
    """A link to enrol by, to be made."""

    account: _Short = ""
    verified: Verified = Field("", description="How you know who gets the link.")
    evidence: _Long = ""
    hours: int = Field(48, ge=1, le=720, description="How long it lasts.")


class InvitationAnswer(BaseModel):
    """A link to enrol by, once."""

    path: str = Field(description="Path of the page; give it to that person alone.")


class Verification(_Asked):
    """That it was made sure who a person is."""

    how: Literal["link", "operator", "document"]
    evidence: _Long


class Dispute(_Asked):
    """That an enrolment is said to be of somebody else."""

    why: _Long


class ConsentQuestion(_Asked):
    """What a person agreed to."""

    person: str = Field(pattern=_ID)
    grantee: Literal["account", "organisation", "anyone"]
    grantee_id: _Short = ""
    purposes: list[str] = Field(min_length=1, max_length=6)
    media: list[str] = Field(["picture"], min_length=1, max_length=2)
    territory: list[str] = Field([], max_length=250, description="Countries, two letters each.")
    start: AwareDatetime | None = None
    until: AwareDatetime | None = None
    given_by: Giver
    evidence: _Long = ""

    def asked(self) -> dict[str, Any]:
        """As `Consents.grant` takes it."""
        plain: dict[str, Any] = self.model_dump(exclude={"person"})
        for name in ("purposes", "media", "territory"):
            plain[name] = tuple(plain[name])
        times: dict[str, datetime | None] = {"start": self.start, "until": self.until}
        return {**plain, **times}


class ConsentAnswer(BaseModel):
    """A consent as it stands."""

    id: str
    person: str
    grantee: dict[str, str]
    purposes: list[str]
    media: list[str]
    territory: list[str]
    start: str
    until: str
    given_by: Giver
    evidence: str
    issued_at: str
    revoked_at: str | None
    receipt: str = Field(description="Signed; can be checked offline.")
    record: dict[str, Any] = Field(description="With the fields of ISO/IEC TS 27560.")


class DepictionAnswer(BaseModel):
    """A decision that was about a person."""

    decision_id: str
    stage: str
    action: str
    consent_id: str | None
    at: str
    withdrawn_at: str | None


class RevokedAnswer(BaseModel):
    """A consent was taken back."""

    entry: int
    to_take_down: list[DepictionAnswer] = Field(description="What was let through under it.")


class TokenQuestion(_Asked):
    """A token to be made."""

    account: _Short = Field("", description="The one account that may use it.")
    purpose: str = "portrait"
    minutes: int = Field(10, ge=1, le=1440)
    uses: int = Field(1, ge=1, le=100, description="At each stage.")


class TokenAnswer(BaseModel):
    """A token that goes along with a request."""

    token: str


PERSON_QUESTIONS: Final[tuple[type[BaseModel], ...]] = (
    PersonQuestion,
    InvitationQuestion,
    Verification,
    Dispute,
    ConsentQuestion,
    TokenQuestion,
)
"""Bodies that their routes read themselves."""
