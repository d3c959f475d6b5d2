"""`Likeness`: persons, consents and the register of one installation, and enrolling from photos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from consentry.config import Settings
from consentry.errors import ConsentryError, PersonFormError, PersonTakenError
from consentry.ledger.log import Log
from consentry.likeness.consents import Consents
from consentry.likeness.persons import DIMENSIONS, Enrolled, Persons, Verified
from consentry.likeness.profile import Profile
from consentry.likeness.register import Register
from consentry.likeness.templates import Portrait, TemplateMaker, agreement
from consentry.likeness.thresholds import Thresholds, thresholds
from consentry.media import Picture
from consentry.storage import Storage

__all__ = ["MOST_PHOTOS", "Likeness"]

MOST_PHOTOS: Final = 10


class Likeness:
    """Everything about persons, opened when it is needed. Threads may share it."""

    def __init__(self, settings: Settings, storage: Storage, log: Log) -> None:
        """Load nothing heavy."""
        self.settings = settings.likeness
        self.biometrics = self.settings.mode == "faces"
        self._storage = storage
        self._log = log
        self._all_settings = settings

    @cached_property
    def persons(self) -> Persons:
        """Who enrolled."""
        return Persons(self._storage, self._log)

    @cached_property
    def consents(self) -> Consents:
        """What they agreed to."""
        return Consents(self._storage, self._log, self.persons)

    @cached_property
    def register(self) -> Register:
        """What is in force."""
        return Register(self._storage, self.persons, self.consents, biometrics=self.biometrics)

    @cached_property
    def maker(self) -> TemplateMaker:
        """Makes face templates."""
        return TemplateMaker(self._all_settings)

    def warm_up(self) -> None:
        """Read the register and load the model, where anybody is enrolled.

        Raises:
            ConsentryError: somebody who is enrolled could not be recognised.
        """
        if self.register.anybody() and self.biometrics:
            self.maker.warm_up()
            self.register.gallery.search(np.zeros((1, DIMENSIONS), np.float32), 1.0)

    def thresholds(self) -> Thresholds:
        """From which cosine a face counts, at the present size of the gallery."""
        return thresholds(self.settings, len(self.register.gallery))

    def enrol(
        self,
        profile: Profile,
        photos: Sequence[Picture],
        *,
        verified: Verified = "",
        invited: str | None = None,
    ) -> Enrolled:
        """Enrol a person with decoded photos of them, which are not kept.

        Raises:
            PortraitError: a photo cannot be used; the message says which and why.
            PersonFormError: there are too many photos, or none may be taken.
            PersonTakenError: the face is somebody's who is enrolled.
            ConsentryError: as `Persons.enrol`.
        """
        if not self.biometrics and photos:
            raise PersonFormError(
                "This installation recognises no faces.", hint="Enrol without photos."
            )
        if len(photos) > MOST_PHOTOS:
            raise PersonFormError(f"At most {MOST_PHOTOS} photos are taken.")
        taken = [self.maker.take(one) for one in photos]
        agreement([one.template for one in taken])
        templates = [one.template for one in taken] or np.empty((0, DIMENSIONS), np.float32)
        return self.enrol_templates(
            profile, np.asarray(templates), verified=verified, invited=invited
        )

    def enrol_templates(
        self,
        profile: Profile,
        templates: NDArray[np.float32],
        *,
        verified: Verified = "",
        invited: str | None = None,
    ) -> Enrolled:
        """Enrol a person with templates, (n, 128), that were taken and agree.

        Raises:
            PersonTakenError: the face is somebody's who is enrolled.
            ConsentryError: as `Persons.enrol`.
        """
        self.register.refresh()
        if len(templates) and any(self.register.gallery.search(templates, self._bar())):
            raise PersonTakenError("This face is enrolled already.")
        return self.persons.enrol(profile, templates, verified=verified, invited=invited)

    def agree(self, before: NDArray[np.float32], template: NDArray[np.float32]) -> None:
        """Refuse a template that is not of the person of those before.

        Raises:
            PortraitDisagreeError: it seems to be of somebody else.
        """
        agreement([*before, template])

    def portraits(self, photos: Sequence[Picture]) -> list[Portrait | ConsentryError]:
        """Of each photo, what can be taken from it or why nothing can."""
        told: list[Portrait | ConsentryError] = []
        for one in photos:
            try:
                told.append(self.maker.take(one))
            except ConsentryError as error:
                told.append(error)
        return told

    def remember(self, rows: Sequence[Mapping[str, Any]], keep: timedelta) -> None:
        """Keep which persons a decision was about.

        Raises:
            StorageError: it could not be stored.
        """
        self._storage.persons.depictions.remember(rows, keep)

    def recent(self, person_id: str) -> int:
        """Decisions about a person without consent within the last hour."""
        return self._storage.persons.depictions.recent(person_id, timedelta(hours=1))

    def _bar(self) -> float:
        return self.thresholds().match
