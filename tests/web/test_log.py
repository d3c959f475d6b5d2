"""`/log/…`: static tiles for everybody, cached while they hold, nothing but commitments."""

from __future__ import annotations

import pytest

from consentry.ledger import verify
from consentry.ledger.tiles import paths

pytestmark = pytest.mark.anyio


@pytest.fixture
def stranger(guard, connect):
    return connect(guard)


async def test_anybody_reads_the_log_and_can_check_it(guard, stranger, tmp_path):
    for number in range(300):
        guard.log.append("enrolment", {"name": f"xylophone {number}"}, durable=False)
    guard.log.public.checkpoint()
    answer = await stranger.get("/log/checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=2"
    (tmp_path / "checkpoint").write_bytes(answer.content)
    for path in paths(300):
        answer = await stranger.get(f"/log/tile/{path}")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert b"xylophone" not in answer.content
        file = tmp_path / "tile" / str(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(answer.content)
    key = verify.parse_key(guard.log.public.verifier)
    assert verify.check_log(tmp_path, key).size == 300


async def test_an_entry_holds_a_kind_a_time_and_a_commitment(guard, stranger):
    guard.log.append("consent", {"receipt": "r-1"})
    guard.log.public.checkpoint()
    body = (await stranger.get("/log/tile/entries/000.p/1")).content
    lines = body[2:].decode("ascii").splitlines()
    assert int.from_bytes(body[:2], "big") == len(body) - 2
    assert lines[:2] == ["consentry-log/v1", "kind consent"]
    assert [line.split(" ")[0] for line in lines[2:]] == ["time", "commitment"]


@pytest.mark.parametrize(
    "path",
    ["0/000", "0/000.p/2", "0/001", "1/000.p/1", "entries/000", "0/../0/000", "x", "", "99/000"],
)
async def test_what_is_not_there_is_not_cached(guard, stranger, path):
    guard.log.append("consent", {})
    guard.log.public.checkpoint()
    answer = await stranger.get(f"/log/tile/{path}")
    assert answer.status_code == 404
    assert answer.headers["cache-control"] == "no-store"


async def test_what_is_not_signed_for_yet_is_not_given_out(guard, stranger):
    guard.log.append("consent", {}, durable=False)
    assert (await stranger.get("/log/tile/0/000.p/1")).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_nobody_writes(guard, connect, method):
    client = connect(guard, guard.storage.keys.create("t", ["admin", "banks"])[1])
    for path in ("/log/checkpoint", "/log/tile/0/000"):
        assert (await client.request(method, path)).status_code == 405
