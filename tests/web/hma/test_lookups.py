"""`/m`: what matches, in HMA's shapes, and never "no match" without having looked."""

from __future__ import annotations

import io
import random

import pytest
from PIL import Image

from consentry.errors import IndexBehindError
from consentry.matching.banks import parse_signal

# Published hashes of one bridge, from python-threatexchange's examples: 0 to 8 bits apart.
BRIDGE = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"
NEAR = "f8f8f0cee0f4a84f06370a2a038f63f0b36e26d596621e1d33e6b39c4e9c9b22"
MD5 = "cab08b36195edb1a1231d2d09fa450e0"


@pytest.fixture
def banked(hma):
    """Three banks with the same hash, ids 1 to 3."""
    for name in ("BANK_A", "BANK_B", "BANK_C"):
        hma.post("/c/banks", json={"name": name})
        assert hma.post(f"/c/bank/{name}/signal", json={"pdq": BRIDGE}).status_code == 200
    return hma


def ask(client, path, signal=BRIDGE, kind="pdq", **given):
    return client.get(path, params={"signal": signal, "signal_type": kind, **given})


def test_a_hash_is_found_at_once(hma, bank):
    hma.post(f"/c/bank/{bank}/signal", json={"pdq": BRIDGE})
    answer = ask(hma, "/m/raw_lookup")
    assert (answer.status_code, answer.json()) == (200, {"matches": [1]})
    answer = ask(hma, "/m/lookup")
    assert answer.json() == {bank: [{"bank_content_id": 1, "distance": "0"}]}
    answer = ask(hma, "/m/lookup", signal=NEAR)
    assert answer.json() == {bank: [{"bank_content_id": 1, "distance": "2"}]}


def test_a_lookup_asks_for_everything_that_was_banked_before_it(guard, hma, bank, monkeypatch):
    """An index may be 0.2 s behind other processes, and never behind what this one answered."""
    asked = []
    real = guard.matcher.match_signals

    def spy(signals, **how):
        asked.append(how["at_least"])
        return real(signals, **how)

    monkeypatch.setattr(guard.matcher, "match_signals", spy)
    for path in ("/m/raw_lookup", "/m/lookup"):
        hma.post(f"/c/bank/{bank}/signal", json={"pdq": BRIDGE})
        ask(hma, path)
        assert asked[-1] == guard.banks.sequence


def test_nothing_is_found(banked):
    far = "5" * 64
    assert ask(banked, "/m/raw_lookup", signal=far).json() == {"matches": []}
    assert ask(banked, "/m/lookup", signal=far).json() == {}


def test_an_answer_says_how_much_was_looked_at(banked):
    before = int(ask(banked, "/m/raw_lookup").headers["X-Consentry-Sequence"])
    banked.post("/c/bank/BANK_A/signal", json={"pdq": NEAR})
    answer = ask(banked, "/m/raw_lookup")
    assert answer.headers["X-Consentry-Complete"] == "true"
    assert int(answer.headers["X-Consentry-Sequence"]) > before


@pytest.mark.parametrize("said", ["true", "True", "1", "on", "yes"])
def test_distances_are_texts(banked, said):
    answer = ask(banked, "/m/raw_lookup", signal=NEAR, include_distance=said)
    matches = [{"bank_content_id": number, "distance": "2"} for number in (1, 2, 3)]
    assert answer.json() == {"matches": matches}


def test_include_distance_is_yes_or_no(banked):
    answer = ask(banked, "/m/raw_lookup", include_distance="perhaps")
    assert (answer.status_code, answer.json()[0]["type"]) == (422, "bool_parsing")


@pytest.mark.parametrize(
    ("banks", "found"),
    [("", 3), ("BANK_A", 1), ("BANK_A,BANK_B", 2), ("NON_EXISTENT_BANK", 0)],
)
def test_banks_are_chosen(banked, banks, found):
    assert len(ask(banked, "/m/raw_lookup", banks=banks).json()["matches"]) == found
    by_bank = ask(banked, "/m/lookup", banks=banks).json()
    assert len(by_bank) == found
    assert found == 3 or set(by_bank) <= set(banks.split(","))


def test_exact_types_have_no_distance(hma, bank):
    hma.post(f"/c/bank/{bank}/signal", json={"video_md5": MD5})
    answer = ask(hma, "/m/lookup", signal=MD5.upper(), kind="video_md5")
    assert answer.json() == {bank: [{"bank_content_id": 1, "distance": "-"}]}
    answer = ask(hma, "/m/raw_lookup", signal=MD5, kind="video_md5", include_distance=True)
    assert answer.json() == {"matches": [{"bank_content_id": 1, "distance": "-"}]}


@pytest.mark.parametrize("path", ["/m/raw_lookup", "/m/lookup"])
@pytest.mark.parametrize(
    ("signal", "kind"),
    [
        ("banana", "pdq"),
        (BRIDGE[:-1], "pdq"),
        (BRIDGE, "garbage"),
        (BRIDGE, "video_md5"),
        (BRIDGE, "sha256"),
        ("", "pdq"),
    ],
)
def test_malformed_hashes_are_refused(hma, path, signal, kind):
    answer = ask(hma, path, signal, kind)
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_parameters_are_needed(hma):
    answer = hma.get("/m/raw_lookup", params={"signal": BRIDGE})
    assert (answer.status_code, answer.json()[0]["loc"]) == (422, ["signal_type"])
    for given in ({}, {"signal": BRIDGE}, {"signal_type": "pdq"}):
        assert hma.get("/m/lookup", params=given).status_code == 400


def test_a_file_is_looked_up_by_address_and_form(hma, bank, photo, other_photo):
    hma.post(f"/c/bank/{bank}/content", params={"url": photo.url})
    found = {bank: [{"bank_content_id": 1, "distance": "0"}]}
    form = {"photo": ("a.jpg", photo.data, "image/jpeg")}
    assert hma.get("/m/lookup", params={"url": photo.url}).json() == {"pdq": found}
    assert hma.post("/m/lookup", files=form).json() == {"pdq": found}
    given = {"url": photo.url, "signal_type": "pdq"}
    assert hma.get("/m/lookup", params=given).json() == found
    given["signal_type"] = "video_md5"
    assert hma.get("/m/lookup", params=given).json() == {}
    assert hma.get("/m/lookup", params={"url": other_photo.url}).json() == {"pdq": {}}


def test_anything_sent_as_a_video_is_looked_up_by_its_md5(hma, bank, photo):
    form = {"video": ("a.mp4", photo.data, "video/mp4")}
    assert hma.post("/m/lookup", files=form).json() == {"video_md5": {}}
    hma.post(f"/c/bank/{bank}/content", files=form)
    found = {bank: [{"bank_content_id": 1, "distance": "-"}]}
    assert hma.post("/m/lookup", files=form).json() == {"video_md5": found}


def test_a_mirrored_copy_is_found(hma, bank, photo):
    hma.post(f"/c/bank/{bank}/signal", json={"pdq": photo.pdq})
    buffer = io.BytesIO()
    mirrored = Image.open(io.BytesIO(photo.data)).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    mirrored.save(buffer, "JPEG", quality=80)
    answer = hma.post("/m/lookup", files={"photo": ("m.jpg", buffer.getvalue(), "image/jpeg")})
    assert [one["bank_content_id"] for one in answer.json()["pdq"][bank]] == [1]


def test_a_cropped_copy_of_a_banked_file_is_found(hma, bank, photo):
    hma.post(f"/c/bank/{bank}/content", params={"url": photo.url})
    image = Image.open(io.BytesIO(photo.data))
    buffer = io.BytesIO()
    image.crop((image.width // 10, 0, image.width, image.height)).save(buffer, "JPEG")
    answer = hma.post("/m/lookup", files={"photo": ("c.jpg", buffer.getvalue(), "image/jpeg")})
    assert [one["bank_content_id"] for one in answer.json()["pdq"][bank]] == [1]


def test_what_was_banked_over_hma_is_stopped_on_the_road(guard, hma, bank, photo):
    """A mirrored, recompressed copy is blocked at upload and as output of a generator."""
    hma.post(f"/c/bank/{bank}/content", files={"photo": ("a.jpg", photo.data, "image/jpeg")})
    buffer = io.BytesIO()
    mirrored = Image.open(io.BytesIO(photo.data)).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    mirrored.save(buffer, "JPEG", quality=70)
    for decide in (guard.check_upload, guard.check_output):
        decision = decide(buffer.getvalue())
        assert "known.removed" in {one.category for one in decision.findings}
        assert not decision.action.releases


def test_a_picture_without_detail_is_no_no_match(hma, flat):
    answer = hma.post("/m/lookup", files={"photo": ("a.png", flat, "image/png")})
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_a_bank_that_is_off_is_found_raw_and_by_bypass(hma, bank):
    hma.post(f"/c/bank/{bank}/signal", json={"pdq": BRIDGE})
    hma.put(f"/c/bank/{bank}", json={"enabled": False})
    assert ask(hma, "/m/lookup").json() == {}
    assert bank in ask(hma, "/m/lookup", bypass_coinflip="true").json()
    assert ask(hma, "/m/raw_lookup").json() == {"matches": [1]}


def test_the_coin_falls_as_in_hma(hma, bank):
    hma.post(f"/c/bank/{bank}/signal", json={"pdq": BRIDGE})
    hma.put(f"/c/bank/{bank}", json={"enabled_ratio": 0.5})
    for seed in map(str, range(12)):
        expected = random.Random(seed).random() <= 0.5  # noqa: S311  HMA's own coin
        answers = [bank in ask(hma, "/m/lookup", seed=seed).json() for _ in range(2)]
        assert answers == [expected, expected]


def test_details_for_who_asks(hma):
    bank = {"name": "RICH", "category": "known.intimate", "source": "a helpline", "kind": "watch"}
    hma.post("/c/banks", json=bank)
    hma.post("/c/bank/RICH/signal", json={"pdq": BRIDGE})
    rich = {
        "bank_content_id": 1,
        "distance": "0",
        "bank": "RICH",
        "kind": "watch",
        "reason": "known.intimate",
        "source": "a helpline",
        "state": "active",
        "signal": "pdq",
    }
    assert ask(hma, "/m/lookup", details="true").json() == {"RICH": [rich]}
    raw = ask(hma, "/m/raw_lookup", details="true").json()
    assert (raw["matches"], raw["complete"]) == ([rich], True)
    assert raw["sequence"] > 0


def test_a_sealed_bank_says_the_match_and_no_more(guard, hma):
    sealed = {"name": "VICTIMS", "sealed": True, "source": "her own device"}
    hma.post("/c/banks", json=sealed)
    guard.banks.add("VICTIMS", [parse_signal("pdq", BRIDGE)], note="private")
    answer = ask(hma, "/m/lookup", signal=NEAR)
    assert answer.json() == {"VICTIMS": [{"bank_content_id": 1, "distance": "2"}]}
    told = ask(hma, "/m/lookup", signal=NEAR, details="true").text
    for secret in (BRIDGE, "her own device", "private"):
        assert secret not in told
    assert hma.get("/c/bank/VICTIMS/content/1?include_signals=true").status_code == 403
    assert hma.delete("/c/bank/VICTIMS/content/1").status_code == 403


def test_comparing(hma):
    one = "facd8bcb2a49bcebdec1985298d5fe84bcd006c187c598c720c3c087b3fdb318"
    other = "facd8bcb2a49bcebdec1985228d5ae84bcd006c187c598c720c2b087b3fdb318"
    answer = hma.post("/m/compare", json={"pdq": [one, other]})
    assert (answer.status_code, answer.json()) == (200, {"pdq": [True, {"distance": 9}]})
    far = hma.post("/m/compare", json={"pdq": ["0" * 64, "f" * 64]})
    assert far.json() == {"pdq": [False, {"distance": 256}]}
    exact = hma.post("/m/compare", json={"video_md5": [MD5, MD5]})
    assert exact.json() == {"video_md5": [True, {"distance": "-"}]}


@pytest.mark.parametrize(
    "body",
    [
        ["banana"],
        {"pdq": "banana"},
        {"pdq": []},
        {"pdq": ["banana", "banana"]},
        {"pdq": [BRIDGE, NEAR, BRIDGE]},
        {"pdq": [BRIDGE, 7]},
        {"garbage": [BRIDGE, NEAR]},
    ],
)
def test_comparing_what_is_no_pair_of_hashes(hma, body):
    answer = hma.post("/m/compare", json=body)
    assert answer.status_code == 400
    assert answer.json()["message"]


@pytest.mark.parametrize("path", ["/m/raw_lookup", "/m/lookup"])
def test_an_index_that_is_behind_does_not_say_no_match(hma, path, monkeypatch):
    def behind(*_, **__):
        raise IndexBehindError("It has not seen every change.")

    monkeypatch.setattr("consentry.matching.matcher.Matcher.match_signals", behind)
    answer = ask(hma, path)
    assert (answer.status_code, answer.json()["code"]) == (503, "index.behind")
    assert int(answer.headers["Retry-After"]) > 0
    assert "matches" not in answer.json()
