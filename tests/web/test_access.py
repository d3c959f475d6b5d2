"""Who may call what: every route of the table, with every kind of wrong key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from consentry.storage.api_keys import SCOPES
from consentry.web.api.routes import ANYONE, DOCS, HOLDER, ROUTES, needs
from consentry.web.app import create_app

pytestmark = pytest.mark.anyio
BY_KEY = {route: scope for route, scope in ROUTES.items() if scope not in {ANYONE, DOCS, HOLDER}}
CLOSED = sorted((*route, scope) for route, scope in BY_KEY.items())
HELD = sorted(route for route, scope in ROUTES.items() if scope == HOLDER)
OPEN = sorted(route for route, scope in ROUTES.items() if scope in {ANYONE, DOCS})


def _paths(routes, prefix=""):
    for route in routes:
        inner = getattr(route, "routes", None) or getattr(
            getattr(route, "original_router", None), "routes", None
        )
        if inner is not None:
            yield from _paths(inner, prefix)
        else:
            yield from ((method, prefix + route.path) for method in route.methods)


async def _call(client, method, path, token=None):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = path.replace("{screening_id}", "0" * 32).replace("{content_id:int}", "1")
    url = url.replace("{tile:path}", "0/000.p/1").replace("{person_id}", "0" * 32)
    url = url.replace("{consent_id}", "0" * 32).replace("{name:path}", "base.css")
    return await client.request(method, url, headers=headers)


def _make(guard, *scopes):
    return guard.storage.keys.create("test", scopes)


def test_the_table_names_every_route_there_is(guard):
    assert set(_paths(create_app(guard).routes)) == set(ROUTES)


def test_a_route_outside_the_table_cannot_be_made():
    with pytest.raises(KeyError):
        needs("DELETE", "/v1/screenings")


@pytest.mark.parametrize("route", CLOSED)
async def test_without_a_key_there_is_no_entry(guard, connect, route):
    method, path, scope = route
    answer = await _call(connect(guard), method, path)
    assert (answer.status_code, answer.json()["code"]) == (401, "access.key"), scope
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("route", CLOSED)
async def test_every_other_scope_together_is_not_enough(guard, connect, route):
    method, path, scope = route
    _, token = _make(guard, *(one for one in SCOPES if one != scope))
    answer = await _call(connect(guard), method, path, token)
    assert (answer.status_code, answer.json()["code"]) == (403, "access.scope")


@pytest.mark.parametrize("route", CLOSED)
async def test_the_right_scope_alone_is_enough(guard, connect, route):
    method, path, scope = route
    _, token = _make(guard, scope)
    answer = await _call(connect(guard), method, path, token)
    assert answer.status_code not in {401, 403}


@pytest.mark.parametrize("route", CLOSED)
async def test_a_revoked_key_stops_at_once(guard, connect, route):
    method, path, scope = route
    record, token = _make(guard, scope)
    client = connect(guard)
    assert (await _call(client, method, path, token)).status_code not in {401, 403}
    guard.storage.keys.revoke(record.id)
    assert (await _call(client, method, path, token)).status_code == 401


@pytest.mark.parametrize("route", CLOSED)
async def test_a_key_revoked_in_another_process_stops_too(make_guard, guard, connect, route):
    method, path, scope = route
    record, token = _make(guard, scope)
    client = connect(guard)
    assert (await _call(client, method, path, token)).status_code not in {401, 403}
    make_guard().storage.keys.revoke(record.id)
    assert (await _call(client, method, path, token)).status_code == 401


@pytest.mark.parametrize("route", CLOSED)
async def test_an_expired_key_stops(guard, connect, route, monkeypatch):
    method, path, scope = route
    soon = datetime.now(UTC) + timedelta(hours=1)
    _, token = guard.storage.keys.create("test", [scope], soon)
    client = connect(guard)
    assert (await _call(client, method, path, token)).status_code not in {401, 403}
    later = (soon + timedelta(seconds=1)).isoformat(timespec="microseconds")
    monkeypatch.setattr("consentry.storage.key_records.now", lambda: later)
    answer = await _call(client, method, path, token)
    assert answer.status_code == 401
    assert "This key is expired." in answer.text


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer x", "Basic YTpi", "bearer cst_00000000_" + "x" * 43]
)
async def test_what_is_no_key_is_refused(guard, connect, header):
    client = connect(guard)
    answer = await client.get("/metrics", headers={"Authorization": header})
    assert answer.status_code == 401


async def test_guessing_is_slowed_down(guard, connect):
    record, token = _make(guard, "metrics")
    client = connect(guard)
    wrong = f"cst_{record.id}_{'x' * 43}"
    answers = [await _call(client, "GET", "/metrics", wrong) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert token != wrong


async def test_a_known_key_passes_while_somebody_guesses(guard, connect):
    record, token = _make(guard, "metrics")
    client = connect(guard)
    await _call(client, "GET", "/metrics", token)
    for _ in range(7):
        await _call(client, "GET", "/metrics", f"cst_{record.id}_{'x' * 43}")
    assert (await _call(client, "GET", "/metrics", token)).status_code == 200


@pytest.mark.parametrize(("method", "path"), HELD)
async def test_who_has_not_the_link_sees_that_it_does_not_work(guard, connect, method, path):
    url = path.replace("{secret}", "x" * 43)
    _, token = _make(guard, *SCOPES)  # no key opens a personal page
    headers = {"Authorization": f"Bearer {token}"}
    form = {"headers": {**headers, "Content-Type": "multipart/form-data; boundary=b"}}
    given = {**form, "content": b"--b--\r\n"} if method == "POST" else {"headers": headers}
    answer = await connect(guard).request(method, url, **given)
    assert answer.status_code == 404
    assert "This link does not work" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(("method", "path"), OPEN)
async def test_open_routes_ask_for_nothing(guard, connect, method, path):
    guard.log.append("policy", {})  # so that the log has a tile
    guard.log.public.checkpoint()
    assert (await _call(connect(guard), method, path)).status_code == 200


async def test_the_form_of_the_api_can_be_closed(make_guard, connect):
    guard = make_guard(public_docs=False)
    client = connect(guard)
    assert (await _call(client, "GET", "/openapi.json")).status_code == 401
    _, token = _make(guard, "screen")
    assert (await _call(client, "GET", "/openapi.json", token)).status_code == 403
    _, token = _make(guard, "read")
    assert (await _call(client, "GET", "/openapi.json", token)).status_code == 200


async def test_the_key_is_checked_before_the_body(make_guard, connect):
    guard = make_guard(max_body_bytes=100)
    answer = await connect(guard).post("/v1/screenings", content=b"x" * 1000)
    assert answer.status_code == 401
