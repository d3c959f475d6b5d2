"""Decisions and the rules that made them stand in the log before they count."""

from __future__ import annotations

import json

import pytest

from consentry.errors import LedgerDamagedError, StorageError
from consentry.guard import Guard
from consentry.ledger import verify
from consentry.ledger.audit import audit
from consentry.ledger.entry import decision_payload
from consentry.screening.recorder import Recorder

KINDS = ["policy", "models"]


def kinds(guard):
    return [guard.log.entry(index).kind for index in range(guard.log.size())]


def test_a_decision_names_its_entry(settings):
    with Guard.open(settings) as guard:
        decision = guard.check_prompt("a lighthouse at dusk")
        assert decision.receipt == "2"
        stored = guard.storage.decisions.get(decision.id)
        assert stored["receipt"] == "2"
        proof = verify.parse_proof(guard.log.prove(2, decision_payload(stored)))
        verify.check_proof(proof, verify.parse_key(guard.log.public.verifier))
        assert json.loads(proof.payload)["id"] == decision.id
        assert "receipt" not in json.loads(proof.payload)
        assert kinds(guard) == [*KINDS, "decision"]
        assert list(audit(settings, guard.storage)) == []


def test_opened_again_with_the_same_rules_nothing_is_appended(settings):
    for _ in range(2):
        with Guard.open(settings) as guard:
            assert kinds(guard) == KINDS
            first = json.loads(guard.log.payload(0))
    assert first == {"version": guard.policy.version}
    models = json.loads(guard_models(settings))
    assert ["prompt", "prompt-rules"] in [one[:2] for one in models["active"]]


def guard_models(settings):
    with Guard.open(settings) as guard:
        return guard.log.payload(1)


def test_a_change_of_policy_or_of_detectors_is_appended(settings):
    Guard.open(settings).close()
    off = settings.model_copy(
        update={"detectors": settings.detectors.model_copy(update={"disabled": ("age",)})}
    )
    with Guard.open(off) as guard:
        assert kinds(guard) == [*KINDS, "models"]
        assert json.loads(guard.log.payload(2))["disabled"] == [["picture", "age"]]
        policy = guard.policy
        recorder = Recorder(settings, guard.storage, guard.log)
        guard._screener.policy = None
        recorder.begin(type("Other", (), {"version": "sha256:other"}), guard._screener.roster)
        assert kinds(guard) == [*KINDS, "models", "policy"]
        guard._screener.policy = policy


def test_without_an_entry_there_is_no_decision(settings):
    with Guard.open(settings) as guard:
        guard.log._store.insert = lambda *_: (_ for _ in ()).throw(
            StorageError("The disk is full.")
        )
        with pytest.raises(StorageError, match="full"):
            guard.check_prompt("a lighthouse at dusk")
        assert guard.storage.decisions.list() == []
        del guard.log._store.insert
        assert guard.check_prompt("a lighthouse").receipt == "2"


def test_a_damaged_log_stops_the_system(settings):
    with Guard.open(settings) as guard:
        guard.check_prompt("a lighthouse at dusk")
    (settings.home / "log" / "checkpoint").write_text("nonsense")
    with pytest.raises(LedgerDamagedError) as caught:
        Guard.open(settings)
    assert "restore" in caught.value.hint
