"""`Consents`: given, taken back, shown, and made into tokens; each change with its log entry."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final

from sqlalchemy import Connection, Row

from consentry.errors import ConsentFormError, ConsentUnknownError, TokenError
from consentry.ledger.log import Log
from consentry.likeness.consent import Giver, Terms, Use
from consentry.likeness.persons import Persons
from consentry.likeness.receipts import ReceiptSigner
from consentry.storage import Storage
from consentry.storage.key_records import iso
from consentry.storage.vault import Vault

__all__ = ["Consent", "Consents", "PastDepiction", "Revoked", "Token", "as_json"]

_LONGEST_TOKEN: Final = timedelta(days=1)
_MOST_USES: Final = 100


@dataclass(frozen=True, slots=True)
class Consent:
    """A consent as it stands.

    Attributes:
        terms: what was agreed to.
        receipt: the signed receipt.
        revoked_at: when it was taken back, ISO 8601, UTC, or None.
    """

    terms: Terms
    receipt: str
    revoked_at: str | None


@dataclass(frozen=True, slots=True)
class PastDepiction:
    """A decision that was about a person.

    Attributes:
        decision_id: of the decision.
        stage: where on the road.
        action: what was decided.
        consent_id: the consent that covered it, or None.
        at: when, ISO 8601, UTC.
        withdrawn_at: when that consent was taken back, or None.
    """

    decision_id: str
    stage: str
    action: str
    consent_id: str | None
    at: str
    withdrawn_at: str | None

    @classmethod
    def of(cls, row: Row[Any]) -> PastDepiction:
        """From its row."""
        names = ("decision_id", "stage", "action", "consent_id", "at", "withdrawn_at")
        return cls(**{name: getattr(row, name) for name in names})


@dataclass(frozen=True, slots=True)
class Revoked:
    """What taking back gives.

    Attributes:
        entry: index of the entry in the log.
        past: what was made under the consent and was released, the newest first: the application
            takes it down.
    """

    entry: int
    past: tuple[PastDepiction, ...]


@dataclass(frozen=True, slots=True)
class Token:
    """A verified consent token.

    Attributes:
        id: of the token, for counting its uses.
        consent_id: the consent that it was made from.
        uses: how often it may be used at each stage.
        expires_at: ISO 8601, UTC.
    """

    id: str
    consent_id: str
    uses: int
    expires_at: str


class Consents:
    """The consents of one installation; threads and processes may share it."""

    def __init__(self, storage: Storage, log: Log, persons: Persons) -> None:
        """Keep consents of `persons` in `storage` and append to `log`."""
        self._storage = storage
        self._store = storage.persons
        self._log = log
        self._persons = persons

    @cached_property
    def signer(self) -> ReceiptSigner:
        """Signs receipts and tokens.

        Raises:
            StorageError: its key cannot be used.
        """
        return ReceiptSigner(self._storage.home)

    def grant(self, person_id: str, *, given_by: Giver = "self", **asked: Any) -> Consent:  # noqa: ANN401  see Terms.of
        """Give a consent; in force everywhere when this returns.

        Args:
            person_id: who is depicted.
            given_by: who agreed: the person, the guardian, or the operator on evidence.
            asked: the rest, as `Terms.of` takes it.

        Raises:
            ConsentFormError: the terms cannot be used, or somebody else must agree.
            PersonUnknownError: nobody is enrolled under this id.
            StorageError: it could not be stored; then there is no consent.
        """
        person = self._persons.get(person_id)
        if person.profile.age != "adult" and given_by != "guardian":
            raise ConsentFormError(
                "For somebody under 18, a parent or guardian decides.",
                hint=f"Ask {person.profile.guardian}.",
            )
        if given_by == "operator" and not str(asked.get("evidence", "")).strip():
            raise ConsentFormError(
                "The operator cannot agree for somebody.", hint="Say how the person agreed."
            )
        terms = Terms.of(secrets.token_hex(16), person_id, given_by=given_by, **asked)
        receipt = self.signer.sign("consentry-consent", terms.as_json())
        vault = self._storage.person_keys.open(person_id)
        sealed = vault.seal(receipt.encode(), purpose=f"consent:{terms.id}")

        def save(connection: Connection, index: int) -> None:
            row = {"id": terms.id, "person_id": person_id, "receipt": sealed}
            self._store.add_consent(connection, {**row, "created_at": iso(datetime.now(UTC))})
            self._store.note_entry(connection, person_id, index)

        self._log.append("consent", {"person": person_id, "receipt": receipt}, also=save)
        return Consent(terms, receipt, None)

    def revoke(self, consent_id: str) -> Revoked:
        """Take a consent back; no process lets anything pass on it when this returns.

        Raises:
            ConsentUnknownError: there is none with this id.
            StorageError: it could not be stored.
        """
        row = self._row(consent_id)
        past: Sequence[Row[Any]] = ()

        def save(connection: Connection, index: int) -> None:
            nonlocal past
            self._store.revoke(connection, consent_id)
            past = self._store.depictions.withdraw(connection, consent_id)
            self._store.note_entry(connection, row.person_id, index)

        payload = {"person": row.person_id, "consent": consent_id}
        entry = self._log.append("revocation", payload, also=save)
        found = (PastDepiction.of(one) for one in past)
        return Revoked(entry, tuple(one for one in found if one.action in {"allow", "label"}))

    def get(self, consent_id: str) -> Consent:
        """A consent.

        Raises:
            ConsentUnknownError: there is none with this id, or its person was erased.
            StorageError: it cannot be read.
        """
        row = self._row(consent_id)
        return self.opened(row, self._storage.person_keys.open(row.person_id))

    def of(self, person_id: str) -> list[Consent]:
        """All consents of a person, the oldest first.

        Raises:
            PersonUnknownError: nobody is enrolled under this id.
            StorageError: they cannot be read.
        """
        vault = self._storage.person_keys.open(person_id)
        rows = self._store.consents_of(person_id)
        return [self.opened(row, vault) for row in rows if row.receipt is not None]

    def opened(self, row: Row[Any], vault: Vault) -> Consent:
        """The consent in a row.

        Raises:
            StorageError: it was altered.
        """
        receipt = vault.open(row.receipt, purpose=f"consent:{row.id}").decode()
        terms = Terms.from_json(self.signer.read("consentry-consent", receipt))
        return Consent(terms, receipt, row.revoked_at)

    def past(self, person_id: str) -> list[PastDepiction]:
        """Every decision that is remembered to be about a person, the newest first.

        Raises:
            StorageError: they cannot be read.
        """
        return [PastDepiction.of(row) for row in self._store.depictions.of(person_id)]

    def make_token(
        self,
        consent_id: str,
        *,
        account: str = "",
        purpose: str = "portrait",
        lasts: timedelta = timedelta(minutes=10),
        uses: int = 1,
    ) -> str:
        """A token that an application hands over with a request that rests on this consent.

        Args:
            consent_id: the consent.
            account: the one account that may use it; empty for whoever holds it.
            purpose: the one purpose that it is for.
            lasts: up to a day.
            uses: how often it may be used at each stage, up to 100.

        Raises:
            ConsentFormError: a part cannot be used, or the consent was taken back.
            ConsentUnknownError: there is none with this id.
            StorageError: it cannot be read.
        """
        consent = self.get(consent_id)
        if consent.revoked_at is not None:
            raise ConsentFormError("This consent was taken back.", hint="Ask the person again.")
        if purpose not in consent.terms.purposes or purpose == "intimate":
            raise ConsentFormError(f"This consent is not for the purpose {purpose}.")
        if not timedelta(0) < lasts <= _LONGEST_TOKEN or not 0 < uses <= _MOST_USES:
            raise ConsentFormError(f"A token lasts up to a day and for up to {_MOST_USES} uses.")
        claims = {
            "jti": secrets.token_hex(16),
            "consent": consent_id,
            "account": account,
            "purpose": purpose,
            "uses": uses,
            "exp": iso(datetime.now(UTC) + lasts),
        }
        return self.signer.sign("consentry-token", claims)

    def read_token(self, text: str, use: Use, at: datetime | None = None) -> Token:
        """The token, if it is good for `use`; its uses are not counted here.

        Raises:
            TokenError: it is forged, too old, or for another account or purpose.
        """
        claims = self.signer.read("consentry-token", text)
        if iso(at or datetime.now(UTC)) >= str(claims["exp"]):
            raise TokenError("The consent token is too old.")
        if claims["account"] and claims["account"] != use.account:
            raise TokenError("The consent token is for another account.")
        if claims["purpose"] != use.purpose:
            raise TokenError("The consent token is for another purpose.")
        return Token(claims["jti"], claims["consent"], int(claims["uses"]), str(claims["exp"]))

    def use_token(self, token: Token, stage: str) -> None:
        """Count a use of a token.

        Raises:
            TokenError: it was used as often as it may be.
            StorageError: it could not be counted.
        """
        if not self._store.use(token.id, stage, token.uses, token.expires_at):
            raise TokenError("The consent token was used already.")

    def _row(self, consent_id: str) -> Row[Any]:
        row = self._store.consent(consent_id)
        if row is None or row.receipt is None:
            raise ConsentUnknownError("There is no consent with this id.")
        return row


def as_json(consent: Consent) -> dict[str, Any]:
    """A consent as the command line and the API give it."""
    return {**consent.terms.as_json(), "revoked_at": consent.revoked_at, "receipt": consent.receipt}
