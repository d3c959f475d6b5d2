"""Hash exchanges as an operator set them up: which one feeds which bank, and its credentials.

Only the set-up is kept here. Nothing is fetched from anywhere: hashes come in as files.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Engine, Row, delete, insert, select, update

from consentry.errors import NotFoundError
from consentry.storage.database import now, storage_errors
from consentry.storage.schema import exchange_credentials, exchanges
from consentry.storage.vault import Vault

__all__ = ["Exchange", "ExchangeStore"]

_PURPOSE: Final = "exchange credentials: {api}"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One exchange.

    Attributes:
        name: that of the bank that it feeds.
        api: what kind of exchange it is.
        enabled: whether it is to be used.
        config: what its kind asks for beside.
    """

    name: str
    api: str
    enabled: bool
    config: dict[str, Any]

    @classmethod
    def from_row(cls, row: Row[Any]) -> Exchange:
        """The exchange that a row of the table holds."""
        return cls(row.name, row.api, bool(row.enabled), dict(row.config))


class ExchangeStore:
    """The table of exchanges, and their credentials, which nobody can read back."""

    def __init__(self, engine: Engine, vault: Vault) -> None:
        """Use the open database `engine`; credentials are sealed by `vault`."""
        self._engine = engine
        self._vault = vault

    def list(self) -> list[Exchange]:
        """Every exchange, oldest first.

        Raises:
            StorageError: the database could not be read.
        """
        query = select(exchanges).order_by(exchanges.c.created_at, exchanges.c.name)
        with storage_errors(), self._engine.connect() as connection:
            return [Exchange.from_row(row) for row in connection.execute(query)]

    def get(self, name: str) -> Exchange:
        """The exchange called `name`.

        Raises:
            NotFoundError: there is none.
            StorageError: the database could not be read.
        """
        query = select(exchanges).where(exchanges.c.name == name)
        with storage_errors(), self._engine.connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise NotFoundError("No exchange has this name.")
        return Exchange.from_row(row)

    def create(self, exchange: Exchange) -> bool:
        """Save a new one; False, and nothing saved, when the name is taken.

        Raises:
            StorageError: it could not be saved.
        """
        row = {
            "name": exchange.name,
            "api": exchange.api,
            "enabled": exchange.enabled,
            "config": exchange.config,
            "created_at": now(),
        }
        known = select(exchanges.c.name).where(exchanges.c.name == exchange.name)
        with storage_errors(), self._engine.begin() as connection:
            if connection.execute(known).first() is not None:
                return False
            connection.execute(insert(exchanges), row)
        return True

    def enable(self, name: str, *, enabled: bool) -> Exchange:
        """Say whether it is to be used; the exchange as it is then.

        Raises:
            NotFoundError: there is none.
            StorageError: it could not be saved.
        """
        change = update(exchanges).where(exchanges.c.name == name).values(enabled=enabled)
        with storage_errors(), self._engine.begin() as connection:
            connection.execute(change)
        return self.get(name)

    def delete(self, name: str) -> bool:
        """Forget it; whether there was one.

        Raises:
            StorageError: it could not be saved.
        """
        gone = delete(exchanges).where(exchanges.c.name == name)
        with storage_errors(), self._engine.begin() as connection:
            return connection.execute(gone).rowcount > 0

    def has_credentials(self, api: str) -> bool:
        """Whether credentials are kept for this kind of exchange.

        Raises:
            StorageError: the database could not be read.
        """
        query = select(exchange_credentials.c.api).where(exchange_credentials.c.api == api)
        with storage_errors(), self._engine.connect() as connection:
            return connection.execute(query).first() is not None

    def set_credentials(self, api: str, credentials: dict[str, Any] | None) -> None:
        """Keep credentials, sealed; None forgets them.

        Raises:
            StorageError: it could not be saved.
        """
        gone = delete(exchange_credentials).where(exchange_credentials.c.api == api)
        with storage_errors(), self._engine.begin() as connection:
            connection.execute(gone)
            if credentials is not None:
                plain = json.dumps(credentials).encode()
                sealed = self._vault.seal(plain, purpose=_PURPOSE.format(api=api))
                row = {"api": api, "sealed": sealed, "created_at": now()}
                connection.execute(insert(exchange_credentials), row)
