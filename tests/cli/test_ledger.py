"""`consentry ledger`, as a person types it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest
from click.testing import CliRunner

from consentry.cli import cli
from consentry.config import Settings
from consentry.errors import NotFoundError, ProofError
from consentry.ledger import verify
from consentry.ledger.log import Log
from consentry.storage import open_storage


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CONSENTRY_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def run(home):
    assert not home.exists()
    return lambda *words: CliRunner().invoke(
        cli, ["ledger", *map(str, words)], catch_exceptions=False
    )


@pytest.fixture
def filled(home):
    """A log with a decision and 20 other entries; the id of the decision."""
    settings = Settings(home=home)
    storage = open_storage(settings)
    log = Log.open(settings, storage)
    document = {
        "id": "ab" * 16,
        "created_at": "2026-11-24T09:00:00.000+00:00",
        "stage": "prompt",
        "action": "allow",
        "input": "sha256:0",
        "policy": "sha256:1",
    }

    def save(connection, index):
        storage.decisions.save(connection, {**document, "receipt": str(index)})

    log.append("decision", document, also=save, keep=False)
    for number in range(20):
        log.append("consent", {"n": number}, durable=False)
    log.close()
    storage.close()
    return document["id"]


def test_a_proof_of_a_decision_is_checked_with_the_public_key_alone(run, filled, tmp_path, home):
    key = run("checkpoint", "--public-key").stdout.strip()
    file = tmp_path / "a.tlog-proof"
    assert run("prove", filled, "-o", file).exit_code == 0
    home.rename(tmp_path / "elsewhere")
    done = run("verify", file, "--key", key)
    assert (done.exit_code, "Entry 0, decision" in done.stdout) == (0, True)
    assert filled in done.stdout
    assert not home.exists(), "checking needs no installation"
    told = json.loads(run("verify", file, "--key", key, "--json").stdout)
    assert (told["verified"], told["index"], told["payload"]["action"]) == (True, 0, "allow")
    text = file.read_text()
    file.write_text(text.replace("index 0", "index 1"))
    done = run("verify", file, "--key", key)
    assert (done.exit_code, done.stdout.splitlines()[0]) == (1, "NOT VERIFIED: a.tlog-proof")


def test_an_entry_is_proved_by_its_index_and_may_stay_closed(run, filled, tmp_path):
    assert filled
    assert verify.parse_proof(run("prove", 5).stdout).payload == b'{"n":4}'
    assert verify.parse_proof(run("prove", 5, "--bare").stdout).payload is None
    file = tmp_path / "a"
    run("prove", "5", "--out", file)
    assert run("verify", file).exit_code == 0


def test_what_is_not_there_is_said(run, filled):
    for thing in ("99", "ff" * 16, "nonsense", "٣"):
        with pytest.raises(NotFoundError):
            run("prove", thing)
    assert run("prove").exit_code == 2
    assert run("prove", filled, "--since", __file__).exit_code == 2
    assert run("verify", "--key", "x").exit_code == 2
    with pytest.raises(ProofError):
        run("verify", __file__, "--key", "x")


def test_the_whole_log_is_checked(run, filled, home):
    done = run("verify")
    assert (done.exit_code, done.stdout) == (0, "Verified: the log, 21 entries.\n")
    with closing(sqlite3.connect(home / "consentry.db")) as base, base:
        base.execute("UPDATE decisions SET document = replace(document, 'allow', 'block')")
    done = run("verify", "--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["verified"]) == (1, False)
    assert told["faults"] == [f"Decision {filled} is not what its entry in the log commits to."]


def test_growth_is_proved_since_a_checkpoint(run, filled, tmp_path, home):
    assert filled
    run("checkpoint", "-o", tmp_path / "old")
    settings = Settings(home=home)
    storage = open_storage(settings)
    log = Log.open(settings, storage)
    log.append("consent", {})
    log.close()
    storage.close()
    run("checkpoint", "-o", tmp_path / "new")
    hashes = run("prove", "--since", tmp_path / "old").stdout
    old, new = (verify.parse_checkpoint((tmp_path / name).read_text()) for name in ("old", "new"))
    assert (old.size, new.size) == (21, 22)
    verify.check_consistency(old, new, verify.parse_hashes(hashes))
    assert run("verify", tmp_path / "new").exit_code == 0


def test_an_exported_log_verifies_and_grows(run, filled, tmp_path, home):
    assert filled
    key = verify.parse_key(run("checkpoint", "--public-key").stdout)
    for size in (21, 22):
        assert f"{size} entries" in run("export", tmp_path / "out").stderr
        assert verify.check_log(tmp_path / "out", key).size == size
        assert (tmp_path / "out" / "verify.py").read_text().startswith('"""Check a log of')
        settings = Settings(home=home)
        storage = open_storage(settings)
        log = Log.open(settings, storage)
        log.append("consent", {})
        log.close()
        storage.close()


def test_a_cosigned_checkpoint_is_taken_in(run, filled, tmp_path, monkeypatch):
    from tests.ledger.conftest import Witness

    assert filled
    witness = Witness()
    monkeypatch.setenv("CONSENTRY_LEDGER__WITNESSES", json.dumps([witness.vkey]))
    (tmp_path / "note").write_text(witness.sign(run("checkpoint").stdout))
    done = run("checkpoint", "--cosigned", tmp_path / "note")
    assert witness.name in done.stderr
    run("prove", 3, "-o", tmp_path / "proof")
    assert run("verify", tmp_path / "proof", "--witness", witness.vkey).exit_code == 0
    (tmp_path / "note").write_text(run("checkpoint").stdout.replace("\n2", "\n3", 1))
    with pytest.raises(ProofError):
        run("checkpoint", "--cosigned", tmp_path / "note")
