"""The shapes of a question for many hashes and of its answer."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["MAX_VALUES", "LookupAnswer", "LookupQuestion"]

MAX_VALUES: Final = 10_000
"""Of one call."""
_MAX_BANKS: Final = 100
_NUMBER: Final = (1 << 53) - 1  # what every JSON reader can hold


class LookupQuestion(BaseModel):
    """Hashes of one type."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    type: Literal["pdq", "vpdq", "md5", "sha256", "video_md5"] = Field(
        "pdq", description="The signal type of all values."
    )
    values: list[str] = Field(
        min_length=1, max_length=MAX_VALUES, description="The hashes, as their type writes them."
    )
    banks: Annotated[list[str], Field(max_length=_MAX_BANKS)] | None = Field(
        None, description="Only these banks; all without it."
    )
    max_distance: int = Field(
        31, ge=0, le=31, description="Bits that may differ; a bank may ask for less."
    )
    at_least: int = Field(
        0,
        ge=0,
        le=_NUMBER,
        description="Answer only with every change of the banks up to this sequence number.",
    )


class MatchAnswer(BaseModel):
    """One hash that is known."""

    query: int = Field(ge=0, description="Place in `values`, from 0.")
    bank: str
    content_id: int
    distance: int = Field(ge=0, description="Bits; for videos, per cent that was not found.")
    kind: Literal["deny", "allow", "watch"]
    category: str = Field(description="An entry of the taxonomy.")
    signal: str = Field(description="Type of the known hash.")
    state: Literal["active", "held"] = Field(description="`held`: a person has to look first.")
    case: str | None = Field(description="Link to the case that it was removed in.")


class LookupAnswer(BaseModel):
    """Everything that matches, by query, then distance."""

    matches: list[MatchAnswer]
    sequence: int = Field(ge=0, description="The last change of the banks that was looked at.")
    complete: bool = Field(description="Always true: else the answer is 503.")
