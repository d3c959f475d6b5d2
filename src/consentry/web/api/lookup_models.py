"""The shapes of a question for many hashes and of its answer."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["MAX_SIGNALS", "LookupAnswer", "LookupQuestion", "SignalQuestion"]

MAX_SIGNALS: Final = 10_000
"""Of one call."""
_MAX_BANKS: Final = 100
_NUMBER: Final = (1 << 53) - 1  # what every JSON reader can hold


class SignalQuestion(BaseModel):
    """One hash."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    type: str = Field(max_length=40, description="`pdq`, `vpdq`, `md5`, `sha256` or `video_md5`.")
    value: str = Field(description="The hash as its type writes it.")


class LookupQuestion(BaseModel):
    """Some hashes to look up."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    signals: Annotated[list[SignalQuestion], Field(min_length=1, max_length=MAX_SIGNALS)] = Field(
        description="The hashes; the answer names each by its place, from 0."
    )
    banks: Annotated[list[str], Field(max_length=_MAX_BANKS)] | None = Field(
        None, description="Look in these banks alone."
    )
    max_distance: int = Field(31, ge=0, le=31, description="Bits that may differ.")
    at_least: int = Field(
        0,
        ge=0,
        le=_NUMBER,
        description="Answer only with every change of the banks up to this sequence number.",
    )


class MatchAnswer(BaseModel):
    """Something known that a hash is near to."""

    bank: str
    kind: str = Field(description="`deny`, `watch` or `allow`.")
    category: str = Field(description="What a match is, e.g. `known.removed`.")
    content_id: int
    signal: str = Field(description="Type of the known hash.")
    distance: int = Field(ge=0, description="Bits; for videos, per cent that was not found.")
    state: str = Field(description="`active`, or `held`: for a person to judge.")
    case: str | None = None


class FoundAnswer(BaseModel):
    """What one hash matches."""

    index: int = Field(ge=0, description="Place of the hash in the question.")
    matches: list[MatchAnswer]


class LookupAnswer(BaseModel):
    """What is known; hashes that match nothing are not listed."""

    asked: int = Field(ge=0, description="How many hashes were looked up.")
    found: list[FoundAnswer]
    sequence: int = Field(ge=0, description="The last change of the banks that is in the answer.")
    complete: bool = Field(description="Always true: else the answer is 503.")
