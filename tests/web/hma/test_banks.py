"""`/c/banks` and `/c/bank/<name>` answer as HMA does, member by member."""

from __future__ import annotations

import pytest


def test_there_are_no_banks_at_first(hma):
    answer = hma.get("/c/banks")
    assert (answer.status_code, answer.json()) == (200, [])


def test_a_bank_is_made_and_listed(hma):
    made = hma.post("/c/banks", json={"name": "MY_TEST_BANK_01"})
    plain = {"matching_enabled_ratio": 1.0, "name": "MY_TEST_BANK_01"}
    assert (made.status_code, made.json()) == (201, plain)
    assert hma.get("/c/banks").json() == [plain]
    shown = hma.get("/c/bank/MY_TEST_BANK_01")
    assert (shown.status_code, shown.json()) == (200, plain)


@pytest.mark.parametrize("name", ["01_TEST_BANK", "my_test_bank", "A B", "", "Ä", "A" * 256])
def test_names_are_upper_case_and_do_not_begin_with_a_digit(hma, name):
    answer = hma.post("/c/banks", json={"name": name})
    assert answer.status_code == 400
    assert "UPPER_WITH_UNDERSCORE" in answer.json()["message"]


@pytest.mark.parametrize(
    ("given", "ratio"),
    [
        ({}, 1.0),
        ({"enabled_ratio": 0.5}, 0.5),
        ({"enabled_ratio": "0.25"}, 0.25),  # as Coop sends it
        ({"enabled_ratio": "1"}, 1.0),
        ({"enabled_ratio": 0}, 0.0),
        ({"enabled_ratio": None, "enabled": False}, 0.0),
        ({"enabled": False}, 0.0),
        ({"enabled": True}, 1.0),
        ({"enabled_ratio": 0.5, "enabled": False}, 0.5),
    ],
)
def test_the_ratio_is_a_number_or_its_spelling(hma, given, ratio):
    answer = hma.post("/c/banks", json={"name": "RATIO", **given})
    assert (answer.status_code, answer.json()["matching_enabled_ratio"]) == (201, ratio)


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"enabled_ratio": "half"}, 422),
        ({"enabled_ratio": []}, 422),
        ({"enabled_ratio": 1.5}, 400),
        ({"enabled_ratio": -0.1}, 400),
        ({"enabled_ratio": "nan"}, 422),
        ({"enabled": "perhaps"}, 422),
    ],
)
def test_a_ratio_that_is_none_is_refused(hma, given, status):
    assert hma.post("/c/banks", json={"name": "RATIO", **given}).status_code == status
    assert hma.get("/c/banks").json() == []


def test_a_bank_without_a_name_is_refused(hma):
    answer = hma.post("/c/banks", json={})
    assert answer.status_code == 422
    assert answer.json() == [{"type": "missing", "loc": ["name"], "msg": "Field required"}]


def test_a_name_is_used_once(hma, bank):
    answer = hma.post("/c/banks", json={"name": bank})
    assert (answer.status_code, answer.json()["message"]) == (403, "Bank already exists")


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("PUT", ""), ("POST", "/signal")])
def test_a_bank_that_is_not_there(hma, method, path):
    answer = hma.request(method, f"/c/bank/NO_BANK{path}", json={"pdq": "0" * 64})
    assert answer.status_code == 404
    assert "not found" in answer.json()["message"]


def test_a_bank_is_renamed_and_switched(hma, bank):
    answer = hma.put(f"/c/bank/{bank}", json={"name": "1_invalid_name"})
    assert answer.status_code == 400
    answer = hma.put(f"/c/bank/{bank}", json={"name": "RENAMED"})
    assert answer.json() == {"name": "RENAMED", "matching_enabled_ratio": 1.0}
    answer = hma.put("/c/bank/RENAMED", json={"enabled": False})
    assert (answer.status_code, answer.json()["matching_enabled_ratio"]) == (200, 0)
    answer = hma.put("/c/bank/RENAMED", json={"enabled_ratio": 0.5})
    assert answer.json()["matching_enabled_ratio"] == 0.5
    assert hma.get("/c/banks").json() == [{"name": "RENAMED", "matching_enabled_ratio": 0.5}]
    assert hma.get(f"/c/bank/{bank}").status_code == 404


def test_a_bank_is_not_renamed_to_a_taken_name(hma, bank):
    hma.post("/c/banks", json={"name": "OTHER"})
    answer = hma.put(f"/c/bank/{bank}", json={"name": "OTHER"})
    assert (answer.status_code, answer.json()["message"]) == (403, "Bank name already exists")
    assert hma.put(f"/c/bank/{bank}", json={"name": bank}).status_code == 200


def test_deleting_twice_is_no_error(hma, bank):
    for _ in range(2):
        answer = hma.delete(f"/c/bank/{bank}")
        assert (answer.status_code, answer.json()) == (200, {"message": "Done"})
    assert hma.get("/c/banks").json() == []


def test_details_are_given_to_who_asks(hma):
    given = {"kind": "watch", "category": "known.intimate", "source": "a helpline"}
    made = hma.post("/c/banks?details=true", json={"name": "RICH", **given})
    assert made.status_code == 201
    assert given.items() <= made.json().items()
    assert made.json()["sealed"] is False
    assert hma.get("/c/bank/RICH").json() == {"name": "RICH", "matching_enabled_ratio": 1.0}


def test_a_kind_that_does_not_exist_is_refused(hma):
    answer = hma.post("/c/banks", json={"name": "ODD", "kind": "perhaps"})
    assert answer.status_code == 400
    assert hma.get("/c/banks").json() == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"NaN", b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(hma, body):
    answer = hma.post("/c/banks", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_a_body_that_does_not_say_it_is_json_is_refused(hma):
    assert hma.post("/c/banks", content=b'{"name": "A"}').status_code == 415


def test_a_sealed_bank_is_never_shown(hma):
    hidden = {"name": "VICTIMS", "sealed": True, "category": "known.intimate"}
    assert hma.post("/c/banks", json=hidden).status_code == 201
    assert hma.get("/c/banks").json() == []
    assert hma.get("/c/bank/VICTIMS").status_code == 403
    added = hma.post("/c/bank/VICTIMS/signal", json={"pdq": "0" * 64})
    assert added.status_code == 403
