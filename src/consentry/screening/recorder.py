"""Decisions into the log: none takes effect before its entry is in there, and neither do the rules.

A decision and its entry are one transaction. The entry commits to the decision as it is stored,
all but the receipt, which is the index of the entry.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from consentry.config import Settings
from consentry.detectors.loading import Roster
from consentry.ledger.entry import decision_payload
from consentry.ledger.log import Log
from consentry.policy.engine import Policy
from consentry.screening.decision import Decision
from consentry.storage import Storage

__all__ = ["Recorder"]


class Recorder:
    """Stores decisions under entries of the log; threads may share it."""

    def __init__(self, settings: Settings, storage: Storage, log: Log) -> None:
        """Store in `storage`, and append to `log`."""
        self._decisions = storage.decisions
        self._log = log
        self._durable = settings.ledger.flush_decisions

    def begin(self, policy: Policy, roster: Roster) -> None:
        """Append which policy and which detectors decide from now on, if they are others than last.

        Raises:
            LedgerDamagedError: the log is not whole.
            StorageError: it could not be written.
        """
        self._log.append_change("policy", {"version": policy.version})
        self._log.append_change("models", _models(roster))

    def keep(self, decision: Decision) -> Decision:
        """Store `decision` and append its entry; gives it with its receipt.

        Raises:
            LedgerDamagedError: the log is not whole; then there is no decision.
            StorageError: it could not be stored; the same.
        """
        document = decision.as_json()

        def save(connection: Connection, index: int) -> None:
            self._decisions.save(connection, {**document, "receipt": str(index)})

        payload = decision_payload(document)
        index = self._log.append("decision", payload, also=save, keep=False, durable=self._durable)
        return replace(decision, receipt=str(index))


def _models(roster: Roster) -> dict[str, Any]:
    """Who looks, by kind and name; the version holds the digest of the model's file."""
    return {
        "active": sorted([one.kind, one.name, one.version] for one in roster.active),
        "disabled": sorted([one.kind, one.name] for one in roster.disabled),
    }
