"""`Register`: what a running process knows of persons and consents, never older than its question.

Every question first asks the database for the number of the last change, about 0.1 ms, and reads
what changed. So a consent that was taken back in another process does not cover the next request.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row

from consentry.errors import PersonUnknownError, StorageError
from consentry.likeness.consent import Terms, Use
from consentry.likeness.consents import Consents
from consentry.likeness.gallery import Gallery
from consentry.likeness.persons import Persons
from consentry.storage import Storage
from consentry.storage.vault import Vault

__all__ = ["NO_COVER", "Cover", "Known", "Register"]


@dataclass(frozen=True, slots=True)
class Known:
    """What the road needs to know of a person.

    Attributes:
        id: of the person.
        names: every way of writing the name.
        minor: somebody under 18.
        account: the person's own account, or empty.
        counts: verified and not disputed: this person's consent counts, and an edit without it is
            refused; otherwise a person looks.
    """

    id: str
    names: tuple[str, ...]
    minor: bool
    account: str
    counts: bool


@dataclass(frozen=True, slots=True)
class Cover:
    """Whether a use is covered.

    Attributes:
        covers: it is.
        own: by being the account's own likeness.
        consent_id: by this consent.
        why_not: the nearest consent's objection, where it is not covered and there is one.
    """

    covers: bool
    own: bool = False
    consent_id: str | None = None
    why_not: str = ""


NO_COVER: Final = Cover(covers=False)


@dataclass(slots=True)
class _State:
    sequence: int = 0
    people: dict[str, Known] = field(default_factory=dict)
    consents: dict[str, dict[str, Terms]] = field(default_factory=dict)


class Register:
    """The persons and consents in force; threads may share it."""

    def __init__(
        self, storage: Storage, persons: Persons, consents: Consents, *, biometrics: bool
    ) -> None:
        """Read nothing yet; without `biometrics`, templates are not even opened."""
        self._storage = storage
        self._persons = persons
        self._consents = consents
        self._biometrics = biometrics
        self._lock = threading.RLock()
        self._state = _State()
        self.gallery = Gallery()

    @property
    def sequence(self) -> int:
        """The number of the last change that is known here."""
        return self._state.sequence

    def refresh(self) -> None:
        """Learn of every change that was made before this was called.

        Raises:
            StorageError: the database or a key cannot be used: then nobody may answer from here.
        """
        if self._storage.persons.head() <= self._state.sequence:
            return
        with self._lock:
            head = self._storage.persons.head()
            people, consents = self._storage.persons.changes(self._state.sequence)
            for row in people:
                self._take_person(row)
            for row in consents:
                self._take_consent(row)
            # A change that came between the two readings is read again next time: no harm.
            self._state.sequence = head

    def anybody(self) -> bool:
        """Whether anybody is enrolled. Refreshes first.

        Raises:
            StorageError: the database or a key cannot be used.
        """
        self.refresh()
        return bool(self._state.people)

    def names(self) -> Mapping[str, Sequence[str]]:
        """By id, every way of writing each person's name."""
        with self._lock:
            return {one.id: one.names for one in self._state.people.values()}

    def known(self, person_id: str) -> Known | None:
        """The person, or None: erased meanwhile, or never enrolled."""
        return self._state.people.get(person_id)

    def cover(self, person_id: str, use: Use, now: datetime | None = None) -> Cover:
        """Whether `use` of this person's likeness is covered at this moment."""
        with self._lock:
            person = self._state.people.get(person_id)
            given = list(self._state.consents.get(person_id, {}).values())
        if person is None or not person.counts:
            return NO_COVER
        own = bool(use.account) and use.account == person.account
        if own and not person.minor and use.purpose != "intimate":
            return Cover(covers=True, own=True)
        at, objection = now or datetime.now(UTC), ""
        for terms in given:
            objection = terms.objection(use, at)
            if not objection:
                return Cover(covers=True, consent_id=terms.id)
        return Cover(covers=False, why_not=objection)

    def _take_person(self, row: Row[Any]) -> None:
        person_id = str(row.id)
        vault = self._key_of(person_id) if row.live else None
        if vault is None:
            self._state.people.pop(person_id, None)
            self._state.consents.pop(person_id, None)
            self.gallery.remove(person_id)
            return
        profile = self._persons.profile(row, vault)
        counts = bool(row.verified) and not row.disputed
        minor = profile.age != "adult"
        self._state.people[person_id] = Known(
            person_id, profile.names, minor, profile.account, counts
        )
        if self._biometrics:
            self._place(person_id, self._persons.templates(row, vault))

    def _key_of(self, person_id: str) -> Vault | None:
        """The key; None if the person was erased since the row was read.

        Raises:
            StorageError: it is lost. Whoever asked to be protected must not be forgotten silently.
        """
        try:
            return self._storage.person_keys.open(person_id)
        except PersonUnknownError as error:
            if self._storage.persons.person(person_id) is None:
                return None
            raise StorageError(
                f"The key of the person {person_id} is lost.",
                hint="Restore keys/persons, or erase the person: `consentry person erase`.",
            ) from error

    def _place(self, person_id: str, templates: NDArray[np.float32]) -> None:
        if len(templates):
            self.gallery.replace(person_id, templates)

    def _take_consent(self, row: Row[Any]) -> None:
        mine = self._state.consents.setdefault(str(row.person_id), {})
        mine.pop(str(row.id), None)
        if row.revoked_at is not None or row.receipt is None:
            return
        try:
            vault = self._storage.person_keys.open(str(row.person_id))
        except PersonUnknownError:
            return
        mine[str(row.id)] = self._consents.opened(row, vault).terms
