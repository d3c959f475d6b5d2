"""`Persons`: who enrolled, under keys of their own, each change with its entry in the log.

persons = Persons(storage, log)
enrolled = persons.enrol(Profile.of("Anna Example"), templates, verified="operator")
persons.erase(enrolled.person_id)      # the key goes, and nobody can open what it sealed
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row

from consentry.errors import LinkUnknownError, PersonFormError, PersonUnknownError, ThrottledError
from consentry.ledger.entry import Kind
from consentry.ledger.log import Log
from consentry.likeness.profile import Profile
from consentry.storage import Storage
from consentry.storage.database import now
from consentry.storage.vault import Vault

__all__ = [
    "DIMENSIONS",
    "VERIFIED",
    "Enrolled",
    "Invitation",
    "Person",
    "Persons",
    "Verified",
    "as_json",
]

Verified: TypeAlias = Literal["", "link", "operator", "document"]
"""How it was made sure that it is this person: nobody did; by a link that was handed to them; the
operator knows them; by a document. An unverified person is protected, but cannot consent."""

VERIFIED: Final[tuple[Verified, ...]] = get_args(Verified)
DIMENSIONS: Final = 128
MOST_TRIES: Final = 30
"""Times that a link to enrol by can be tried."""

_UNFINISHED_S: Final = 3600.0
_LONGEST_LINK: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who enrolled.

    Attributes:
        id: 32 hexadecimal digits by chance.
        profile: what they told.
        templates: how many face templates there are.
        verified: see `Verified`.
        disputed: somebody says that this is not whose it should be.
        created_at: ISO 8601, UTC.
    """

    id: str
    profile: Profile
    templates: int
    verified: Verified
    disputed: bool
    created_at: str

    @property
    def can_consent(self) -> bool:
        """Whether what this person agrees to counts."""
        return bool(self.verified) and not self.disputed


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What enrolling gives.

    Attributes:
        person_id: of the person.
        secret: end of the address of the person's own page; it is not stored.
        entry: index of the entry in the log.
    """

    person_id: str
    secret: str
    entry: int


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a link to enrol by was made for.

    Attributes:
        account: the person's own account.
        verified: how the operator made sure of who gets the link.
        evidence: the same in words.
    """

    account: str = ""
    verified: Verified = ""
    evidence: str = ""


class Persons:
    """The persons of one installation; threads and processes may share it."""

    def __init__(self, storage: Storage, log: Log) -> None:
        """Keep persons in `storage` and append to `log`."""
        self._storage = storage
        self._store = storage.persons
        self._log = log

    def enrol(
        self,
        profile: Profile,
        templates: NDArray[np.float32] | None = None,
        *,
        verified: Verified = "",
        invited: str | None = None,
    ) -> Enrolled:
        """Enrol a person; in force everywhere when this returns.

        Args:
            profile: what the person tells.
            templates: (n, 128), unit length; None for names alone. Kept only under the person's
                own key.
            verified: how it was made sure that it is this person.
            invited: secret of the link that was used; it cannot be used again.

        Raises:
            LinkUnknownError: the link was used meanwhile.
            PersonFormError: the templates have not that shape.
            StorageError: it could not be stored; then nobody is enrolled.
        """
        blob, count = _packed(templates)
        person_id = secrets.token_hex(16)
        vault = self._storage.person_keys.create(person_id)
        row = self._row(person_id, profile, blob, vault, verified)
        secret = ""

        def save(connection: Connection, index: int) -> None:
            nonlocal secret
            if invited is not None and not self._store.links.take(connection, invited):
                raise LinkUnknownError("This link was used already.")
            self._store.add(connection, {**row, "log_entries": [index]})
            secret = self._store.links.create("own", person_id=person_id, connection=connection)

        payload = {"person": person_id, "age": profile.age, "templates": count, "by": verified}
        try:
            entry = self._log.append("enrolment", payload, also=save)
        except BaseException:
            self._storage.person_keys.destroy(person_id)
            raise
        return Enrolled(person_id, secret, entry)

    def get(self, person_id: str) -> Person:
        """A person.

        Raises:
            PersonUnknownError: nobody is enrolled under this id.
            StorageError: what is stored cannot be read.
        """
        row = self._store.person(person_id)
        if row is None:
            raise PersonUnknownError("Nobody is enrolled under this id.")
        return self._opened(row)

    def list(self) -> list[Person]:
        """Everybody who is enrolled, oldest first.

        Raises:
            StorageError: what is stored cannot be read.
        """
        return [self._opened(row) for row in self._store.people()]

    def by_secret(self, secret: str) -> Person:
        """The person whose own page an address leads to.

        Raises:
            LinkUnknownError: it leads to nobody's.
            StorageError: what is stored cannot be read.
        """
        link = self._store.links.find("own", secret)
        if link is None:
            raise LinkUnknownError("This link is not valid, or no more.")
        return self.get(str(link.person_id))

    def verify(self, person_id: str, how: Verified, evidence: str) -> int:
        """Note that it was made sure who a person is; settles a dispute too.

        Returns:
            Index of the entry in the log.

        Raises:
            PersonFormError: no evidence is given.
            PersonUnknownError: nobody is enrolled under this id.
            StorageError: it could not be stored.
        """
        if not how or not evidence.strip():
            raise PersonFormError("Say how it was made sure.", hint="Give the evidence.")
        self.get(person_id)
        payload = {"verified": how, "evidence": evidence}
        return self._change("enrolment", person_id, payload, verified=how, disputed=False)

    def dispute(self, person_id: str, why: str) -> int:
        """Note that an enrolment is said to be of somebody else.

        Until it is settled by `verify` or `erase`, no consent of this person counts, and whoever
        looks like them is left to a person to look at.

        Returns:
            Index of the entry in the log.

        Raises:
            PersonUnknownError: nobody is enrolled under this id.
            StorageError: it could not be stored.
        """
        self.get(person_id)
        return self._change("dispute", person_id, {"why": why[:2000]}, disputed=True)

    def renew_link(self, person_id: str) -> str:
        """A new address of a person's own page; the old one ends.

        Raises:
            PersonUnknownError: nobody is enrolled under this id.
            StorageError: it could not be stored.
        """
        self.get(person_id)
        fresh = ""

        def save(connection: Connection, index: int) -> None:
            nonlocal fresh
            self._store.links.forget(connection, person_id)
            fresh = self._store.links.create("own", person_id=person_id, connection=connection)
            self._store.note_entry(connection, person_id, index)

        self._log.append("enrolment", {"person": person_id, "link": "renewed"}, also=save)
        return fresh

    def erase(self, person_id: str) -> int:
        """Erase a person: names, templates, consents, links, and what the log kept of them.

        In one transaction with its entry in the log; then the person's key is destroyed, so that
        copies and backups of the database cannot be opened either.

        Returns:
            Index of the entry: the receipt of the erasure, proved by `consentry ledger prove`.

        Raises:
            PersonUnknownError: nobody is enrolled under this id.
            StorageError: it could not be done.
        """
        row = self._store.person(person_id)
        if row is None:
            raise PersonUnknownError("Nobody is enrolled under this id.")

        def empty(connection: Connection, index: int) -> None:
            del index
            self._store.empty(connection, person_id)

        receipt = self._log.erase(list(row.log_entries), {"person": person_id}, also=empty)
        self._storage.person_keys.destroy(person_id)
        return receipt

    def tidy(self) -> int:
        """Finish erasures that were interrupted; gives how many keys were left.

        A key without a row may be that of somebody who is being enrolled at this moment in another
        process: it goes only after an hour.

        Raises:
            StorageError: one is still there.
        """
        held = self._storage.person_keys.held()
        rows, now = self._store.rows(list(held)), time.time()
        left = [
            name for name, made in held.items() if not rows.get(name, now - made < _UNFINISHED_S)
        ]
        for name in left:
            self._storage.person_keys.destroy(name)
        return len(left)

    def invite(self, invitation: Invitation, lasts: timedelta = timedelta(days=2)) -> str:
        """Make a link to enrol by, once; the secret that its address ends with.

        Raises:
            PersonFormError: it would last longer than 30 days, or not at all.
            StorageError: it could not be stored.
        """
        if not timedelta(0) < lasts <= _LONGEST_LINK:
            raise PersonFormError("A link lasts up to 30 days.", hint="Choose fewer hours.")
        terms = {name: getattr(invitation, name) for name in ("account", "verified", "evidence")}
        return self._store.links.create("enrol", terms=terms, expires_at=datetime.now(UTC) + lasts)

    def invitation(self, secret: str, *, trying: bool = False) -> Invitation:
        """What a link to enrol by was made for.

        Args:
            secret: end of its address.
            trying: somebody sends photos now: a link takes 30 such tries.

        Raises:
            LinkUnknownError: it is unknown, used or too old.
            ThrottledError: it was tried too often.
            StorageError: the database cannot be used.
        """
        link = self._store.links.find("enrol", secret)
        if link is None:
            raise LinkUnknownError("This link is not valid, or no more.")
        if trying and self._store.links.count_try("enrol", secret) > MOST_TRIES:
            raise ThrottledError(
                "This link was tried too often.", hint="Ask whoever sent it for a new one."
            )
        return Invitation(**link.terms)

    def templates(self, row: Row[Any], vault: Vault) -> NDArray[np.float32]:
        """The templates in a person's row, (n, 128).

        Raises:
            StorageError: they were altered.
        """
        if row.templates is None:
            return np.empty((0, DIMENSIONS), np.float32)
        plain = vault.open(row.templates, purpose=f"templates:{row.id}")
        return np.frombuffer(plain, "<f4").reshape(-1, DIMENSIONS).astype(np.float32)

    def profile(self, row: Row[Any], vault: Vault) -> Profile:
        """The profile in a person's row.

        Raises:
            StorageError: it was altered.
        """
        return Profile.from_bytes(vault.open(row.profile, purpose=f"profile:{row.id}"))

    def _change(
        self,
        kind: Kind,
        person_id: str,
        payload: Mapping[str, Any],
        **columns: str | bool,
    ) -> int:
        def save(connection: Connection, index: int) -> None:
            self._store.change(connection, person_id, **columns)
            self._store.note_entry(connection, person_id, index)

        return self._log.append(kind, {"person": person_id, **payload}, also=save)

    def _row(
        self, person_id: str, profile: Profile, blob: bytes | None, vault: Vault, verified: str
    ) -> dict[str, Any]:
        sealed = None if blob is None else vault.seal(blob, purpose=f"templates:{person_id}")
        return {
            "id": person_id,
            "live": True,
            "age": profile.age,
            "verified": verified,
            "disputed": False,
            "profile": vault.seal(profile.to_bytes(), purpose=f"profile:{person_id}"),
            "templates": sealed,
            "created_at": now(),
        }

    def _opened(self, row: Row[Any]) -> Person:
        vault = self._storage.person_keys.open(str(row.id))
        return Person(
            str(row.id),
            self.profile(row, vault),
            len(self.templates(row, vault)),
            row.verified,
            bool(row.disputed),
            str(row.created_at),
        )


def _packed(templates: NDArray[np.float32] | None) -> tuple[bytes | None, int]:
    if templates is None or len(templates) == 0:
        return None, 0
    if templates.ndim != 2 or templates.shape[1] != DIMENSIONS:  # noqa: PLR2004  rows of templates
        raise PersonFormError("Face templates have not the right shape.", hint="")
    return templates.astype("<f4").tobytes(), len(templates)


def as_json(person: Person) -> dict[str, Any]:
    """A person as the command line and the API give it, for the operator."""
    profile = person.profile
    return {
        "id": person.id,
        "name": profile.name,
        "aliases": list(profile.aliases),
        "age": profile.age,
        "guardian": profile.guardian,
        "account": profile.account,
        "templates": person.templates,
        "verified": person.verified,
        "disputed": person.disputed,
        "created_at": person.created_at,
    }
