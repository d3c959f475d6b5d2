"""`POST /v1/lookups` over a real matcher; and what is counted about it."""

from __future__ import annotations

import re

import pytest

from consentry.errors import IndexBehindError
from consentry.matching.banks import Banks, parse_signal
from consentry.matching.matcher import Matcher
from consentry.web.api import lookups, matching_metrics
from consentry.web.api.lookup_models import MAX_VALUES

pytestmark = pytest.mark.anyio
KNOWN, SEALED, FINE = "1" * 64, "2" * 64, "4" * 64


@pytest.fixture
def guard(make_guard):
    """One with three banks and a matcher over them."""
    made = make_guard()
    banks = Banks(made.storage)
    banks.create("REMOVED")
    banks.create("HIDDEN_SOURCE", sealed=True, category="known.intimate")
    banks.create("FINE", kind="allow")
    banks.add("REMOVED", [parse_signal("pdq", KNOWN)], case="C-7")
    banks.add("HIDDEN_SOURCE", [parse_signal("pdq", SEALED), parse_signal("md5", "a" * 32)])
    banks.add("FINE", [parse_signal("pdq", FINE)])
    made.matcher = Matcher.open(made.settings, made.storage)
    yield made
    made.matcher.close()


@pytest.fixture
def token(guard):
    return guard.storage.keys.create("test", ["match", "metrics"])[1]


async def ask(client, **members):
    return await client.post("/v1/lookups", json=members)


def near(digits, bits):
    return f"{int(digits, 16) ^ ((1 << bits) - 1):064x}"


async def test_each_hash_is_answered_by_its_place(client):
    answer = await ask(client, values=["0f" * 32, near(KNOWN, 5), SEALED])
    assert answer.status_code == 200
    plain = answer.json()
    first, second = plain["matches"]
    assert (first["query"], first["bank"], first["distance"]) == (1, "REMOVED", 5)
    assert (first["case"], first["state"], first["kind"]) == ("C-7", "active", "deny")
    assert (second["query"], second["category"]) == (2, "known.intimate")
    assert plain["complete"] is True
    assert plain["sequence"] > 0


async def test_a_full_call_is_answered(client):
    values = [f"{number:064x}" for number in range(MAX_VALUES - 1)]
    answer = await ask(client, values=[*values, KNOWN])
    assert [one["query"] for one in answer.json()["matches"] if one["bank"] == "REMOVED"] == [
        MAX_VALUES - 1
    ]


async def test_the_question_can_be_narrowed(client):
    nothing = await ask(client, values=[near(KNOWN, 5)], max_distance=4)
    assert nothing.json()["matches"] == []
    elsewhere = await ask(client, values=[KNOWN], banks=["FINE"])
    assert elsewhere.json()["matches"] == []
    exact = await ask(client, type="md5", values=["A" * 32])
    assert [one["bank"] for one in exact.json()["matches"]] == ["HIDDEN_SOURCE"]


async def test_faults_are_named_by_place_and_the_hash_is_not_repeated(client):
    answer = await ask(client, values=[KNOWN, "nonsense", KNOWN[1:]])
    assert (answer.status_code, answer.json()["code"]) == (422, "input.request")
    assert [one["field"] for one in answer.json()["errors"]] == ["values.1", "values.2"]
    assert "nonsense" not in answer.text
    many = await ask(client, values=["x"] * 500)
    assert len(many.json()["errors"]) == 20


@pytest.mark.parametrize(
    ("members", "status", "code"),
    [
        ({"values": []}, 422, "input.request"),
        ({"values": ["1" * 64] * (MAX_VALUES + 1)}, 422, "input.request"),
        ({"values": ["1" * 64], "max_distance": 32}, 422, "input.request"),
        ({"values": ["1" * 64], "banks": ["NOWHERE"]}, 404, "bank.unknown"),
        ({"values": ["1" * 64], "type": "sha1"}, 422, "input.request"),
        ({"values": ["1" * 64], "bank": "REMOVED"}, 422, "input.request"),
        ({"values": ["1" * 64], "at_least": 1 << 40}, 503, "index.behind"),
    ],
)
async def test_what_cannot_be_answered_says_why(client, members, status, code):
    answer = await ask(client, **members)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_behind_is_an_error_and_never_an_empty_answer(client, guard, monkeypatch):
    def behind(*_, **__):
        raise IndexBehindError("It has not seen everything.")

    monkeypatch.setattr(guard.matcher, "match_signals", behind)
    answer = await ask(client, values=[KNOWN])
    assert (answer.status_code, answer.json()["code"]) == (503, "index.behind")
    assert int(answer.headers["Retry-After"]) > 0


async def test_bodies_that_are_no_json_or_too_long_are_refused(client, monkeypatch):
    assert (await client.post("/v1/lookups", content=b"x")).status_code == 415
    kind = {"Content-Type": "application/json"}
    broken = await client.post("/v1/lookups", content=b'{"values":', headers=kind)
    assert (broken.status_code, broken.json()["code"]) == (422, "input.request")
    monkeypatch.setattr(lookups, "MAX_BODY", 100)
    long = await client.post("/v1/lookups", content=b" " * 101, headers=kind)
    assert (long.status_code, long.json()["code"]) == (413, "media.too_large")


async def test_too_many_at_once_are_told_to_wait(guard, connect, token):
    client = connect(guard, token)
    service = client._transport.app.state.service
    service.lookups.taken = service.settings.server.max_concurrent * 4
    answer = await ask(client, values=[KNOWN])
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")


def figure(text, name):
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return None if found is None else float(found[1])


async def test_lookups_and_the_state_of_the_index_are_counted(client):
    matching_metrics._meters.cache_clear()
    await ask(client, values=[KNOWN, near(KNOWN, 2), SEALED, "0f" * 32])
    text = (await client.get("/metrics")).text
    assert figure(text, 'consentry_lookup_hashes_total{signal="pdq"}') == 4
    hits = 'consentry_lookup_hits_total{category="known.removed",kind="deny"}'
    assert figure(text, hits) == 2
    assert figure(text, "consentry_lookup_seconds_count") == 1
    assert figure(text, "consentry_index_up") == 1
    assert figure(text, "consentry_index_entries") == 4
    assert figure(text, "consentry_index_sequence") > 0
    assert figure(text, "consentry_index_lag_seconds") < 60
    assert figure(text, 'consentry_index_bytes{index="open",memory="own"}') > 0
    banks = 'consentry_bank_contents{category="known.intimate",kind="deny"}'
    assert figure(text, banks) == 1
    assert "HIDDEN" not in text


async def test_an_index_that_cannot_say_how_it_is_does_not_hide_the_rest(client, guard):
    def broken():
        raise IndexBehindError("Nobody knows.")

    guard.matcher.state = broken
    text = (await client.get("/metrics")).text
    assert figure(text, "consentry_index_up") == 0
    assert "consentry_build_info" in text
