import io
import json

import numpy as np
import pytest
from PIL import Image
from tests.support.classifier import classifier

from consentry.config import HttpSlot, Settings
from consentry.detectors.http_slot import HttpSlotDetector
from consentry.errors import ConfigError, DetectorError
from consentry.media.picture import Picture
from consentry.media.prompt import Prompt

PICTURE = Picture.from_pixels(np.full((40, 60, 3), (200, 100, 50), np.uint8), format="png")
TEA_AT = b'{"findings": [{"category": "acme.tea", "score": 1, "where": {%b}}]}'
TEA = {"category": "acme.tea", "score": 0.75}


@pytest.fixture
def server():
    with classifier() as one:
        yield one


@pytest.fixture
def slot(server):
    """Make a detector that asks the server."""

    def make(**options):
        usual = {"name": "far", "url": server.url, "kind": "picture", "categories": ("acme.tea",)}
        settings = Settings(detectors={"http": (HttpSlot(**usual | options),)})
        (detector,) = HttpSlotDetector.from_settings(settings)
        made.append(detector)
        return detector

    made = []
    yield make
    for detector in made:
        detector._client().close()


def answer(server, *findings):
    server.say({"findings": findings})


def test_a_prompt_is_sent_as_json(server, slot):
    answer(server, TEA | {"where": {"span": [2, 5]}})
    (found,) = slot(kind="prompt").detect(Prompt("a cup of thé"), {})
    assert (found.category, found.score, found.detector) == ("acme.tea", 0.75, "far")
    assert found.where == {"span": [2, 5]}
    ((path, headers, body),) = server.requests
    assert path == "/look"
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body) == {"prompt": "a cup of thé"}


def test_a_picture_is_sent_as_a_jpeg_of_our_own_making(server, slot):
    answer(server, TEA | {"where": {"box": [0, 0, 60, 40]}})
    (found,) = slot().detect(PICTURE, {})
    assert found.where == {"box": [0, 0, 60, 40]}
    ((_, headers, body),) = server.requests
    assert headers["Content-Type"] == "image/jpeg"
    with Image.open(io.BytesIO(body)) as sent:
        assert (sent.format, sent.size, sent.getexif()) == ("JPEG", (60, 40), {})
        assert np.abs(np.asarray(sent, int) - PICTURE.pixels).max() <= 3


def test_nothing_found_is_an_answer(slot):
    assert slot().detect(PICTURE, {}) == []


def test_the_token_is_sent_and_shown_nowhere(server, slot):
    detector = slot(token="s3cret")  # noqa: S106  made up for this test
    server.status = 500
    with pytest.raises(DetectorError) as caught:
        detector.detect(PICTURE, {})
    assert server.requests[0][1]["Authorization"] == "Bearer s3cret"
    assert "s3cret" not in f"{caught.value!s} {detector._slot!r} {detector.version}"


def test_the_connection_is_used_again(server, slot):
    detector = slot()
    for _ in range(5):
        detector.detect(PICTURE, {})
    assert len(server.connections) == 1


@pytest.mark.parametrize("status", [201, 204, 301, 307, 400, 401, 404, 500, 503])
def test_anything_but_200_is_no_answer(server, slot, status):
    server.status, server.headers = status, {"Location": server.url}
    server.body = b"" if status == 204 else server.body
    with pytest.raises(DetectorError, match=f"answered {status}"):
        slot().detect(PICTURE, {})
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"", "agreed form"),
        (b"tea!", "agreed form"),
        (b"[]", "agreed form"),
        (b"{}", "findings"),
        (b'{"findings": null}', "findings"),
        (b'{"findings": [], "more": 1}', "more"),
        (b'{"findings": [{"category": "acme.tea"}]}', "score"),
        (b'{"findings": [{"category": "acme.tea", "score": 1.01}]}', "score"),
        (b'{"findings": [{"category": "acme.tea", "score": -0.1}]}', "score"),
        (b'{"findings": [{"category": "acme.tea", "score": NaN}]}', "agreed form"),
        (b'{"findings": [{"category": "acme.tea", "score": "0.5"}]}', "score"),
        (b'{"findings": [{"category": "acme.tea", "score": true}]}', "score"),
        (b'{"findings": [{"category": "acme.beer", "score": 0.5}]}', "category"),
        (b'{"findings": [{"category": "acme.tea", "score": 1, "who": "x"}]}', "who"),
        (TEA_AT % b'"box": [0, 0, 61, 4]', "outside"),
        (TEA_AT % b'"box": [0, 40, 6, 1]', "outside"),
        (TEA_AT % b'"box": [-1, 0, 6, 4]', "box"),
        (TEA_AT % b'"box": [0, 0, 6]', "box"),
        (TEA_AT % b'"span": [0, 1]', "outside"),
        (b"\xff\xfe", "agreed form"),
    ],
)
def test_an_answer_that_is_odd_is_no_answer(server, slot, body, fault):
    server.body = body
    with pytest.raises(DetectorError, match=fault):
        slot().detect(PICTURE, {})


def test_a_span_beyond_the_prompt_is_no_answer(server, slot):
    answer(server, TEA | {"where": {"span": [0, 4]}})
    with pytest.raises(DetectorError, match="outside"):
        slot(kind="prompt").detect(Prompt("tea"), {})


def test_an_answer_that_is_too_long_is_no_answer(server, slot):
    server.body = b'{"findings": []}' + b" " * 64 * 1024
    with pytest.raises(DetectorError, match="more than 64 kB"):
        slot().detect(PICTURE, {})


def test_a_compressed_answer_is_no_answer(server, slot):
    server.headers = {"Content-Encoding": "gzip"}
    with pytest.raises(DetectorError, match="compressed"):
        slot().detect(PICTURE, {})


def test_a_late_answer_is_no_answer(server, slot):
    server.may_answer.clear()
    with pytest.raises(DetectorError, match=r"within 0\.1 s"):
        slot(timeout_seconds=0.1).detect(PICTURE, {})
    assert not server.answered
    server.may_answer.set()


def test_an_answer_that_trickles_in_too_slowly_is_no_answer(server, slot):
    server.pause = 0.05
    with pytest.raises(DetectorError, match=r"within 0\.3 s"):
        slot(timeout_seconds=0.3).detect(PICTURE, {})


def test_a_classifier_that_is_not_there_is_said_so(server, slot):
    detector = slot(url="http://127.0.0.1:1/")
    with pytest.raises(DetectorError, match="cannot be reached"):
        detector.detect(PICTURE, {})
    assert server.requests == []


def test_proxies_of_the_environment_are_not_used(slot, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert slot().detect(PICTURE, {}) == []


def test_the_other_kind_is_refused_and_not_sent(server, slot):
    with pytest.raises(DetectorError, match="one picture at a time"):
        slot().detect(Prompt("tea"), {})
    assert server.requests == []


def test_a_slot_without_categories_stops_the_start(slot):
    with pytest.raises(ConfigError, match="categories"):
        slot(categories=())


@pytest.mark.parametrize("more", [{"model": "m"}, {"mapping": {"a": ("acme.tea",)}}])
def test_a_slot_of_our_own_form_takes_nothing_that_is_for_others(slot, more):
    with pytest.raises(ConfigError, match="no mapping and no model"):
        slot(**more)


def test_no_slot_no_detector():
    assert HttpSlotDetector.from_settings(Settings()) == []
