"""`POST /v1/lookups`: thousands of known hashes in one call, over real banks."""

from __future__ import annotations

import numpy as np
import pytest

from consentry.errors import IndexBehindError
from consentry.matching.banks import NewContent, parse_signal

pytestmark = pytest.mark.anyio
MD5 = "900150983cd24fb0d6963f7d28e17f72"


@pytest.fixture
def hashes():
    return [np.random.default_rng(place).bytes(32).hex() for place in range(1000)]


@pytest.fixture
def banked(guard, hashes):
    """Every tenth hash is known."""
    guard.banks.create("KNOWN", category="known.intimate")
    items = [NewContent([parse_signal("pdq", one)]) for one in hashes[::10]]
    guard.banks.add_many("KNOWN", items)
    return guard


@pytest.fixture
def ask(guard, connect):
    token = guard.storage.keys.create("test", ["match"])[1]
    client = connect(guard, token)

    async def post(**body):
        return await client.post("/v1/lookups", json=body)

    return post


async def test_a_thousand_at_once(banked, ask, hashes):
    answer = await ask(type="pdq", values=hashes)
    found = answer.json()
    assert (answer.status_code, found["complete"]) == (200, True)
    assert [one["query"] for one in found["matches"]] == list(range(0, 1000, 10))
    assert found["sequence"] == banked.banks.sequence
    assert found["matches"][1] == {
        "query": 10,
        "bank": "KNOWN",
        "content_id": 2,
        "distance": 0,
        "kind": "deny",
        "category": "known.intimate",
        "state": "active",
    }


async def test_distance_and_banks_narrow_it(banked, ask, hashes):
    near = f"{int(hashes[0], 16) ^ 0b111:064x}"
    for given, count in (({}, 1), ({"max_distance": 3}, 1), ({"max_distance": 2}, 0)):
        assert len((await ask(values=[near], **given)).json()["matches"]) == count
    assert (await ask(values=[near], banks=["OTHER"])).json()["matches"] == []
    banked.banks.update("KNOWN", enabled_ratio=0.0)
    assert (await ask(values=[near])).json()["matches"] == []


async def test_exact_types(guard, ask):
    guard.banks.create("FILES")
    guard.banks.add("FILES", [parse_signal("md5", MD5)])
    found = (await ask(type="md5", values=["0" * 32, MD5.upper()])).json()
    assert [one["query"] for one in found["matches"]] == [1]


async def test_nothing_is_known_at_first(ask, hashes):
    answer = await ask(values=hashes[:1])
    assert answer.json() == {"matches": [], "sequence": 0, "complete": True}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"values": []},
        {"values": ["x"]},
        {"values": [7]},
        {"values": "x"},
        {"values": ["0" * 64] * 10_001},
        {"values": ["0" * 64], "type": "smell"},
        {"values": ["0" * 64], "type": "md5"},
        {"values": ["0" * 64], "max_distance": 32},
        {"values": ["0" * 64], "max_distance": -1},
        {"values": ["0" * 64], "more": 1},
    ],
)
async def test_what_cannot_be_looked_up_is_refused(ask, body):
    answer = await ask(**body)
    assert answer.status_code == 422
    assert "0" * 64 not in answer.text


async def test_an_index_that_is_behind_does_not_say_unknown(ask, hashes, monkeypatch):
    def behind(*_, **__):
        raise IndexBehindError("It has not seen every change.")

    monkeypatch.setattr("consentry.matching.matcher.Matcher.match_signals", behind)
    answer = await ask(values=hashes[:1])
    assert (answer.status_code, answer.json()["code"]) == (503, "index.behind")
    assert "Retry-After" in answer.headers
