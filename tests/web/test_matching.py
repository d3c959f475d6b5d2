"""The story over HTTP: a copy of a removed picture is blocked at upload and at output."""

from __future__ import annotations

import io
import time

import httpx
import pytest
from PIL import Image, ImageOps
from tests.conftest import encoded

from consentry.config import Settings
from consentry.guard import Guard


@pytest.fixture
def real(tmp_path):
    with Guard.open(Settings(home=tmp_path / "real", media={"decoders": 1})) as opened:
        opened.follow()
        yield opened


def turned(data: bytes) -> bytes:
    """Mirrored, smaller, recompressed."""
    with Image.open(io.BytesIO(data)) as image:
        small = ImageOps.mirror(image).resize((450, 300))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=40)
    return buffer.getvalue()


def test_a_mirrored_recompressed_copy_is_blocked_over_http(real, serve):
    removed = encoded("coffee.png", side=600, quality=95)
    token = real.storage.keys.create("test", ["screen", "read"])[1]
    real.banks.create("TAKEN_DOWN")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "image/jpeg"}
    with serve(real) as url, httpx.Client(base_url=url, headers=headers, timeout=60) as client:

        def screened(stage, data):
            answer = client.post("/v1/screenings", params={"stage": stage}, content=data)
            assert answer.status_code == 201
            return answer.json()

        before = screened("upload", turned(removed))
        assert before["action"] == "allow"
        real.bank_picture("TAKEN_DOWN", removed, case="CASE-17")
        for stage in ("upload", "output"):
            decision = screened(stage, turned(removed))
            assert (decision["action"], decision["reasons"][0]["code"]) == (
                "block",
                "known-picture",
            )
            (finding,) = [one for one in decision["findings"] if one["detector"] == "matching"]
            assert finding["category"] == "known.removed"
            assert finding["detail"]["bank"] == "TAKEN_DOWN"
            assert finding["detail"]["turn"] == "mirrored"
            assert finding["detail"]["case"] == "CASE-17"
            again = client.get(f"/v1/screenings/{decision['id']}")
            assert again.json() == decision
        assert screened("upload", encoded("rocket.jpg", side=500))["action"] == "allow"
    assert before["id"] in {one.decision_id for one in real.sweep("TAKEN_DOWN")}


def test_health_tells_whether_matching_works(real, monkeypatch):
    def parts():
        return {part.name: part for part in real.health()}

    assert parts()["matching"].ready
    real.banks.create("TAKEN_DOWN")
    real.bank_picture("TAKEN_DOWN", encoded("coffee.png", side=600))
    time.sleep(0.2)  # so long a process may go on with what it knew
    assert parts()["matching"].ready

    def behind(*_args, **_how):
        from consentry.errors import IndexBehindError

        raise IndexBehindError("The log of known hashes cannot be read.")

    monkeypatch.setattr(real.matcher, "warm_up", behind)
    assert not parts()["matching"].ready
    assert parts()["matching"].note.startswith("The log of known hashes cannot be read.")
