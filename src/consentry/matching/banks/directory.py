"""Banks themselves: made, found, changed, deleted. What is in them stands in `contents`."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any, Final

from sqlalchemy import Connection

from consentry.errors import (
    BankFormError,
    BankTakenError,
    BankUnknownError,
)
from consentry.matching.banks.adding import Intake
from consentry.matching.banks.coding import Coder, bank_of
from consentry.matching.banks.forms import check_bank, check_name
from consentry.matching.banks.records import (
    Bank,
    Category,
    Kind,
)
from consentry.storage import Storage
from consentry.storage.bank_signals import SignalRows
from consentry.storage.banks import BankRows, ContentRows
from consentry.storage.database import now
from consentry.storage.schema import bank_signals
from consentry.storage.sequences import Change

__all__ = ["BankDirectory", "bank_named", "take_out"]

_FIELDS: Final = frozenset(
    {
        "kind",
        "category",
        "source",
        "description",
        "max_distance",
        "enabled_ratio",
        "expires_days",
    }
)
_PART: Final = 500
_PAUSE_S: Final = 0.01  # between parts, so that whoever waits for the lock gets it


class BankDirectory:
    """The list of banks."""

    def __init__(self, storage: Storage) -> None:
        """Keep banks in `storage`.

        Raises:
            StorageError: the master key cannot be used.
        """
        self._storage = storage
        self._coder = Coder(storage.vault)
        self._intake = Intake(storage, self._coder)

    @property
    def sequence(self) -> int:
        """The newest change of any bank.

        Raises:
            StorageError: the database could not be read.
        """
        return self._storage.sequences.head("banks")

    def create(  # noqa: PLR0913  each is a property of a bank, all by name
        self,
        name: str,
        *,
        kind: Kind = "deny",
        category: Category = "known.removed",
        source: str = "",
        description: str = "",
        max_distance: int = 31,
        sealed: bool = False,
        enabled_ratio: float = 1.0,
        expires_days: int | None = None,
    ) -> Bank:
        """Make an empty bank; see `Bank` for what each argument means.

        Raises:
            BankFormError: a field is malformed.
            BankRuleError: it would allow or thin out known pictures of child sexual abuse.
            BankTakenError: another bank has this name.
            StorageError: it could not be saved.
        """
        bank = Bank(
            id=0,
            name=name,
            kind=kind,
            category=category,
            source=source,
            description=description,
            max_distance=max_distance,
            enabled_ratio=enabled_ratio,
            sealed=sealed,
            expires_days=expires_days,
            created_at=now(),
        )
        check_bank(asdict(bank))
        with self._storage.sequences.changing("banks") as change:
            _free(change, name)
            bank = replace(bank, id=change.ids("banks.rows", 1))
            BankRows.insert(change.connection, asdict(bank))
        return bank

    def get(self, name: str) -> Bank:
        """The bank with this name.

        Raises:
            BankUnknownError: there is none.
            StorageError: the database could not be read.
        """
        with self._storage.reading() as connection:
            return bank_named(connection, name)

    def list(self) -> list[Bank]:
        """Every bank, by name.

        Raises:
            StorageError: the database could not be read.
        """
        with self._storage.reading() as connection:
            return [bank_of(row) for row in BankRows.all(connection)]

    def count(self, name: str) -> int:
        """How many contents a bank has.

        Raises:
            BankUnknownError: there is no such bank.
            StorageError: the database could not be read.
        """
        with self._storage.reading() as connection:
            return ContentRows.count(connection, bank_named(connection, name).id)

    def update(self, name: str, /, **changes: Any) -> Bank:  # noqa: ANN401  checked against the fields
        """Change a bank: any field that `create` takes, but `sealed`.

        Raises:
            BankUnknownError: there is no such bank.
            BankFormError: a field is unknown or malformed.
            BankRuleError: as for `create`.
            StorageError: it could not be saved.
        """
        unknown = sorted(set(changes) - _FIELDS)
        if unknown:
            raise BankFormError(
                f"{', '.join(unknown)} of a bank cannot be changed.",
                hint=f"These can: {', '.join(sorted(_FIELDS))}.",
            )
        with self._storage.sequences.changing("banks") as change:
            bank = replace(bank_named(change.connection, name), **changes)
            check_bank(asdict(bank))
            if changes:
                BankRows.update(change.connection, bank.id, changes)
        return bank

    def rename(self, name: str, new: str) -> Bank:
        """Give a bank another name.

        Raises:
            BankUnknownError, BankFormError, BankTakenError: as for `get` and `create`.
            StorageError: it could not be saved.
        """
        check_name(new)
        with self._storage.sequences.changing("banks") as change:
            bank = bank_named(change.connection, name)
            if new != name:
                _free(change, new)
                BankRows.update(change.connection, bank.id, {"name": new})
        return replace(bank, name=new)

    def delete(self, name: str) -> int:
        """Delete a bank and everything in it; gives the number of the last change.

        Nothing of it is matched from the first moment on. Its hashes are wiped part by part, so
        that nobody waits; what a crash leaves of them, `withdraw_expired` wipes.

        Raises:
            BankUnknownError: there is no such bank.
            StorageError: it could not be saved.
        """
        with self._storage.sequences.changing("banks") as change:
            bank = bank_named(change.connection, name)
            BankRows.delete(change.connection, bank.id)
        last = change.sequence
        while ids := self._ids(ContentRows.of_bank, bank.id):
            last = self._wipe(ids)
        return last

    def _ids(self, find: Callable[..., Sequence[int]], *which: object) -> Sequence[int]:
        with self._storage.reading() as connection:
            return find(connection, *which, _PART)

    def _wipe(self, content_ids: Sequence[int]) -> int:
        with self._storage.sequences.changing("banks") as change:
            take_out(change, content_ids)
        time.sleep(_PAUSE_S)
        return change.sequence


def bank_named(connection: Connection, name: str) -> Bank:
    """The bank with this name.

    Raises:
        BankUnknownError: there is none.
    """
    row = BankRows.named(connection, name)
    if row is None:
        raise BankUnknownError("No bank has this name.")
    return bank_of(row)


def _free(change: Change, name: str) -> None:
    if BankRows.named(change.connection, name) is not None:
        raise BankTakenError(f"There is a bank {name} already.")


def take_out(change: Change, content_ids: Sequence[int]) -> None:
    """Withdraw the hashes of some contents, and delete the contents."""
    SignalRows.withdraw(change, bank_signals.c.content_id.in_(content_ids))
    ContentRows.delete(change.connection, content_ids)
