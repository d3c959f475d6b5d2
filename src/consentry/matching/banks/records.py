"""What banks are made of, as plain records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from consentry.matching.signals.contract import Signal

__all__ = [
    "Added",
    "AddedMany",
    "Bank",
    "BankedSignal",
    "Category",
    "Content",
    "HeldBecause",
    "Kind",
    "Metadata",
    "NewContent",
    "Opinion",
    "State",
    "Verdict",
]

Kind: TypeAlias = Literal["deny", "allow", "watch"]
Category: TypeAlias = Literal["known.removed", "known.intimate", "known.child_safety"]
State: TypeAlias = Literal["active", "held"]
Verdict: TypeAlias = Literal["confirm", "dispute"]
HeldBecause: TypeAlias = Literal["person", "disputed", "flood"]


@dataclass(frozen=True, slots=True)
class Bank:
    """A named, sourced list of hashes.

    Attributes:
        id: never given twice.
        name: capitals, digits and `_`, at most 255.
        kind: `deny`; `allow`, whose matches take others away; `watch`, which only reports.
        category: of the finding that a match gives.
        source: where the hashes come from, in words.
        description: what for, in words.
        max_distance: 0 to 31 bits; hashes further apart are no match.
        enabled_ratio: 0 to 1, the part of all pictures that is compared with it.
        sealed: hashes are encrypted at rest, in no file, and never listed.
        expires_days: what is added goes after so many days, or None.
        created_at: ISO 8601, UTC.
    """

    id: int
    name: str
    kind: Kind
    category: Category
    source: str
    description: str
    max_distance: int
    enabled_ratio: float
    sealed: bool
    expires_days: int | None
    created_at: str


@dataclass(frozen=True, slots=True)
class Metadata:
    """What an exchange knows about a content; HMA's members.

    Attributes:
        content_id: the exchange's own id.
        content_uri: where it was.
        json: anything else.
        collab: which exchange.
    """

    content_id: str | None = None
    content_uri: str | None = None
    json: Mapping[str, Any] | None = None
    collab: str | None = None


@dataclass(frozen=True, slots=True)
class NewContent:
    """Something to bank: one picture or video, by its hashes.

    Attributes:
        signals: one or more hashes of it.
        metadata: of the exchange that it came from.
        note: at most 255 characters.
        case: link to the case that it was removed in, at most 255.
        disable_until: it is not matched before this moment (aware).
        expires_at: it is taken out at this moment (aware).
    """

    signals: Sequence[Signal]
    metadata: Metadata = field(default_factory=Metadata)
    note: str = ""
    case: str | None = None
    disable_until: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class BankedSignal:
    """One hash in a bank; `value` is None where the bank is sealed."""

    id: int
    type: str
    value: str | None


@dataclass(frozen=True, slots=True)
class Opinion:
    """What somebody says about a content: that it belongs in the bank, or that it does not."""

    by: str
    opinion: Verdict
    at: str
    note: str


@dataclass(frozen=True, slots=True)
class Content:
    """Something in a bank.

    Attributes:
        id: never given twice.
        bank: name of its bank.
        signals: its hashes.
        metadata, note, case, disable_until, expires_at: as in `NewContent`.
        state: `held` ones go to a person instead of being enforced.
        held_because: `person`, `disputed` or `flood`; None when it is not held.
        created_at: ISO 8601, UTC.
        opinions: by date.
    """

    id: int
    bank: str
    signals: tuple[BankedSignal, ...]
    metadata: Metadata
    note: str
    case: str | None
    disable_until: datetime | None
    expires_at: datetime | None
    state: State
    held_because: HeldBecause | None
    created_at: str
    opinions: tuple[Opinion, ...]


@dataclass(frozen=True, slots=True)
class Added:
    """What was banked. Give `sequence` to a lookup as `at_least`, and it will contain it."""

    content_id: int
    signal_ids: tuple[int, ...]
    sequence: int


@dataclass(frozen=True, slots=True)
class AddedMany:
    """What an import banked: ids of contents, in ranges; how many hashes; the last change."""

    content_ids: tuple[range, ...]
    signals: int
    sequence: int
