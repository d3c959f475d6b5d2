"""Who may call HMA's routes, under which paths they answer, and what the server says of itself."""

from __future__ import annotations

import base64

import httpx
import pytest

from consentry.web.api.routes import ROUTES
from consentry.web.hma.routes import ENDPOINTS
from consentry.web.hma.status import PREFIXES

BRIDGE = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"


def test_the_table_names_every_route():
    assert set(ENDPOINTS) == {route for route in ROUTES if route[1].startswith(PREFIXES)}


def test_a_key_is_needed_unless_said_otherwise(guard, connect):
    client = connect(guard)
    for path in ("/c/banks", "/m/raw_lookup", "/h/hash", "/m/index/status"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (401, "access.key")
        assert answer.json()["message"]


def test_matching_and_changing_banks_are_two_scopes(guard, connect):
    matcher, curator = connect(guard, "match"), connect(guard, "banks")
    assert matcher.get("/m/index/status").status_code == 200
    assert matcher.get("/c/banks").status_code == 403
    assert curator.get("/c/banks").status_code == 200
    assert curator.get("/m/index/status").status_code == 403


def test_a_key_goes_where_clients_can_put_it(guard, connect):
    token = guard.storage.keys.create("test", ["banks"])[1]
    client = connect(guard)
    basic = base64.b64encode(f"hma:{token}".encode()).decode()
    for headers in (
        {"Authorization": f"Bearer {token}"},
        {"X-API-Key": token},
        {"Authorization": f"Basic {basic}"},
    ):
        assert client.get("/c/banks", headers=headers).status_code == 200
    url = client.base_url.copy_with(username="hma", password=token)
    assert httpx.get(url.join("/c/banks")).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"X-API-Key": "x"},
        {"X-API-Key": ""},
        {"Authorization": "Basic x"},
        {"Authorization": "Basic Og=="},
        {"Authorization": "Bearer"},
    ],
)
def test_what_is_no_key_is_refused(installation, connect, headers):
    for require in (True, False):
        client = connect(installation(f"home-{require}", require_key=require))
        assert client.get("/c/banks", headers=headers).status_code == 401


def test_clients_without_a_key_where_the_operator_says_so(installation, connect):
    client = connect(installation(require_key=False))
    assert client.post("/c/banks", json={"name": "A"}).status_code == 201
    assert client.get("/c/banks").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example"},
    ],
)
def test_without_keys_pages_of_other_sites_are_refused(installation, connect, headers):
    client = connect(installation(require_key=False))
    for method in ("GET", "POST"):
        answer = client.request(method, "/c/banks", json={"name": "A"}, headers=headers)
        assert answer.status_code == 403


@pytest.mark.parametrize("path", ["//c/banks", "/c//banks", "/hma/c/banks", "/hma//c/banks"])
def test_paths_as_clients_write_them(hma, path):
    answer = httpx.get(f"{str(hma.base_url).rstrip('/')}{path}", headers=hma.headers)
    assert (answer.status_code, answer.json()) == (200, [])


def test_another_base_path(installation, connect):
    client = connect(installation(base_path="/match"), "banks")
    assert client.get("/match/c/banks").status_code == 200
    assert client.get("/hma/c/banks").status_code == 404


def test_nothing_else_answers_under_the_base_path(hma):
    assert hma.get("/hma/metrics").status_code == 404
    assert hma.get("/hma/v1/screenings/x").status_code == 404


def test_the_status_is_a_plain_word(guard, connect):
    client = connect(guard)
    for path in ("/status", "/status/live"):
        answer = client.get(path)
        assert (answer.status_code, answer.text) == (200, "I-AM-ALIVE")


def test_the_site_map_spells_routes_as_hma_does(guard, connect):
    routes = connect(guard).get("/site-map").json()
    assert routes == sorted(routes)
    assert {
        "/c/bank/<bank_name>/content/<int:content_id>",
        "/c/exchange/<string:exchange_name>/status",
        "/c/exchanges/api/<string:api_name>/schema",
        "/c/signal_type/<signal_type_name>",
        "/h/hash",
        "/m/lookup",
        "/m/raw_lookup",
        "/site-map",
        "/status",
    } <= set(routes)


def test_the_contract_describes_itself(guard, connect):
    document = connect(guard).get("/openapi/openapi.json").json()
    assert document["info"]["title"] == "Open Media Match API"
    assert "get" in document["paths"]["/m/raw_lookup"]
    assert set(document["paths"]["/c/bank/{bank_name}/content/{content_id}"]) == {
        "get",
        "put",
        "delete",
    }


def test_kinds(hma):
    assert hma.get("/c/signal_type").json() == [
        {"name": "pdq", "enabled_ratio": 1.0},
        {"name": "video_md5", "enabled_ratio": 1.0},
    ]
    assert hma.get("/c/content_type").json() == [
        {"name": "photo", "enabled": True},
        {"name": "video", "enabled": True},
    ]


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("pdq", {"enabled_ratio": 1.0}, 204),
        ("pdq", {"enabled_ratio": "1.0"}, 204),
        ("pdq", {"enabled_ratio": 0.5}, 501),
        ("pdq", {}, 400),
        ("garbage", {"enabled_ratio": 1.0}, 404),
    ],
)
def test_signal_types_are_switched_by_settings(hma, name, body, status):
    assert hma.put(f"/c/signal_type/{name}", json=body).status_code == status


def test_the_index_says_what_it_has(hma, bank):
    empty = {"present": True, "built_to": -1, "size": 0}
    assert hma.get("/m/index/status").json() == {"pdq": empty, "video_md5": empty}
    for place in range(3):
        hma.post(f"/c/bank/{bank}/signal", json={"pdq": f"{place}" * 64})
    status = hma.get("/m/index/status", params={"signal_type": "pdq"}).json()
    assert list(status) == ["pdq"]
    assert (status["pdq"]["present"], status["pdq"]["size"]) == (True, 3)
    assert status["pdq"]["built_to"] > 1_700_000_000
    both = hma.get("/c/signal_type/index").json()
    assert both["pdq"]["db_size"] == both["pdq"]["index_size"] == 3
    assert both["pdq"]["index_out_of_date"] is False
    for path in ("/m/index/status", "/c/signal_type/index"):
        assert hma.get(path, params={"signal_type": "garbage"}).status_code == 400


def test_the_log_names_the_route_and_not_what_was_asked(installation, connect, capfd, monkeypatch):
    from consentry.web import logs

    client = connect(installation(), "match")
    monkeypatch.setitem(logs._state, "level", "info")
    logs._logger.cache_clear()
    client.get("/m/raw_lookup", params={"signal": BRIDGE, "signal_type": "pdq"})
    line = capfd.readouterr().err
    logs._logger.cache_clear()
    assert "/m/raw_lookup" in line
    assert BRIDGE not in line


HASH = "0f" * 32


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "message"),
    [
        ("GET", "/c/bank/NOPE", None, 404, "bank 'NOPE' not found"),
        ("POST", "/c/bank/NOPE/signal", {"pdq": HASH}, 404, "bank 'NOPE' not found"),
        ("PUT", "/c/bank/NOPE", {}, 404, "Bank not found"),
        ("GET", "/c/bank/TEST_BANK/content/99", None, 404, "content '99' not found"),
        ("POST", "/c/bank/TEST_BANK/signal", {"nope": "x"}, 400, "No such signal type nope"),
        ("GET", "/c/exchange/NOPE", None, 404, "Exchange 'NOPE' not found"),
        ("GET", "/c/exchanges/api/nope", None, 400, "no such Exchange API 'nope'"),
        ("POST", "/c/exchanges", {"bank": "A", "api": "x"}, 400, "No such exchange type 'x'"),
        ("GET", "/m/index/status?signal_type=x", None, 400, "No such signal type 'x'"),
        ("GET", "/m/raw_lookup?signal=1&signal_type=x", None, 400, "No such SignalType 'x'"),
        ("POST", "/m/compare", {"x": ["1", "2"]}, 400, "No such SignalType 'x'"),
        ("POST", "/m/compare", {"pdq": 5}, 400, "Comparison hashes for pdq was not a list"),
    ],
)
def test_errors_name_what_was_asked_for_as_hma_does(hma, method, path, body, status, message):
    hma.post("/c/banks", json={"name": "TEST_BANK"})
    answer = hma.request(method, path, json=body)
    assert (answer.status_code, answer.json()["message"]) == (status, message)


def test_a_file_that_names_an_odd_type_is_told_so(hma, photo):
    answer = hma.post("/h/hash", files={"nope": photo.data})
    assert (answer.status_code, answer.json()["message"]) == (400, "no such content_type: 'nope'")
    answer = hma.post("/h/hash?types=video_md5", files={"photo": photo.data})
    told = "signal type 'video_md5' doesn't exist or is disabled"
    assert (answer.status_code, answer.json()["message"]) == (400, told)


def test_a_name_that_is_no_text_is_refused_as_hma_does(hma):
    answer = hma.post("/c/banks", json={"name": 5})
    assert (answer.status_code, answer.json()[0]["type"]) == (422, "string_type")


@pytest.mark.parametrize(
    "database",
    ["report.cybertip.org/exploitative-hashsharing", "hashsharing.ncmec.org/generative-ai-csam"],
)
def test_every_database_that_hma_knows_can_be_set_up(hma, database):
    body = {"bank": "EX", "api": "ncmec", "api_json": {"environment": f"https://{database}"}}
    assert hma.post("/c/exchanges", json=body).status_code == 201
    assert hma.get("/c/exchange/EX").json()["environment"] == f"https://{database}"
