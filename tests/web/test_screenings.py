"""Handing something in, in each of the three ways, and reading its decision again."""

from __future__ import annotations

import base64
import json

import pytest

from consentry.config import PromptSettings
from consentry.findings import Stage
from consentry.web.api.models import DecisionAnswer

pytestmark = pytest.mark.anyio
JPEG = b"\xff\xd8\xff\xe0 stands for a photograph"


async def test_json_prompt_is_decided_and_can_be_read_again(client, guard):
    answer = await client.post(
        "/v1/screenings",
        json={
            "stage": "prompt",
            "prompt": "ein Leuchtturm",
            "language": "de",
            "reference_id": "a1",
        },
    )
    assert answer.status_code == 201
    decision = answer.json()
    assert decision["action"] == "allow"
    assert decision["input"] == "a1"
    assert guard.seen[0].prompt == "ein Leuchtturm"
    assert guard.seen[0].language == "de"
    again = await client.get(answer.headers["Location"])
    assert again.status_code == 200
    assert again.json() == decision


async def test_earlier_prompts_come_along_in_their_order(client, guard):
    asked = {"stage": "prompt", "prompt": "bluer", "history": ["a lighthouse", "at dusk"]}
    assert (await client.post("/v1/screenings", json=asked)).status_code == 201
    assert guard.seen[0].history == ("a lighthouse", "at dusk")


@pytest.mark.parametrize("history", ["a", [1], ["a"] * 21, None])
async def test_odd_earlier_prompts_are_refused(client, guard, history):
    asked = {"stage": "prompt", "prompt": "bluer", "history": history}
    answer = await client.post("/v1/screenings", json=asked)
    assert answer.status_code == 422
    assert guard.seen == []


async def test_answer_has_the_declared_form(client):
    answer = await client.post("/v1/screenings", json={"stage": "prompt", "prompt": "a"})
    assert DecisionAnswer.model_validate(answer.json()).action == "allow"
    assert set(answer.json()) <= set(DecisionAnswer.model_fields)


async def test_json_media_is_decoded_from_base64(client, guard):
    body = {"stage": "output", "media": base64.b64encode(JPEG).decode(), "has_reference": True}
    answer = await client.post("/v1/screenings", json=body)
    assert answer.status_code == 201
    assert guard.seen[0].media == JPEG
    assert guard.seen[0].has_reference


@pytest.mark.parametrize("kind", ["image/jpeg", "application/octet-stream", "video/mp4"])
async def test_raw_body_takes_its_fields_from_the_query(client, guard, kind):
    answer = await client.post(
        "/v1/screenings",
        params={"stage": "upload", "name": "a.jpg", "has_reference": "true"},
        content=JPEG,
        headers={"Content-Type": kind},
    )
    assert answer.status_code == 201
    submission = guard.seen[0]
    assert (submission.stage, submission.media, submission.name) == (Stage.UPLOAD, JPEG, "a.jpg")
    assert submission.content_type == (None if kind == "application/octet-stream" else kind)


async def test_form_is_read_whole(client, guard):
    answer = await client.post(
        "/v1/screenings",
        data={"stage": "reference", "prompt": "zwölf Türme", "reference_id": "x/7"},
        files={"file": ("tür.jpg", JPEG, "image/jpeg")},
    )
    assert answer.status_code == 201
    submission = guard.seen[0]
    assert submission.prompt == "zwölf Türme"
    assert (submission.media, submission.name) == (JPEG, "tür.jpg")
    assert (submission.content_type, submission.reference) == ("image/jpeg", "x/7")


async def test_form_without_a_file_is_a_prompt(client, guard):
    answer = await client.post(
        "/v1/screenings", files={"stage": (None, "prompt"), "prompt": (None, "a")}
    )
    assert answer.status_code == 201
    assert guard.seen[0].media is None


async def test_every_cut_of_a_form_is_refused(client, guard):
    request = client.build_request(
        "POST", "/v1/screenings", data={"stage": "output"}, files={"file": ("a.jpg", JPEG)}
    )
    whole = request.read()
    headers = {"Content-Type": request.headers["Content-Type"]}
    for length in range(0, len(whole) - 4, 7):
        answer = await client.post("/v1/screenings", content=whole[:length], headers=headers)
        assert answer.status_code == 422, length
    assert guard.seen == []


async def test_large_body_goes_through_the_spool(make_guard, connect):
    guard = make_guard(max_memory_body_bytes=1000)
    token = guard.storage.keys.create("t", ["screen"])[1]
    media = JPEG + bytes(range(256)) * 40
    answer = await connect(guard, token).post(
        "/v1/screenings", data={"stage": "output"}, files={"file": ("a.jpg", media)}
    )
    assert answer.status_code == 201
    assert guard.seen[0].media == media
    spool = guard.settings.home / "spool"
    assert spool.is_dir()
    assert list(spool.iterdir()) == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("[]", "body"),
        ("{", "body"),
        ("", "body"),
        ('{"prompt": "secret"}', "stage"),
        ('{"stage": "secret"}', "stage"),
        ('{"stage": "prompt", "prompt": 7}', "prompt"),
        ('{"stage": "prompt", "prompt": "secret", "colour": "secret"}', "colour"),
        ('{"stage": "prompt", "prompt": "a", "se cret\\n": 1}', "?"),
        ('{"stage": "output", "media": "secret!"}', "media"),
        ('{"stage": "prompt", "prompt": "a", "reference_id": "sec ret"}', "reference_id"),
        ('{"stage": "prompt", "prompt": "a", "reference_id": "secret\\n"}', "reference_id"),
        ('{"stage": "prompt", "prompt": "a", "language": "secret-"}', "language"),
        ('{"stage": "prompt", "prompt": "a", "has_reference": "secret"}', "has_reference"),
        ('{"stage": "prompt", "prompt": "\\ud800 secret"}', "body"),
    ],
)
async def test_wrong_json_names_the_field_and_never_the_value(client, guard, body, field):
    headers = {"Content-Type": "application/json"}
    answer = await client.post("/v1/screenings", content=body, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["code"] == "input.request"
    assert [fault["field"] for fault in answer.json()["errors"]] == [field]
    assert "secret" not in answer.text.replace("has_reference", "")
    assert guard.seen == []


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"stage": "nowhere"},
        {"stage": "output", "colour": "red"},
        [("stage", "output"), ("stage", "upload")],
        {"stage": "output", "has_reference": "perhaps"},
        {"stage": "output", "name": "n" * 256},
    ],
)
async def test_wrong_query_is_refused_before_the_body_is_read(client, guard, params):
    headers = {"Content-Type": "image/jpeg"}
    answer = await client.post("/v1/screenings", params=params, content=JPEG, headers=headers)
    assert answer.status_code == 422
    assert guard.seen == []


async def test_query_beside_json_is_refused(client):
    answer = await client.post("/v1/screenings?stage=output", json={"stage": "prompt"})
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "files",
    [
        [("stage", (None, "output")), ("colour", (None, "red"))],
        [("stage", (None, "output")), ("stage", (None, "upload"))],
        [("stage", (None, "output")), ("file", ("a", JPEG)), ("file", ("b", JPEG))],
        [("stage", (None, b"\xff"))],
        [("stage", (None, "prompt")), ("prompt", (None, "a" * 200_000))],
    ],
)
async def test_wrong_form_is_refused(client, guard, files):
    assert guard.settings.prompt == PromptSettings()
    answer = await client.post("/v1/screenings", files=files)
    assert answer.status_code == 422
    assert answer.json()["code"] == "input.request"
    assert guard.seen == []


@pytest.mark.parametrize("kind", ["", "text/html", "application/x-www-form-urlencoded"])
async def test_other_content_is_refused(client, kind):
    answer = await client.post("/v1/screenings", content=b"x", headers={"Content-Type": kind})
    assert answer.status_code == 415


async def test_compressed_body_is_refused(client):
    headers = {"Content-Type": "image/jpeg", "Content-Encoding": "gzip"}
    answer = await client.post("/v1/screenings?stage=output", content=JPEG, headers=headers)
    assert answer.status_code == 415


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "multipart/form-data; boundary=" + "b" * 999]
)
async def test_form_without_a_usable_boundary_is_refused(client, kind):
    answer = await client.post("/v1/screenings", content=b"x", headers={"Content-Type": kind})
    assert answer.status_code == 422


async def test_stage_without_its_input_is_refused(client):
    answer = await client.post("/v1/screenings", json={"stage": "output"})
    assert answer.status_code == 422
    assert answer.json()["code"] == "input"


@pytest.mark.parametrize(
    ("media", "status", "code"),
    [(b"junk", 422, "media.truncated"), (b"BIG", 413, "media.too_large")],
)
async def test_unopened_input_is_a_problem_with_the_stored_decision(client, media, status, code):
    body = {"stage": "output", "media": base64.b64encode(media).decode()}
    answer = await client.post("/v1/screenings", json=body)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["code"], problem["status"]) == (code, status)
    assert problem["detail"] == "The file could not be opened."
    assert problem["decision"]["action"] == "block"
    assert (await client.get(answer.headers["Location"])).json() == problem["decision"]


async def test_unknown_decision_is_not_found(client):
    answer = await client.get("/v1/screenings/" + "0" * 32)
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize("wrong", ["x", "0" * 31, "0" * 33, "G" * 32, "0" * 32 + "%0A"])
async def test_malformed_id_is_refused(client, wrong):
    assert (await client.get(f"/v1/screenings/{wrong}")).status_code == 422


async def test_nothing_that_was_sent_is_stored(client, guard):
    await client.post(
        "/v1/screenings",
        data={"stage": "upload", "prompt": "pelican-words"},
        files={"file": ("pelican-name.jpg", JPEG + b"pelican-pixels", "image/jpeg")},
    )
    guard.storage.close()
    for path in guard.settings.home.rglob("*"):
        if path.is_file():
            assert b"pelican" not in path.read_bytes()
    assert json.dumps([one.as_json() for one in guard.made.values()]).count("pelican") == 0
