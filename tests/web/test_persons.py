"""Persons and consents over HTTP, as an application calls them."""

from __future__ import annotations

import base64

import pytest

pytestmark = pytest.mark.anyio


@pytest.fixture
def call(guard, connect):
    _, token = guard.storage.keys.create("app", ["persons"])
    client = connect(guard)

    async def ask(method, path, **body):
        headers = {"Authorization": f"Bearer {token}"}
        sent = {"json": body} if body else {}
        return await client.request(method, path, headers=headers, **sent)

    return ask


@pytest.fixture
async def anna(call):
    answer = await call(
        "POST", "/v1/persons", name="Anna", account="anna", verified="operator", evidence="Known."
    )
    assert answer.status_code == 201
    return answer.json()["id"]


async def test_a_person_is_read_verified_disputed_and_erased(call, anna):
    path = f"/v1/persons/{anna}"
    assert (await call("GET", path)).json()["name"] == "Anna"
    assert (await call("POST", f"{path}/disputes", why="Not me.")).json()["entry"] > 0
    assert (await call("GET", path)).json()["disputed"]
    told = {"how": "document", "evidence": "Passport."}
    await call("POST", f"{path}/verifications", **told)
    assert (await call("GET", path)).json()["verified"] == "document"
    assert (await call("DELETE", path)).status_code == 200
    gone = await call("GET", path)
    assert (gone.status_code, gone.json()["code"]) == (404, "person.unknown")


async def test_a_consent_is_given_read_made_into_a_token_and_taken_back(call, anna):
    asked = {"grantee": "account", "grantee_id": "x", "purposes": ["portrait"], "given_by": "self"}
    given = await call("POST", "/v1/consents", person=anna, **asked)
    assert given.status_code == 201
    path = f"/v1/consents/{given.json()['id']}"
    assert (await call("GET", path)).json()["record"]["schema_version"].startswith("ISO/IEC")
    token = await call("POST", f"{path}/tokens", account="x")
    assert token.json()["token"].count(".") == 2
    assert (await call("DELETE", path)).json()["to_take_down"] == []
    assert (await call("GET", path)).json()["revoked_at"]


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/v1/persons", {"name": ""}, "person.form"),
        ("/v1/persons", {"name": "Anna", "age": "child"}, "person.form"),
        ("/v1/persons", {"name": "Anna", "verified": "operator"}, "person.form"),
        ("/v1/persons", {"name": "Anna", "photos": ["%"]}, "input.request"),
        ("/v1/persons", {"name": "Anna", "nickname": "A"}, "input.request"),
        ("/v1/invitations", {"hours": 10_000}, "input.request"),
        ("/v1/invitations", {"verified": "link"}, "person.form"),
    ],
)
async def test_what_cannot_be_used_is_named(call, path, body, code):
    answer = await call("POST", path, **body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_a_body_without_its_type_or_too_long_is_refused(guard, connect, call):
    assert (await call("POST", "/v1/invitations")).status_code == 415
    assert (await call("POST", "/v1/invitations", evidence="x" * 70_000)).status_code == 413
    photo = base64.b64encode(b"x").decode()
    assert guard
    assert connect
    assert (await call("POST", "/v1/persons", name="A", photos=[photo] * 11)).status_code == 422
