"""`/c/exchanges`: set up as in HMA; nothing is ever sent, and the state says so."""

from __future__ import annotations

import pytest

CREDENTIALS = {"api_token": "12345789|000000000000"}


def test_the_kinds_of_exchanges(hma):
    apis = hma.get("/c/exchanges/apis").json()
    assert set(apis) == {"sample", "fb_threatexchange", "ncmec", "stop_ncii"}


def test_kinds_are_chosen_by_the_operator(installation, connect):
    client = connect(installation(exchange_types=("sample",)), "banks")
    assert client.get("/c/exchanges/apis").json() == ["sample"]
    assert client.get("/c/exchanges/api/ncmec").status_code == 400
    body = {"api": "stop_ncii", "bank": "A"}
    assert client.post("/c/exchanges", json=body).status_code == 400


@pytest.mark.parametrize(
    ("api", "supports"), [("sample", False), ("fb_threatexchange", True), ("stop_ncii", True)]
)
def test_authentication_is_spelt_as_in_hma(hma, api, supports):
    answer = hma.get(f"/c/exchanges/api/{api}")
    assert answer.json() == {
        "supports_authentification": supports,
        "has_set_authentification": False,
    }


def test_credentials_are_kept_sealed_and_forgotten(hma, guard):
    url = "/c/exchanges/api/fb_threatexchange"
    has = {"supports_authentification": True, "has_set_authentification": True}
    has_not = {**has, "has_set_authentification": False}
    assert hma.post(url, json={"credential_json": CREDENTIALS}).json() == has
    assert hma.get(url).json() == has
    assert hma.post(url, json={}).json() == has
    home = guard.settings.home
    stored = b"".join(file.read_bytes() for file in home.glob("consentry.db*"))
    assert b"000000000000" not in stored
    assert hma.post(url, json={"credential_json": {}}).json() == has_not
    assert hma.get(url).json() == has_not


@pytest.mark.parametrize(
    ("api", "given"),
    [
        ("fb_threatexchange", {"api_token": ""}),
        ("fb_threatexchange", {"api_token": 7}),
        ("fb_threatexchange", {"token": "x"}),
        ("fb_threatexchange", "x"),
        ("ncmec", {"user": "x"}),
        ("sample", {"api_token": "x"}),
        ("no_such", {"api_token": "x"}),
    ],
)
def test_credentials_of_another_form_are_refused(hma, api, given):
    answer = hma.post(f"/c/exchanges/api/{api}", json={"credential_json": given})
    assert answer.status_code == 400


def test_schemas_describe_the_forms(hma):
    answer = hma.get("/c/exchanges/api/sample/schema")
    assert answer.json() == {"config_schema": {"fields": []}, "credentials_schema": None}
    schema = hma.get("/c/exchanges/api/fb_threatexchange/schema").json()
    (group,) = schema["config_schema"]["fields"]
    assert set(group) == {"name", "type", "required", "default", "help", "choices"}
    assert (group["name"], group["type"], group["required"]) == ("privacy_group", "number", True)
    (token,) = schema["credentials_schema"]["fields"]
    assert (token["name"], token["type"]) == ("api_token", "string")
    assert hma.get("/c/exchanges/api/no_such/schema").status_code == 404
    assert hma.get("/c/exchanges/api/no_such").status_code == 400


def test_an_exchange_is_made_with_its_bank(hma):
    body = {"api": "fb_threatexchange", "bank": "TX", "api_json": {"privacy_group": 1234}}
    answer = hma.post("/c/exchanges", json=body)
    assert answer.status_code == 201
    assert answer.json()["message"] == "Created successfully"
    assert hma.get("/c/exchanges").json() == ["TX"]
    shown = {"name": "TX", "api": "fb_threatexchange", "enabled": True, "privacy_group": 1234}
    assert hma.get("/c/exchange/TX").json() == shown
    assert hma.get("/c/bank/TX").json()["name"] == "TX"
    answer = hma.put("/c/exchange/TX", json={"enabled": False})
    assert (answer.status_code, answer.json()) == (200, {**shown, "enabled": False})
    assert hma.get("/c/exchange/TX").json()["enabled"] is False


def test_nothing_is_fetched_and_the_state_says_so(hma):
    body = {"api": "stop_ncii", "bank": "NCII", "api_json": {}}
    hma.post("/c/exchanges", json=body)
    state = hma.get("/c/exchange/NCII/status").json()
    note = state.pop("note")
    assert state == {
        "checkpoint_ts": None,
        "running_fetch_start_ts": None,
        "last_fetch_complete_ts": None,
        "last_fetch_succeeded": None,
        "up_to_date": False,
        "fetched_items": 0,
    }
    assert "fetches from no exchange" in note


def test_the_sample_exchange_has_the_published_examples(hma):
    assert hma.post("/c/exchanges", json={"api": "sample", "bank": "SAMPLE"}).status_code == 201
    for kind, signal in (
        ("pdq", "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"),
        ("video_md5", "cab08b36195edb1a1231d2d09fa450e0"),
    ):
        found = hma.get("/m/lookup", params={"signal": signal, "signal_type": kind}).json()
        assert list(found) == ["SAMPLE"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"bank": "A"}, 400),
        ({"bank": "a", "api": "sample"}, 400),
        ({"bank": "1A", "api": "sample"}, 400),
        ({"bank": 7, "api": "sample"}, 400),
        ({"bank": "A", "api": "no_such"}, 400),
        ({"bank": "A", "api": ["sample"]}, 400),
        ({"bank": "A", "api": "sample", "api_json": []}, 400),
        ({"bank": "A", "api": "sample", "api_json": {"x": 1}}, 400),
        ({"bank": "A", "api": "fb_threatexchange"}, 400),
        ({"bank": "A", "api": "fb_threatexchange", "api_json": {"privacy_group": "x"}}, 400),
        ({"bank": "A", "api": "ncmec", "api_json": {"environment": "http://127.0.0.1"}}, 400),
    ],
)
def test_a_set_up_that_is_none_is_refused(hma, body, status):
    assert hma.post("/c/exchanges", json=body).status_code == status
    assert hma.get("/c/exchanges").json() == []
    assert hma.get("/c/banks").json() == []


def test_a_name_is_used_once(hma, bank):
    answer = hma.post("/c/exchanges", json={"bank": bank, "api": "sample"})
    assert answer.status_code == 403
    assert hma.get("/c/exchanges").json() == []


def test_deleting_an_exchange_deletes_its_bank(hma):
    hma.post("/c/exchanges", json={"api": "sample", "bank": "FOO", "api_json": {}})
    for _ in range(2):
        answer = hma.delete("/c/exchange/FOO")
        assert (answer.status_code, answer.json()) == (200, {"message": "Exchange deleted"})
    assert hma.get("/c/bank/FOO").status_code == 404


def test_deleting_an_exchange_that_is_none_leaves_the_bank(hma, bank):
    hma.delete(f"/c/exchange/{bank}")
    assert hma.get(f"/c/bank/{bank}").status_code == 200


def test_an_exchange_whose_bank_was_deleted_can_be_made_again(hma):
    body = {"api": "sample", "bank": "FOO"}
    hma.post("/c/exchanges", json=body)
    hma.delete("/c/bank/FOO")
    assert hma.post("/c/exchanges", json=body).status_code == 201


@pytest.mark.parametrize("path", ["", "/status"])
def test_an_exchange_that_is_not_there(hma, path):
    assert hma.get(f"/c/exchange/NO_SUCH{path}").status_code == 404
    assert hma.put("/c/exchange/NO_SUCH", json={"enabled": True}).status_code == 404
