"""Consent: who may depict a person, for what, where and until when; and whether it covers a use.

The uploader's word is no consent (Office of the Privacy Commissioner of Canada, 2026-004): only
what the depicted person, or a child's guardian, agreed to counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, Self, TypeAlias, get_args

from consentry.errors import ConsentFormError

__all__ = [
    "GIVERS",
    "GRANTEES",
    "MEDIA",
    "PURPOSES",
    "Grantee",
    "Purpose",
    "Terms",
    "Use",
    "moment",
]

Purpose: TypeAlias = Literal[
    "portrait", "editorial", "satire", "advertising", "training", "intimate"
]
Medium: TypeAlias = Literal["picture", "video"]
GranteeKind: TypeAlias = Literal["account", "organisation", "anyone"]
Giver: TypeAlias = Literal["self", "guardian", "operator"]

PURPOSES: Final[tuple[Purpose, ...]] = get_args(Purpose)
MEDIA: Final[tuple[Medium, ...]] = get_args(Medium)
GRANTEES: Final[tuple[GranteeKind, ...]] = get_args(GranteeKind)
GIVERS: Final[tuple[Giver, ...]] = get_args(Giver)
_LONGEST: Final = 200
_EVIDENCE: Final = 2000
_COUNTRY: Final = 2


@dataclass(frozen=True, slots=True)
class Grantee:
    """Who may depict.

    Attributes:
        kind: an account of the service, an organisation (which proves itself by a token), anyone.
        id: the opaque id of the account, or the organisation's name; empty for anyone.
    """

    kind: GranteeKind
    id: str = ""


@dataclass(frozen=True, slots=True)
class Use:
    """What somebody is about to do with a person's likeness.

    Attributes:
        account: opaque id of the account that asks; empty when not known.
        purpose: what for.
        medium: picture or video.
        territory: ISO 3166-1 alpha-2 of where it is to be used; empty when not known.
        token_for: id of the consent that a verified token names; empty without one.
    """

    account: str = ""
    purpose: Purpose = "portrait"
    medium: Medium = "picture"
    territory: str = ""
    token_for: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a person agreed to.

    Attributes:
        id: of the consent, 32 hexadecimal digits.
        person: id of the person depicted.
        grantee: who may depict.
        purposes: for what.
        media: pictures, videos or both.
        territory: ISO 3166-1 alpha-2 codes, sorted; empty for everywhere.
        start: from when, ISO 8601, UTC.
        until: until when, the same; empty for no end.
        given_by: the person, the guardian, or the operator on evidence.
        evidence: how the consent was given, in a sentence.
        issued_at: ISO 8601, UTC.
    """

    id: str
    person: str
    grantee: Grantee
    purposes: tuple[Purpose, ...]
    media: tuple[Medium, ...]
    territory: tuple[str, ...]
    start: str
    until: str
    given_by: Giver
    evidence: str
    issued_at: str

    @classmethod
    def of(  # noqa: PLR0913  one for each part
        cls,
        consent_id: str,
        person: str,
        *,
        grantee: str,
        grantee_id: str = "",
        purposes: tuple[str, ...],
        media: tuple[str, ...] = ("picture",),
        territory: tuple[str, ...] = (),
        start: datetime | None = None,
        until: datetime | None = None,
        given_by: Giver = "self",
        evidence: str = "",
        now: datetime | None = None,
    ) -> Self:
        """Terms of what somebody typed.

        Raises:
            ConsentFormError: a part cannot be used; the message says which and why.
        """
        issued = now or datetime.now(UTC)
        begins = start or issued
        _check_times(begins, until, issued)
        return cls(
            consent_id,
            person,
            _grantee(grantee, grantee_id),
            _chosen(purposes, PURPOSES, "purpose"),  # type: ignore[arg-type]  # checked against them
            _chosen(media, MEDIA, "medium"),  # type: ignore[arg-type]  # the same
            _countries(territory),
            moment(begins),
            "" if until is None else moment(until),
            given_by,
            _evidence(evidence),
            moment(issued),
        )

    def as_json(self) -> dict[str, Any]:
        """JSON-ready."""
        plain = asdict(self)
        for name in ("purposes", "media", "territory"):
            plain[name] = list(plain[name])
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """The inverse of `as_json`."""
        lists = {name: tuple(plain[name]) for name in ("purposes", "media", "territory")}
        return cls(**{**plain, **lists, "grantee": Grantee(**plain["grantee"])})

    def objection(self, use: Use, now: datetime) -> str:
        """Why this does not cover `use` at the moment `now`; empty if it does."""
        at = moment(now)
        checks = (
            (use.purpose == "intimate", "Intimate use is refused, whatever was agreed."),
            (at < self.start, "It does not hold yet."),
            (bool(self.until) and at >= self.until, "It has ended."),
            (use.purpose not in self.purposes, f"It is not for the purpose {use.purpose}."),
            (use.medium not in self.media, f"It is not for a {use.medium}."),
            (not self._covers_place(use), "It does not hold in that country."),
            (not self._covers_who(use), "It was given to somebody else."),
        )
        return next((why for objects, why in checks if objects), "")

    def _covers_place(self, use: Use) -> bool:
        return not self.territory or use.territory.upper() in self.territory

    def _covers_who(self, use: Use) -> bool:
        if use.token_for == self.id or self.grantee.kind == "anyone":
            return True
        return (
            self.grantee.kind == "account"
            and bool(use.account)
            and (use.account == self.grantee.id)
        )


def moment(when: datetime) -> str:
    """ISO 8601, UTC, to the second: such texts sort as the times do.

    Raises:
        ConsentFormError: the time has no zone.
    """
    if when.tzinfo is None:
        raise ConsentFormError("A time needs its zone.", hint="For example 2027-01-31T12:00:00Z.")
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _check_times(start: datetime, until: datetime | None, now: datetime) -> None:
    if until is not None and moment(until) <= moment(start):
        raise ConsentFormError("It would end before it begins.", hint="Choose a later end.")
    if until is not None and moment(until) <= moment(now):
        raise ConsentFormError("It would have ended already.", hint="Choose an end to come.")


def _grantee(kind: str, name: str) -> Grantee:
    if kind not in GRANTEES:
        raise ConsentFormError(f"Who may depict is one of {', '.join(GRANTEES)}.")
    cleaned = " ".join(name.split())
    if len(cleaned) > _LONGEST or not cleaned.isprintable():
        raise ConsentFormError("The account or organisation is too long or cannot be shown.")
    if (kind == "anyone") == bool(cleaned):
        raise ConsentFormError(
            "An account or organisation has a name, and anyone has none.", hint="Name one of them."
        )
    return Grantee(kind, cleaned)


def _chosen(given: tuple[str, ...], known: tuple[str, ...], what: str) -> tuple[str, ...]:
    unknown = sorted(set(given) - set(known))
    if unknown or not given:
        raise ConsentFormError(f"At least one {what} is needed, of {', '.join(known)}.")
    return tuple(one for one in known if one in given)


def _countries(codes: tuple[str, ...]) -> tuple[str, ...]:
    upper = sorted({one.strip().upper() for one in codes if one.strip()})
    if any(len(one) != _COUNTRY or not one.isascii() or not one.isalpha() for one in upper):
        raise ConsentFormError("A country is named by two letters.", hint="For example DE or BR.")
    return tuple(upper)


def _evidence(text: str) -> str:
    cleaned = " ".join(text.split())
    if len(cleaned) > _EVIDENCE or not cleaned.isprintable():
        raise ConsentFormError("The evidence is too long or cannot be shown.")
    return cleaned
