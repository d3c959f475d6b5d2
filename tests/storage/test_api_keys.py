"""API keys: made once, verified slowly once and quickly after, stopped at once."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from consentry.errors import AuthenticationError, ConfigError, NotFoundError, ThrottledError
from consentry.storage import api_keys, open_storage
from consentry.storage.memory import Bounded, Throttle


@pytest.fixture
def hashes(monkeypatch):
    """Counts how often argon2 is really asked, and about what."""
    asked = []
    real = api_keys._matches
    monkeypatch.setattr(
        api_keys, "_matches", lambda stored, secret: asked.append(stored) or real(stored, secret)
    )
    return asked


def test_a_key_is_shown_once_and_stored_as_a_hash(settings, storage):
    record, token = storage.keys.create("generator", ["read", "screen"])
    assert re.fullmatch(rf"cst_{record.id}_[A-Za-z0-9_-]{{43}}", token)
    assert record.scopes == ("screen", "read")
    assert storage.keys.list() == [record]
    storage.close()
    secret = token.rsplit("_", 1)[0].encode()
    kept = b"".join(path.read_bytes() for path in settings.home.iterdir())
    assert token[13:].encode() not in kept
    assert b"$argon2id$" in kept
    assert secret


def test_a_key_is_verified_slowly_once(storage, hashes):
    record, token = storage.keys.create("a", ["screen"])
    assert storage.keys.recognise(token) is None
    assert storage.keys.verify(token) == record
    assert storage.keys.verify(token) == record
    assert storage.keys.recognise(token) == record
    assert len(hashes) == 1


@pytest.mark.parametrize(
    "token", ["", "x", "cst_", "cst_00000000_short", "cst_0000000G_" + "x" * 43, "é" * 56]
)
def test_what_is_no_key_is_refused(storage, token):
    with pytest.raises(AuthenticationError, match="not a key"):
        storage.keys.verify(token)


def test_an_unknown_id_costs_one_hash_as_a_wrong_secret_does(storage, hashes):
    record, _ = storage.keys.create("a", ["screen"])
    for key_id in (record.id, "00000000"):
        with pytest.raises(AuthenticationError, match="This key is not known"):
            storage.keys.verify(f"cst_{key_id}_{'x' * 43}")
    assert len(hashes) == 2
    assert hashes[0].rsplit("$", 2)[0] == hashes[1].rsplit("$", 2)[0]  # the same parameters


def test_another_secret_is_not_taken_for_a_known_one(storage):
    _, token = storage.keys.create("a", ["screen"])
    storage.keys.verify(token)
    with pytest.raises(AuthenticationError):
        storage.keys.verify(token[:-1] + ("A" if token[-1] != "A" else "B"))


def test_a_key_revoked_elsewhere_stops_here(settings, storage):
    record, token = storage.keys.create("a", ["screen"])
    storage.keys.verify(token)
    other = open_storage(settings)
    assert other.keys.revoke(record.id).state == "revoked"
    other.close()
    with pytest.raises(AuthenticationError, match="revoked"):
        storage.keys.verify(token)


def test_revoking_twice_keeps_the_first_time(storage):
    record, _ = storage.keys.create("a", ["screen"])
    assert storage.keys.revoke(record.id) == storage.keys.revoke(record.id)
    with pytest.raises(NotFoundError):
        storage.keys.revoke("00000000")


def test_an_expired_key_stops(storage, monkeypatch):
    soon = datetime.now(UTC) + timedelta(minutes=1)
    _, token = storage.keys.create("a", ["screen"], soon)
    storage.keys.verify(token)
    monkeypatch.setattr("consentry.storage.key_records.now", lambda: "2999-01-01")
    with pytest.raises(AuthenticationError, match="expired"):
        storage.keys.verify(token)


@pytest.mark.parametrize(
    ("name", "scopes", "expires"),
    [
        ("", ["screen"], None),
        ("n" * 81, ["screen"], None),
        ("a\n", ["screen"], None),
        ("a", [], None),
        ("a", ["everything"], None),
        ("a", ["screen"], datetime(2020, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_key_that_makes_no_sense_is_refused(storage, name, scopes, expires):
    with pytest.raises(ConfigError):
        storage.keys.create(name, scopes, expires)


def test_guessing_is_slowed_down_per_id(storage, hashes):
    one, _ = storage.keys.create("a", ["screen"])
    two, token = storage.keys.create("b", ["screen"])
    for _ in range(5):
        with pytest.raises(AuthenticationError):
            storage.keys.verify(f"cst_{one.id}_{'x' * 43}")
    with pytest.raises(ThrottledError):
        storage.keys.verify(f"cst_{one.id}_{'x' * 43}")
    assert len(hashes) == 5
    assert storage.keys.verify(token) == two


def test_a_throttle_opens_again_with_time():
    time = [0.0]
    throttle = Throttle(tries=2, seconds_per_try=10, clock=lambda: time[0])
    for _ in range(2):
        throttle.check("a")
        throttle.fail("a")
    with pytest.raises(ThrottledError):
        throttle.check("a")
    throttle.check("b")
    time[0] = 10.0
    throttle.check("a")
    throttle.fail("a")
    with pytest.raises(ThrottledError):
        throttle.check("a")


def test_a_memory_does_not_grow():
    memory = Bounded(2)
    memory.put("a", 1)
    memory.put("b", 2)
    assert memory.get("a") == 1
    memory.put("c", 3)
    assert (memory.get("a"), memory.get("b"), memory.get("c")) == (1, None, 3)


def test_a_key_is_recalled_without_reading_until_somebody_writes(settings, storage, monkeypatch):
    record, token = storage.keys.create("a", ["screen"])
    assert storage.keys.recall(token) is None
    storage.keys.verify(token)
    storage.keys.recognise(token)
    with monkeypatch.context() as patch:
        patch.setattr(storage.keys, "_row", None)  # it would fail if it were asked
        assert storage.keys.recall(token) == record
    other = open_storage(settings)
    other.keys.revoke(record.id)
    other.close()
    assert storage.keys.recall(token) is None
    with pytest.raises(AuthenticationError, match="revoked"):
        storage.keys.recognise(token)
    assert storage.keys.recall(token) is None


def test_a_key_revoked_in_the_same_process_is_not_recalled(storage):
    record, token = storage.keys.create("a", ["screen"])
    storage.keys.verify(token)
    assert storage.keys.recognise(token) == storage.keys.recall(token) == record
    storage.keys.revoke(record.id)
    assert storage.keys.recall(token) is None


def test_recalling_minds_expiry_and_the_secret(storage, monkeypatch):
    soon = datetime.now(UTC) + timedelta(hours=1)
    record, token = storage.keys.create("a", ["screen"], soon)
    storage.keys.verify(token)
    assert storage.keys.recognise(token) == storage.keys.recall(token) == record
    assert storage.keys.recall(f"cst_{record.id}_{'x' * 43}") is None
    later = (soon + timedelta(seconds=1)).isoformat(timespec="microseconds")
    monkeypatch.setattr("consentry.storage.key_records.now", lambda: later)
    with pytest.raises(AuthenticationError, match="expired"):
        storage.keys.recall(token)
