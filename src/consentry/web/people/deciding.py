"""What a person's own page shows, and what can be done there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, time
from typing import Any, Final

from consentry.errors import ConsentFormError, ConsentUnknownError
from consentry.guard import Guard
from consentry.likeness.consent import PURPOSES
from consentry.likeness.consents import Consent
from consentry.likeness.persons import Person
from consentry.likeness.persons import as_json as person_json
from consentry.likeness.record import as_record
from consentry.web.i18n import N_

__all__ = ["FIELDS", "Shown", "Told", "act", "record", "shown"]

FIELDS: Final = frozenset(
    {"do", "consent", "grantee", "grantee_id", "until", "video", "guardian", "sure"}
    | {f"for_{one}" for one in PURPOSES}
)
WORDS: Final[Mapping[str, str]] = {
    "portrait": N_("Portraits and edits of my photos"),
    "editorial": N_("News and articles"),
    "satire": N_("Satire"),
    "advertising": N_("Advertising"),
    "training": N_("Training an AI model"),
}
"""What can be agreed to here; intimate use cannot."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page shows.

    Attributes:
        person: whose it is.
        given: consents that hold, the newest first.
        past: consents that were taken back or have ended.
        depictions: how many decisions are remembered.
        purposes: what can be agreed to, with its words.
    """

    person: Person
    given: tuple[Consent, ...]
    past: tuple[Consent, ...]
    depictions: int
    purposes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """What came of something that was done.

    Attributes:
        said: one sentence.
        proof: of an erasure.
    """

    said: str
    proof: str | None = None


def shown(guard: Guard, secret: str) -> Shown:
    """What the page that ends with `secret` shows.

    Raises:
        LinkUnknownError: it is nobody's.
    """
    person = guard.likeness.persons.by_secret(secret)
    consents = guard.likeness.consents.of(person.id)[::-1]
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    given = [one for one in consents if _holds(one, now)]
    past = [one for one in consents if not _holds(one, now)]
    depictions = len(guard.likeness.consents.past(person.id))
    return Shown(person, tuple(given), tuple(past), depictions, WORDS)


def record(guard: Guard, secret: str) -> dict[str, Any]:
    """Everything that is kept of a person, to save; templates as a number only.

    Raises:
        LinkUnknownError: it is nobody's page.
    """
    person = guard.likeness.persons.by_secret(secret)
    consents = guard.likeness.consents
    origin = guard.log.public.origin
    return {
        "person": {**person_json(person), "contact": person.profile.contact},
        "consents": [
            as_record(one.terms, controller=origin, signed=one.receipt, revoked_at=one.revoked_at)
            for one in consents.of(person.id)
        ],
        "decisions": [asdict(one) for one in consents.past(person.id)],
    }


def act(guard: Guard, person: Person, fields: Mapping[str, str]) -> Told:
    """Do what the form asks for.

    Raises:
        ConsentFormError: it cannot be done; the message says why.
        ConsentUnknownError: the consent is not this person's.
    """
    match fields.get("do"):
        case "grant":
            return _grant(guard, person, fields)
        case "revoke":
            return _revoke(guard, person, fields.get("consent", ""))
        case "erase":
            return _erase(guard, person, fields)
        case _:
            raise ConsentFormError("Nothing was chosen.", hint="Use one of the buttons.")


def _grant(guard: Guard, person: Person, fields: Mapping[str, str]) -> Told:
    minor = person.profile.age != "adult"
    if minor and fields.get("guardian") != "yes":
        raise ConsentFormError(
            "For somebody under 18, a parent or guardian decides.",
            hint="Tick the box if you are.",
        )
    guard.likeness.consents.grant(
        person.id,
        given_by="guardian" if minor else "self",
        grantee=fields.get("grantee", ""),
        grantee_id=fields.get("grantee_id", ""),
        purposes=tuple(one for one in WORDS if fields.get(f"for_{one}") == "yes"),
        media=("picture", "video") if fields.get("video") == "yes" else ("picture",),
        until=_end_of(fields.get("until", "")),
        evidence="Given on the person's own page.",
    )
    return Told(N_("It is noted. You can take it back at any time."))


def _revoke(guard: Guard, person: Person, consent_id: str) -> Told:
    mine = {one.terms.id for one in guard.likeness.consents.of(person.id)}
    if consent_id not in mine:
        raise ConsentUnknownError("There is no such consent.", hint="")
    guard.likeness.consents.revoke(consent_id)
    return Told(N_("It is taken back. From now on nothing is made under it."))


def _erase(guard: Guard, person: Person, fields: Mapping[str, str]) -> Told:
    if fields.get("sure") != "yes":
        raise ConsentFormError("Tick the box if you are sure.", hint="")
    entry = guard.likeness.persons.erase(person.id)
    guard.log.public.checkpoint()
    return Told("", guard.log.prove(entry))


def _end_of(day: str) -> datetime | None:
    if not day.strip():
        return None
    try:
        parsed = datetime.fromisoformat(day.strip())
    except ValueError as error:
        raise ConsentFormError("This is no day.", hint="For example 2027-12-31.") from error
    return datetime.combine(parsed.date(), time(23, 59, 59), UTC)


def _holds(one: Consent, now: str) -> bool:
    return one.revoked_at is None and not (one.terms.until and one.terms.until <= now)
