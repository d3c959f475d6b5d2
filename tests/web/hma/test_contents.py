"""What a bank holds: by address, by file, by hashes; shown, changed, taken out."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

PDQ = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"


def add_photo(hma, bank, photo, **given):
    return hma.post(
        f"/c/bank/{bank}/content", params={"url": photo.url, "content_type": "photo"}, **given
    )


def test_a_photo_is_banked_by_its_address(hma, bank, photo):
    answer = add_photo(hma, bank, photo)
    assert (answer.status_code, answer.json()) == (200, {"id": 1, "signals": {"pdq": photo.pdq}})


def test_a_photo_is_banked_by_its_file(hma, bank, photo):
    answer = hma.post(
        f"/c/bank/{bank}/content",
        files={"photo": ("a.jpg", photo.data, "image/jpeg")},
        data={"note": "from a form", "metadata": '{"content_id": "7"}', "other": "passed over"},
    )
    assert (answer.status_code, answer.json()) == (200, {"id": 1, "signals": {"pdq": photo.pdq}})
    shown = hma.get(f"/c/bank/{bank}/content/1").json()
    assert (shown["note"], shown["metadata"]["content_id"]) == ("from a form", "7")


def test_hashes_are_banked(hma, bank):
    answer = hma.post(f"/c/bank/{bank}/signal", json={"pdq": PDQ, "note": "from a campaign"})
    assert (answer.status_code, answer.json()) == (200, {"id": 1, "signals": {"pdq": PDQ}})
    assert hma.get(f"/c/bank/{bank}/content/1").json()["note"] == "from a campaign"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"note": "no hash"},
        {"garbage": PDQ},
        {"pdq": "banana"},
        {"pdq": ""},
        {"pdq": PDQ[:-1]},
        {"pdq": 7},
        {"pdq": [PDQ]},
        {"pdq": PDQ, "note": "x" * 256},
        {"pdq": PDQ, "note": 7},
        {"pdq": PDQ, "video_md5": "x"},
    ],
)
def test_hashes_that_are_none_are_refused(hma, bank, body):
    answer = hma.post(f"/c/bank/{bank}/signal", json=body)
    assert answer.status_code == 400
    assert answer.json()["message"]
    assert hma.get(f"/c/bank/{bank}/content/1").status_code == 404


def test_content_is_shown_as_hma_shows_it(hma, bank, photo):
    add_photo(hma, bank, photo)
    answer = hma.get(f"/c/bank/{bank}/content/1")
    assert answer.status_code == 200
    assert answer.json() == {
        "id": 1,
        "disable_until_ts": 1,
        "original_media_uri": None,
        "bank": {"name": bank, "matching_enabled_ratio": 1.0},
    }
    answer = hma.get(f"/c/bank/{bank}/content/1", params={"include_signals": "true"})
    assert answer.json()["signals"] == {"pdq": photo.pdq}


def test_metadata_comes_back(hma, bank, photo):
    metadata = {
        "content_id": "1197433091",
        "content_uri": "https://example.com/item/123",
        "json": {"source": "test", "nested": {"key": "value"}},
    }
    assert add_photo(hma, bank, photo, json={"metadata": metadata}).status_code == 200
    shown = hma.get(f"/c/bank/{bank}/content/1").json()
    assert shown["metadata"] == {**metadata, "collab": None}
    quiet = hma.get(f"/c/bank/{bank}/content/1", params={"include_metadata": "false"}).json()
    assert "metadata" not in quiet


@pytest.mark.parametrize(
    "metadata",
    [
        {"invalid_metadata": 5},
        {"content_id": 5},
        {"content_uri": ["x"]},
        {"json": "x"},
        "x",
        [],
    ],
)
def test_metadata_of_another_form_is_refused(hma, bank, photo, metadata):
    answer = add_photo(hma, bank, photo, json={"metadata": metadata})
    assert answer.status_code == 400
    assert "metadata" in answer.json()["message"]


def test_only_exchanges_say_where_content_came_from(hma, bank, photo):
    given = {"metadata": {"content_id": "1", "collab": {"X": ["y"]}}}
    assert add_photo(hma, bank, photo, json=given).status_code == 200
    assert hma.get(f"/c/bank/{bank}/content/1").json()["metadata"]["collab"] is None


def test_a_note_is_set_changed_and_cleared(hma, bank, photo):
    add_photo(hma, bank, photo)
    url = f"/c/bank/{bank}/content/1"
    assert "note" not in hma.get(url).json()
    for note in ("Initial note", "Updated note", "x" * 255):
        assert hma.put(url, json={"note": note}).json()["note"] == note
        assert hma.get(url).json()["note"] == note
    assert hma.put(url, json={"note": ""}).json()["note"] is None
    assert "note" not in hma.get(url).json()
    assert hma.put(url, json={"note": "x" * 256}).status_code == 400


def test_content_is_switched_off_until_a_time(hma, bank, photo):
    add_photo(hma, bank, photo)
    url = f"/c/bank/{bank}/content/1"
    in_a_year = int((datetime.now(UTC) + timedelta(days=365)).timestamp())
    for moment in (in_a_year, str(in_a_year), 0, 1):
        answer = hma.put(url, json={"disable_until_ts": moment})
        assert (answer.status_code, answer.json()["disable_until_ts"]) == (200, int(moment))
        assert hma.get(url).json()["disable_until_ts"] == int(moment)
    assert answer.json() == {
        "id": 1,
        "disable_until_ts": 1,
        "collab_metadata": {},
        "original_media_uri": None,
        "bank": {"name": bank, "matching_enabled_ratio": 1.0},
        "user_metadata": None,
        "note": None,
    }


@pytest.mark.parametrize("moment", [9_999_999_999, -1, "soon", None, [], 1e400])
def test_a_time_that_is_none_is_refused(hma, bank, photo, moment):
    add_photo(hma, bank, photo)
    body = "1e400" if moment == 1e400 else None
    url = f"/c/bank/{bank}/content/1"
    if body:
        answer = hma.put(
            url,
            content=b'{"disable_until_ts": 1e400}',
            headers={"Content-Type": "application/json"},
        )
    else:
        answer = hma.put(url, json={"disable_until_ts": moment})
    assert answer.status_code == 400


def test_content_that_is_switched_off_is_found_raw_only(hma, bank):
    hma.post(f"/c/bank/{bank}/signal", json={"pdq": PDQ})
    ask = {"signal": PDQ, "signal_type": "pdq"}
    for moment, found in ((0, {}), (int(time.time()) + 3600, {}), (1, {bank: 1})):
        hma.put(f"/c/bank/{bank}/content/1", json={"disable_until_ts": moment})
        by_bank = hma.get("/m/lookup", params=ask).json()
        assert {name: len(matches) for name, matches in by_bank.items()} == found
        assert hma.get("/m/raw_lookup", params=ask).json() == {"matches": [1]}


def test_content_is_taken_out(hma, bank, photo):
    add_photo(hma, bank, photo)
    for count in (1, 0):
        answer = hma.delete(f"/c/bank/{bank}/content/1")
        assert (answer.status_code, answer.json()) == (200, {"deleted": count})
    ask = {"signal": photo.pdq, "signal_type": "pdq"}
    assert hma.get("/m/raw_lookup", params=ask).json() == {"matches": []}


@pytest.mark.parametrize(("method", "status"), [("GET", 404), ("PUT", 404), ("DELETE", 200)])
def test_content_that_is_not_there(hma, bank, method, status):
    answer = hma.request(method, f"/c/bank/{bank}/content/99", json={"note": ""})
    assert answer.status_code == status
    assert hma.request(method, "/c/bank/NO_BANK/content/1", json={}).status_code == 404
    assert hma.request(method, f"/c/bank/{bank}/content/one", json={}).status_code == 404


def test_content_of_another_bank_is_not_there(hma, bank):
    hma.post("/c/banks", json={"name": "OTHER"})
    hma.post("/c/bank/OTHER/signal", json={"pdq": PDQ})
    assert hma.get(f"/c/bank/{bank}/content/1").status_code == 404
    assert hma.delete(f"/c/bank/{bank}/content/1").json() == {"deleted": 0}
    assert hma.get("/c/bank/OTHER/content/1").status_code == 200


def test_nothing_to_bank_is_refused(hma, bank):
    answer = hma.post(f"/c/bank/{bank}/content")
    assert answer.status_code == 400
    assert answer.json()["message"] == "Neither `url` nor multipart file upload was received"


def test_a_photo_without_detail_is_not_banked(hma, bank, pictures, flat):
    pictures.put("/flat.png", flat, kind="image/png")
    answer = hma.post(f"/c/bank/{bank}/content", params={"url": f"{pictures.url}/flat.png"})
    assert answer.status_code == 400
    assert hma.get(f"/c/bank/{bank}/content/1").status_code == 404
