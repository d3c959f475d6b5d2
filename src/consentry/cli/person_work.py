"""The work behind `consentry person` and `consentry consent`: an opened installation, and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from consentry.config import load_settings
from consentry.errors import ConsentryError, PersonFormError, PortraitError
from consentry.ledger.log import Log
from consentry.likeness import consents as consents_of
from consentry.likeness import persons as persons_of
from consentry.likeness.office import Likeness
from consentry.likeness.persons import Invitation, Verified
from consentry.likeness.profile import Profile
from consentry.media import MediaDecoder, Picture
from consentry.storage import open_storage

__all__ = [
    "as_line",
    "calibrate",
    "dispute",
    "enrol",
    "erase",
    "everybody",
    "invite",
    "new_link",
    "opened",
    "outputs",
    "revoke_all",
    "show",
    "verify",
]


@dataclass(frozen=True, slots=True)
class Opened:
    """An installation as far as persons need it."""

    likeness: Likeness
    log: Log


@contextmanager
def opened() -> Iterator[Opened]:
    """Open the installation in force; it is closed at the end.

    Raises:
        ConsentryError: it cannot be used.
    """
    settings = load_settings()
    with closing(open_storage(settings)) as storage, closing(Log.open(settings, storage)) as log:
        likeness = Likeness(settings, storage, log)
        likeness.persons.tidy()
        yield Opened(likeness, log)


def enrol(
    name: str, photos: Sequence[Path], verified: Verified, told: Mapping[str, Any]
) -> dict[str, Any]:
    """Enrol somebody; gives the id and the end of the address of their own page.

    Raises:
        PortraitError: naming the photo that cannot be used.
        ConsentryError: what else stands in the way.
    """
    if verified and not str(told.get("evidence", "")).strip():
        raise PersonFormError("Say how you made sure.", hint="Give --evidence.")
    profile = Profile.of(name, **told)
    with opened() as parts:
        pictures = _decoded(photos, parts.likeness)
        done = parts.likeness.enrol(profile, pictures, verified=verified)
    return {"id": done.person_id, "page": f"/my/{done.secret}", "entry": done.entry}


def invite(account: str, verified: Verified, evidence: str, lasts: timedelta) -> str:
    """Make a link to enrol by; the end of its address."""
    if verified and not evidence.strip():
        raise PersonFormError("Say how you made sure.", hint="Give --evidence.")
    with opened() as parts:
        invitation = Invitation(account, verified, evidence)
        return parts.likeness.persons.invite(invitation, lasts)


def everybody() -> list[dict[str, Any]]:
    """Everybody who is enrolled."""
    with opened() as parts:
        return [persons_of.as_json(one) for one in parts.likeness.persons.list()]


def as_line(one: Mapping[str, Any]) -> str:
    """A person on one line."""
    state = "disputed" if one["disputed"] else one["verified"] or "not verified"
    return f"{one['id']}  {one['name']}  {one['age']}  {one['templates']} templates  {state}"


def show(person_id: str) -> dict[str, Any]:
    """A person with consents and depictions."""
    with opened() as parts:
        office = parts.likeness
        found = persons_of.as_json(office.persons.get(person_id))
        found["consents"] = [consents_of.as_json(one) for one in office.consents.of(person_id)]
        found["depictions"] = [asdict(one) for one in office.consents.past(person_id)]
    return found


def verify(person_id: str, how: Verified, evidence: str) -> int:
    """Note that a person is who they say; the index of the entry."""
    with opened() as parts:
        return parts.likeness.persons.verify(person_id, how, evidence)


def dispute(person_id: str, why: str) -> int:
    """Note a dispute; the index of the entry."""
    with opened() as parts:
        return parts.likeness.persons.dispute(person_id, why)


def new_link(person_id: str) -> str:
    """A new end of the address of a person's own page."""
    with opened() as parts:
        return parts.likeness.persons.renew_link(person_id)


def erase(person_id: str) -> tuple[int, str]:
    """Erase a person; the index of the entry, and its proof."""
    with opened() as parts:
        entry = parts.likeness.persons.erase(person_id)
        parts.log.public.checkpoint()
        return entry, parts.log.prove(entry)


def revoke_all(person_id: str) -> dict[str, Any]:
    """Take back all consents of a person; what was let through under them."""
    with opened() as parts:
        consents = parts.likeness.consents
        held = [one for one in consents.of(person_id) if one.revoked_at is None]
        done = [consents.revoke(one.terms.id) for one in held]
    past = [asdict(depiction) for one in done for depiction in one.past]
    return {"revoked": len(done), "to_take_down": past}


def outputs(person_id: str, *, everything: bool) -> list[dict[str, Any]]:
    """Past decisions about a person."""
    with opened() as parts:
        parts.likeness.persons.get(person_id)
        past = parts.likeness.consents.past(person_id)
    return [asdict(one) for one in past if everything or _to_take_down(one)]


def calibrate(folder: Path) -> dict[str, Any]:
    """Measure on the photos in `folder`."""
    from consentry.evaluation.faces import measure

    settings = load_settings()
    with MediaDecoder(settings.media) as decoder:
        return measure(folder, settings, decoder)


def _to_take_down(one: consents_of.PastDepiction) -> bool:
    return one.withdrawn_at is not None and one.action in {"allow", "label"}


def _decoded(photos: Sequence[Path], office: Likeness) -> list[Picture]:
    """The photos, each of which can be used.

    Raises:
        PortraitError: one cannot; all that cannot are named.
    """
    pictures: list[Picture] = []
    with MediaDecoder(load_settings().media) as decoder:
        for path in photos:
            media = decoder.decode(path.read_bytes(), name=path.name)
            if not isinstance(media, Picture):
                raise PortraitError(f"{path.name} is no photo.")
            pictures.append(media)
    if not office.biometrics:
        return pictures
    told = zip(photos, office.portraits(pictures), strict=True)
    faults = [f"{path.name}: {one}" for path, one in told if isinstance(one, ConsentryError)]
    if faults:
        raise PortraitError(" ".join(faults), hint="Leave these out, or take others.")
    return pictures
