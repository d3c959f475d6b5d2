"""Health, metrics, and what surrounds every answer."""

from __future__ import annotations

import json

import pytest

from consentry import errors
from consentry.errors import ConfigError, DecoderError, StorageError
from consentry.guard import PartHealth
from consentry.web.api.problems import STATUSES, TITLES, status_of

pytestmark = pytest.mark.anyio
PROMPT = {"stage": "prompt", "prompt": "pelican"}


def _every(kind):
    yield kind
    for child in kind.__subclasses__():
        yield from _every(child)


async def test_live_answers(client):
    answer = await client.get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "live"})


async def test_strangers_see_no_details(guard, connect):
    guard.parts = [PartHealth("detector:age", ready=False, note="The model is missing.")]
    answer = await connect(guard).get("/health/ready")
    assert (answer.status_code, answer.json()) == (503, {"status": "not_ready"})


async def test_readers_see_what_is_not_ready(guard, client):
    guard.parts = [PartHealth("detector:age", ready=False, note="The model is missing.")]
    answer = await client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["parts"] == [
        {"name": "detector:age", "ready": False, "note": "The model is missing."}
    ]


async def test_a_key_without_the_scope_sees_no_details(guard, connect):
    token = guard.storage.keys.create("t", ["metrics"])[1]
    assert (await connect(guard, token).get("/health/ready")).json() == {"status": "ready"}


async def test_health_is_not_asked_anew_for_each_stranger(guard, connect, monkeypatch):
    asked = []
    monkeypatch.setattr(guard, "health", lambda: asked.append(1) or guard.parts)
    client = connect(guard)
    for _ in range(5):
        await client.get("/health/ready")
    assert len(asked) == 1


async def test_metrics_count_what_was_decided(guard, connect):
    token = guard.storage.keys.create("t", ["metrics", "screen"])[1]
    client = connect(guard, token)

    async def value(line):
        text = (await client.get("/metrics")).text
        return sum(
            float(one.rsplit(" ", 1)[1]) for one in text.splitlines() if one.startswith(line)
        )

    line = 'consentry_screenings_total{action="allow",stage="prompt"}'
    before = await value(line)
    await client.post("/v1/screenings", json=PROMPT)
    assert await value(line) == before + 1
    assert await value('consentry_gates_total{gate="age",status="missing"}') >= 1
    assert await value('consentry_screening_seconds_count{stage="prompt"}') >= 1
    assert await value("consentry_screenings_in_flight") == 0
    assert "pelican" not in (await client.get("/metrics")).text


@pytest.mark.parametrize("path", ["/health/live", "/nowhere", "/v1/screenings/x", "/openapi.json"])
async def test_every_answer_has_safe_headers(client, path):
    headers = (await client.get(path)).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["Cache-Control"] == "no-store"
    assert "server" not in headers


async def test_a_plain_request_id_is_kept(client):
    answer = await client.get("/nowhere", headers={"X-Request-ID": "trace-0123456789"})
    assert answer.headers["X-Request-ID"] == "trace-0123456789"
    assert answer.json()["instance"] == "urn:consentry:request:trace-0123456789"


@pytest.mark.parametrize("given", ["short", "x" * 65, "with space 123", "new<line>1234"])
async def test_any_other_request_id_is_replaced(client, given):
    answer = await client.get("/nowhere", headers={"X-Request-ID": given})
    assert len(answer.headers["X-Request-ID"]) == 32


async def test_unknown_paths_and_methods_are_problems(client):
    answer = await client.get("/nowhere")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"
    answer = await client.delete("/v1/screenings")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "POST"


async def test_what_nobody_foresaw_says_nothing(guard, client, capsys):
    guard.failure = RuntimeError("pelican in /secret/path")
    answer = await client.post("/v1/screenings", json=PROMPT)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "X-Request-ID" in answer.headers
    assert "nosniff" in answer.headers["X-Content-Type-Options"]
    logged = capsys.readouterr().err
    assert "RuntimeError" in logged
    for word in ("pelican", "secret", "Traceback"):
        assert word not in answer.text + logged


@pytest.mark.parametrize(
    ("failure", "status"),
    [(StorageError("/secret is full."), 503), (ConfigError("/secret is wrong."), 500)],
)
async def test_the_servers_own_troubles_stay_in_its_log(guard, client, capsys, failure, status):
    guard.failure = failure
    answer = await client.post("/v1/screenings", json=PROMPT)
    assert (answer.status_code, answer.json()["code"]) == (status, failure.code)
    assert "secret" not in answer.text
    assert "secret" in capsys.readouterr().err
    assert ("Retry-After" in answer.headers) == (status == 503)


def test_every_error_has_a_status_and_every_status_a_title():
    for kind in _every(errors.ConsentryError):
        assert TITLES[status_of(kind)]
    assert status_of(DecoderError) == 503
    assert set(STATUSES.values()) <= set(TITLES)


@pytest.mark.parametrize("form", ["text", "json"])
async def test_the_log_holds_routes_and_no_words(make_guard, connect, capsys, form):
    guard = make_guard()
    settings = guard.settings.model_copy(update={"log_level": "info", "log_format": form})
    guard.settings = settings
    record, token = guard.storage.keys.create("t", ["screen"])
    await connect(guard, token).post(
        "/v1/screenings?stage=upload&prompt=pelican&name=heron.jpg",
        content=b"\xff\xd8",
        headers={"Content-Type": "image/jpeg", "X-Request-ID": "trace-0123456789"},
    )
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    if form == "json":
        line = json.loads(lines[0])
        assert (line["route"], line["status"], line["key"]) == ("/v1/screenings", 201, record.id)
        assert line["request"] == "trace-0123456789"
    for word in ("pelican", "heron", token):
        assert word not in lines[0]


async def test_the_log_does_not_repeat_a_path_that_somebody_typed(make_guard, connect, capsys):
    guard = make_guard()
    guard.settings = guard.settings.model_copy(update={"log_level": "info"})
    await connect(guard).get("/pelican")
    logged = capsys.readouterr().err
    assert "404" in logged
    assert "pelican" not in logged
