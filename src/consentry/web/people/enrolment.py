"""One step on the page to enrol: a photo is looked at, or the person is enrolled."""

from __future__ import annotations

from dataclasses import replace

from consentry.errors import ConsentryError, LinkUnknownError, PortraitError
from consentry.guard import Guard
from consentry.likeness.office import MOST_PHOTOS
from consentry.likeness.persons import Enrolled
from consentry.likeness.profile import Profile
from consentry.media import Picture
from consentry.web.people.enrolling import Enrolling, Sealer

__all__ = ["enrol_step"]


def enrol_step(
    guard: Guard, secret: str, asked: Enrolling, photo: bytes | None
) -> Enrolling | Enrolled:
    """Take the photo, if one came; then enrol, if that was asked for and all is well.

    Returns:
        The form again, with what is wrong or what was taken; or who was enrolled.

    Raises:
        LinkUnknownError: the link was used meanwhile.
    """
    sealer = Sealer(guard.storage.vault, secret)
    try:
        if photo is not None:
            asked = asked.with_photo(_taken(guard, sealer, asked, photo))
        if not asked.finish:
            return replace(asked, trouble=None)
        return _enrolled(guard, sealer, secret, asked)
    except LinkUnknownError:
        raise
    except ConsentryError as error:
        return asked.with_trouble(error)


def _taken(guard: Guard, sealer: Sealer, asked: Enrolling, photo: bytes) -> str:
    if not guard.likeness.biometrics:
        raise PortraitError("No photos are taken here.", hint="Go on without.")
    if len(asked.taken) >= MOST_PHOTOS:
        raise PortraitError(f"At most {MOST_PHOTOS} photos are taken.", hint="Go on.")
    media = guard.decode(photo)
    if not isinstance(media, Picture):
        raise PortraitError("This is no photo.")
    portrait = guard.likeness.maker.take(media)
    guard.likeness.agree(sealer.open(asked.taken), portrait.template)
    return sealer.seal(portrait.template)


def _enrolled(guard: Guard, sealer: Sealer, secret: str, asked: Enrolling) -> Enrolled:
    asked.checked()
    invitation = guard.likeness.persons.invitation(secret)
    profile = Profile.of(
        asked.name,
        aliases=asked.other_names,
        age=asked.age,
        guardian=asked.guardian,
        contact=asked.contact,
        account=invitation.account,
        evidence=f"Agreed on the page to enrol. {invitation.evidence}".strip(),
    )
    return guard.likeness.enrol_templates(
        profile, sealer.open(asked.taken), verified=invitation.verified, invited=secret
    )
