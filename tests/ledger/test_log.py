"""Appending, proving, erasing, publishing, on both databases; what is proved verifies alone."""

from __future__ import annotations

import base64
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from tests.ledger.rfc6962 import Tree
from tests.support.postgres import DATABASES, settings_on

from consentry.errors import (
    ConfigError,
    LedgerDamagedError,
    NotFoundError,
    ProofError,
    StorageError,
)
from consentry.ledger import verify
from consentry.ledger.audit import audit
from consentry.ledger.log import Log
from consentry.ledger.tiles import TilePath, paths
from consentry.storage import open_storage


@pytest.fixture(params=DATABASES)
def settings(request, tmp_path):
    return settings_on(request, tmp_path / "home")


def entries_of(log):
    size = log.size()
    with log._store.reading() as connection:
        return log._store.entries(connection, 0, size)


def checked(log, proof, *witnesses):
    found = verify.parse_proof(proof)
    verify.check_proof(found, verify.parse_key(log.public.verifier), witnesses)
    return found


def test_indexes_count_from_0_and_proofs_verify(log):
    indexes = [log.append("consent", {"receipt": number}) for number in range(5)]
    assert indexes == [0, 1, 2, 3, 4]
    proof = checked(log, log.prove(3))
    assert json.loads(proof.payload) == {"receipt": 3}
    entry = log.entry(3)
    assert (entry.kind, entry.time[-1], len(entry.commitment)) == ("consent", "Z", 32)
    assert entry.time in proof.entry.decode()
    assert log.payload(3) == b'{"receipt":3}'


def test_equal_payloads_look_different(log):
    first, second = (log.append("consent", {"same": True}) for _ in range(2))
    assert log.entry(first).commitment != log.entry(second).commitment


def test_an_entry_tells_nothing_of_its_payload(log, settings):
    log.append("enrolment", {"note": "xylophone"})
    log.public.checkpoint()
    assert b"xylophone" not in entries_of(log)[0]
    files = [path for path in settings.home.rglob("*") if path.is_file()]
    assert not any(b"xylophone" in path.read_bytes() for path in files)


def test_what_cannot_be_an_entry_is_refused(log):
    for kind, payload in (("gossip", {}), ("consent", {"a": float("nan")})):
        with pytest.raises(ValueError, match=r"kind|JSON"):
            log.append(kind, payload)
    with pytest.raises(TypeError):
        log.append("consent", {"a": object()})
    assert log.size() == 0
    for index in (-1, 0, 7):
        with pytest.raises(NotFoundError):
            log.entry(index)
    with pytest.raises(NotFoundError):
        log.prove(0)


def test_the_entry_and_what_belongs_to_it_are_one_transaction(log, storage):
    def also(connection, index):
        storage.ledger.set_state(connection, "mine", str(index))

    assert log.append("consent", {}, also=also) == 0

    def fail(connection, index):
        also(connection, index)
        raise KeyError("no")

    with pytest.raises(KeyError):
        log.append("consent", {}, also=fail)
    with storage.ledger.reading() as connection:
        assert storage.ledger.state(connection)["mine"] == "0"
    assert log.size() == 1
    assert log.append("consent", {}) == 1


def test_many_threads_join_and_one_fault_harms_nobody_else(log, storage, settings):
    gate = threading.Barrier(16)

    def also(connection, index):
        connection.execute(text("INSERT INTO log_state VALUES (:name, '')"), {"name": f"t{index}"})

    def work(number):
        gate.wait()
        done = []
        for turn in range(12):
            if (number + turn) % 8 == 0:
                with pytest.raises(StorageError):
                    log.append("consent", {}, also=lambda c, _: c.execute(text("SELECT nothing")))
            else:
                done.append(
                    (log.append("consent", {"n": [number, turn]}, also=also), [number, turn])
                )
        return done

    with ThreadPoolExecutor(16) as pool:
        done = [one for part in pool.map(work, range(16)) for one in part]
    assert sorted(index for index, _ in done) == list(range(len(done))) == list(range(168))
    for index, numbers in done:
        assert json.loads(log.payload(index)) == {"n": numbers}
    assert list(audit(settings, storage)) == []
    log.public.checkpoint()
    tree = Tree(entries_of(log))
    assert verify.parse_checkpoint(log.public.newest()).root == tree.mth(0, 168)


def test_two_processes_append_to_one_log(log, settings):
    other = open_storage(settings)
    second = Log.open(settings, other)
    indexes = [(log, second)[turn % 2].append("consent", {"turn": turn}) for turn in range(40)]
    indexes += [
        second.append("consent", {}) for _ in range(300)
    ]  # more than is caught up one by one
    indexes += [log.append("consent", {}) for _ in range(3)]
    assert indexes == list(range(343))
    second.close()
    other.close()
    checked(log, log.prove(300))
    assert list(audit(settings, log._storage)) == []


def test_a_log_goes_on_after_it_was_closed(settings, storage):
    for size in range(1, 5):
        log = Log.open(settings, storage)
        assert log.append("consent", {}) == size - 1
        verifier = log.public.verifier
        log.close()
        kept = (settings.home / "log" / "checkpoint").read_text()
        assert verify.parse_checkpoint(kept).size == size
    log = Log.open(settings, storage)
    assert log.public.verifier == verifier


def test_checkpoints_come_by_themselves(log):
    log.append("consent", {}, durable=False)
    deadline = threading.Event()
    for _ in range(60):
        if verify.parse_checkpoint(log.public.newest()).size == 1:
            break
        deadline.wait(0.1)
    assert verify.parse_checkpoint(log.public.newest()).size == 1
    log.check()


def test_a_change_is_logged_once(log):
    assert [log.append_change("policy", {"version": v}) for v in "aabba"] == [0, 0, 1, 1, 2]
    assert log.append_change("models", {"version": "a"}) == 3
    assert log.append_change("policy", {"version": "a"}) == 2


def test_erased_payloads_are_gone_and_the_tree_stays(log, storage, settings):
    for number in range(4):
        log.append("enrolment", {"person": f"p{number}"})
    before = log.public.checkpoint()
    receipt = log.erase([1, 2], {"because": "asked"})
    assert log.payload(1) is None
    assert log.payload(3) == b'{"person":"p3"}'
    assert json.loads(log.payload(receipt)) == {"because": "asked", "erased": [1, 2]}
    proof = checked(log, log.prove(1))
    assert proof.payload is None
    log.public.growth(before)
    assert list(audit(settings, storage)) == []
    with pytest.raises(ValueError, match="erasure"):
        log.erase([receipt], {})
    with pytest.raises(NotFoundError):
        log.erase([99], {})


def test_a_payload_that_is_kept_elsewhere_is_handed_in_for_a_proof(log):
    index = log.append("decision", {"id": "a", "score": 0.1}, keep=False)
    assert log.payload(index) is None
    assert checked(log, log.prove(index)).payload is None
    proof = checked(log, log.prove(index, {"score": 0.1, "id": "a"}))
    assert proof.payload == b'{"id":"a","score":0.1}'
    with pytest.raises(ProofError):
        log.prove(index, {"id": "b", "score": 0.1})


def test_the_exported_log_verifies_alone(log, alone, tmp_path, witness):
    old = None
    for number in range(300):
        log.append("consent", {"n": number}, durable=False)
        if number == 100:
            old = log.public.checkpoint()
    note = log.public.checkpoint()
    (tmp_path / "old").write_text(old)
    folder = tmp_path / "export"
    for path in paths(300):
        file = folder / "tile" / str(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(log.public.tile(path))
    (folder / "checkpoint").write_text(note)
    key = ["--key", log.public.verifier]
    status, told = alone("log", folder, "--since", tmp_path / "old", *key)
    assert (status, told[:23]) == (0, "Verified: all 300 entri"), told
    (tmp_path / "a.tlog-proof").write_text(log.prove(250))
    status, told = alone("proof", tmp_path / "a.tlog-proof", *key)
    assert (status, '{"n":250}' in told) == (0, True), told
    newest, hashes = log.public.growth(old)
    (tmp_path / "hashes").write_text("".join(f"{base64.b64encode(h).decode()}\n" for h in hashes))
    (tmp_path / "new").write_text(newest)
    paths_given = [tmp_path / name for name in ("old", "new", "hashes")]
    assert alone("consistency", *paths_given, *key)[0] == 0
    assert alone("checkpoint", tmp_path / "new", *key)[0] == 0
    for words in (("log", folder), ("consistency", *paths_given), ("checkpoint", tmp_path / "new")):
        status, told = alone(*words, *key, "--witness", witness.vkey)
        assert (status, "has not signed" in told) == (1, True)
    assert alone("proof", tmp_path / "a.tlog-proof", *key, "--since", tmp_path / "old")[0] == 2
    assert alone("log", folder, "--key", "nonsense")[0] == 1
    # … and what is not so does not
    assert alone("consistency", *paths_given[1::-1], tmp_path / "hashes", *key)[0] == 1
    entries = folder / "tile" / "entries" / "000"
    altered = bytearray(entries.read_bytes())
    altered[40] ^= 1
    entries.write_bytes(altered)
    status, told = alone("log", folder, *key)
    assert (status, told[:13]) == (1, "NOT VERIFIED:")
    entries.unlink()
    assert alone("log", folder, *key) == (
        1,
        "NOT VERIFIED: The bundle of entries 000 is missing.\n",
    )


def test_only_what_was_signed_for_is_given_out(log):
    log.append("consent", {}, durable=False)
    with pytest.raises(NotFoundError):
        log.public.tile(TilePath(0, 0, 1))
    log.public.checkpoint()
    assert log.public.tile(TilePath(0, 0, 1)) == verify.leaf_hash(entries_of(log)[0])
    with pytest.raises(NotFoundError):
        log.public.tile(TilePath(0, 0, 2))


def test_signatures_of_witnesses_are_taken_in(settings, storage, witness, alone, tmp_path):
    settings = settings.model_copy(
        update={"ledger": settings.ledger.model_copy(update={"witnesses": (witness.vkey,)})}
    )
    log = Log.open(settings, storage)
    log.append("consent", {})
    signed = witness.sign(log.public.checkpoint())
    log.append("consent", {})
    assert log.public.take_cosigned(signed) == [witness.name]
    checked(log, log.prove(0), verify.parse_key(witness.vkey))
    assert verify.parse_checkpoint(log.public.checkpoint()).size == 2
    checked(log, log.prove(0), verify.parse_key(witness.vkey))
    checked(log, log.prove(1))
    with pytest.raises(verify.NotVerifiedError, match="has not signed"):
        checked(log, log.prove(1), verify.parse_key(witness.vkey))
    (tmp_path / "a").write_text(log.prove(0))
    options = ["--key", log.public.verifier, "--witness", witness.vkey]
    assert alone("proof", tmp_path / "a", *options)[0] == 0
    foreign = type(witness)("other.example/w").sign(log.public.newest())
    for note in (log.public.newest(), foreign, "nonsense"):
        with pytest.raises(ProofError):
            log.public.take_cosigned(note)
    assert list(audit(settings, storage)) == []
    log.close()


def test_an_origin_is_kept_for_good(settings, storage):
    named = settings.model_copy(
        update={"ledger": settings.ledger.model_copy(update={"origin": "example.org/log"})}
    )
    log = Log.open(named, storage)
    assert log.public.verifier.startswith("example.org/log+")
    log.close()
    Log.open(settings, storage).close()
    other = named.model_copy(
        update={"ledger": settings.ledger.model_copy(update={"origin": "example.org/other"})}
    )
    with pytest.raises(ConfigError, match="cannot change"):
        Log.open(other, storage)


def test_a_log_that_shrinks_while_it_is_open_is_not_added_to(log, storage):
    for _ in range(3):
        log.append("consent", {})
    with storage._engine.begin() as connection:
        connection.execute(text("DELETE FROM log_entries WHERE id = 2"))
        connection.execute(text("UPDATE sequences SET value = 2 WHERE name = 'log'"))
    with pytest.raises(LedgerDamagedError):
        log.append("consent", {})
