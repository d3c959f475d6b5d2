"""The shapes of what is asked and answered; `/openapi.json` is made from them."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from consentry.findings import Action, Stage
from consentry.likeness.consent import Purpose
from consentry.screening.conversation import MOST_TURNS
from consentry.screening.decision import GateStatus

__all__ = [
    "DecisionAnswer",
    "FileScreening",
    "HealthAnswer",
    "JsonScreening",
    "LiveAnswer",
    "Problem",
    "base64_text",
]

ID_PATTERN: Final = r"^[0-9a-f]{32}$"


def base64_text(text: str) -> str:
    """The text, if it is base64.

    Raises:
        ValueError: it is not.
    """
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("This is not base64.") from None
    return text


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    stage: Stage = Field(description="Where on the road it is.")
    prompt: str | None = Field(None, description="What a person asked for.")
    reference_id: str | None = Field(
        None,
        pattern=r"^[!-~]{1,200}$",
        description="Your own opaque id for this: it is stored with the decision. No names.",
    )
    language: str | None = Field(
        None,
        pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$",
        description="The prompt's language (BCP 47), if you know it.",
    )
    has_reference: bool = Field(
        default=False,
        description="A reference picture goes to the generator although it is not sent here.",
    )
    account: str = Field(
        "", max_length=200, description="Who asks: the opaque id of an account at your service."
    )
    purpose: Purpose = Field("portrait", description="What for: held against consents.")
    territory: str = Field(
        "",
        pattern=r"^([A-Za-z]{2})?$",
        description="Where it is to be used: a country, two letters.",
    )
    consent: str = Field("", max_length=20_000, description="A consent token of a person depicted.")


class JsonScreening(_Asked):
    """A submission as JSON."""

    model_config = ConfigDict(strict=True)

    stage: Annotated[Stage, Field(strict=False)] = Field(description="Where on the road it is.")
    media: Annotated[str, AfterValidator(base64_text)] | None = Field(
        None,
        description="The picture or video, in base64 (RFC 4648, section 4).",
        json_schema_extra={"contentEncoding": "base64"},
    )

    history: Annotated[list[str], Field(max_length=MOST_TURNS)] = Field(
        [],
        description="Earlier prompts of the same conversation, the oldest first. Together with "
        "the prompt they keep within its limit. Leave out what was refused.",
    )

    @property
    def media_bytes(self) -> bytes | None:
        """The decoded picture or video."""
        return None if self.media is None else base64.b64decode(self.media)


class FileScreening(_Asked):
    """The fields that go with a file: query parameters of a raw body, or parts of a form."""

    name: str | None = Field(
        None,
        max_length=255,
        description="The file's name, only to compare its extension with its bytes; not stored.",
    )


class ReasonAnswer(BaseModel):
    """Why, in words for the person concerned."""

    code: str = Field(description="Stable: a rule, a floor or an input error.")
    text: str = Field(description="One or two plain sentences.")


class ShadowAnswer(ReasonAnswer):
    """What a rule on trial would have decided; it did not count."""

    action: Action


class FindingAnswer(BaseModel):
    """One thing that a detector saw."""

    category: str = Field(description="An entry of the taxonomy, or `unchecked`.")
    score: float = Field(ge=0, le=1, description="How sure the detector is.")
    detector: str
    where: dict[str, Any] | None = Field(description="Where it is; null for the whole input.")
    detail: dict[str, Any] | None = Field(None, description="Further facts, e.g. age bins.")


class GateAnswer(BaseModel):
    """The proof that one part looked, or did not."""

    name: str
    version: str
    saw: str | None = Field(description="SHA-256 of what it was given; null if nothing.")
    ms: float = Field(ge=0)
    status: GateStatus
    note: str | None = Field(None, description="Why, when it did not look.")


class DecisionAnswer(BaseModel):
    """The one outcome of a screening, with everything that it rests on."""

    id: str = Field(pattern=ID_PATTERN)
    created_at: str = Field(description="ISO 8601, UTC.")
    input: str = Field(description="Your reference_id, else `sha256:<digest>`.")
    stage: Stage
    action: Action
    reasons: list[ReasonAnswer]
    findings: list[FindingAnswer]
    gates: list[GateAnswer]
    context: dict[str, Any] = Field(description="Further facts that the policy judged by.")
    policy: str = Field(description="Version of the policy, `sha256:<digest>`.")
    receipt: str | None
    shadow: list[ShadowAnswer] | None = None
    error: str | None = Field(None, description="Why the input could not be opened.")


class Fault(BaseModel):
    """One field that is wrong."""

    field: str
    message: str


class Problem(BaseModel):
    """An RFC 9457 problem document."""

    type: str = Field(description="`urn:consentry:problem:<code>`")
    title: str
    status: int = Field(ge=400, le=599)
    code: str = Field(description="Stable; test this.")
    detail: str | None = Field(None, description="What is wrong with this request.")
    hint: str | None = Field(None, description="What to do.")
    instance: str = Field(description="`urn:consentry:request:<id>`; the log has the same id.")
    errors: list[Fault] | None = Field(None, description="The fields that are wrong.")
    decision: DecisionAnswer | None = Field(
        None, description="The stored decision, when the input could not be opened."
    )


class LiveAnswer(BaseModel):
    """The process answers."""

    status: Literal["live"]


class PartAnswer(BaseModel):
    """One part of the system."""

    name: str
    ready: bool
    note: str


class HealthAnswer(BaseModel):
    """Whether screenings can be done now."""

    status: Literal["ready", "not_ready"]
    parts: list[PartAnswer] | None = Field(None, description="Only for keys with the scope read.")
