"""The demo's routes: who is answered, what is answered, and with which status."""

from __future__ import annotations

import io
import re
from base64 import b64decode

import pytest
from PIL import Image
from tests.web.demo.fake_guard import FakeGuard, fake_app
from tests.web.local_client import local_client

from consentry.config import Settings
from consentry.errors import BusyError, MediaSizeError, PromptError
from consentry.findings import Stage
from consentry.samples import sample
from consentry.web.app import create_app
from consentry.web.pages import CONTENT_SECURITY_POLICY

HERE = "http://127.0.0.1:8080"
OURS = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def guard():
    return FakeGuard()


@pytest.fixture
def client(guard):
    with local_client(fake_app(guard), HERE) as opened:
        yield opened


def ask(client, *, file=None, headers=OURS, **fields):
    given = {"stage": "output", "sample": "astronaut", "prompt": "", **fields}
    files = {name: (None, value) for name, value in given.items()}
    files["file"] = file or ("", b"", "application/octet-stream")
    return client.post("/demo", files=files, headers=headers)


def shown(page):
    data = re.search(r'src="data:image/jpeg;base64,([^"]+)"', page.text)
    return data and Image.open(io.BytesIO(b64decode(data[1])))


def test_the_first_page_leads_to_the_demo(client):
    answer = client.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/demo")


def test_the_page_names_every_sample_with_its_credit(client):
    page = client.get("/demo")
    assert page.status_code == 200
    for name in ("astronaut", "rocket", "coffee", "chelsea"):
        assert f"/demo/samples/{name}.jpg" in page.text
        assert sample(name).credit in page.text
        assert client.get(f"/demo/samples/{name}.jpg").content == sample(name).read()
    assert client.get("/demo/samples/nobody.jpg").status_code == 404


@pytest.mark.parametrize("path", ["/", "/demo", "/demo/samples/rocket.jpg"])
def test_every_answer_is_closed_to_others(client, path):
    headers = client.get(path).headers
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert "default-src 'none'" in CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in headers
    assert "public" not in headers["cache-control"]


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "10.0.0.1", ""]
)
def test_a_foreign_name_is_not_served(client, host):
    for path in ("/", "/demo", "/demo/samples/rocket.jpg"):
        answer = client.get(path, headers={"Host": host})
        assert answer.status_code == 403
        assert "only for the machine" in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "LOCALHOST:9", "[::1]:8080"])
def test_the_names_of_this_machine_are_served(client, host):
    assert client.get("/demo", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": HERE},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "https://127.0.0.1:8080"},
    ],
)
def test_a_form_from_elsewhere_is_not_looked_at(client, guard, headers):
    answer = ask(client, headers=headers)
    assert answer.status_code == 403
    assert "another site" in answer.text
    assert guard.submissions == []


@pytest.mark.parametrize("headers", [OURS, {"Origin": HERE}])
def test_a_form_of_ours_is_looked_at(client, guard, headers):
    assert ask(client, headers=headers).status_code == 200
    assert guard.submissions[0].media == sample("astronaut").read()


def test_a_file_goes_through_whole_with_its_name_and_type(client, guard):
    file = ("cat.png", sample("chelsea").read(), "image/png")
    assert ask(client, file=file, stage="upload", prompt="a cat").status_code == 200
    submission = guard.submissions[0]
    assert submission.stage is Stage.UPLOAD
    assert (submission.media, submission.name, submission.content_type) == (file[1], *file[::2])
    assert submission.prompt == "a cat"


def test_a_prompt_alone_is_a_submission_without_a_picture(client, guard):
    page = ask(client, stage="prompt", sample="none", prompt="a lighthouse")
    assert page.status_code == 200
    assert guard.submissions[0].media is None
    assert shown(page) is None


@pytest.mark.parametrize("action", ["review", "block"])
def test_what_is_not_allowed_is_grey_in_its_very_pixels(client, action):
    picture = shown(ask(client, prompt=f"please {action}"))
    assert picture.convert("RGB").tobytes() == picture.convert("L").convert("RGB").tobytes()


def test_what_is_allowed_keeps_its_colour(client):
    picture = shown(ask(client))
    assert picture.convert("RGB").tobytes() != picture.convert("L").convert("RGB").tobytes()


def test_what_is_escalated_is_never_decoded_for_show(client, guard):
    guard.preview = None  # calling it would raise
    page = ask(client, prompt="please escalate")
    assert shown(page) is None
    assert "not even blurred" in page.text


def test_words_from_outside_are_text_and_never_markup(client):
    page = ask(client, prompt="please block </textarea><script>alert(1)</script>")
    assert "<script>alert" not in page.text
    assert "You asked for it: &lt;block&gt; 100%." in page.text


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"stage": "prompt"}, "prompt", "no prompt"),
        ({"stage": "prompt", "prompt": "  "}, "prompt", "no prompt"),
        ({"sample": "none"}, "picture", "no picture"),
        ({"sample": "../../etc/passwd"}, "picture", "no picture"),
        ({"sample": "own"}, "picture", "but no file"),
        ({"stage": "sideways"}, "stage", "No stage"),
    ],
)
def test_what_is_missing_is_said_beside_its_field(client, guard, fields, field, says):
    page = ask(client, **fields)
    assert page.status_code == 422
    assert says in page.text
    assert f'id="fault-{field}"' in page.text
    assert guard.submissions == []


def test_a_file_that_cannot_be_opened_is_422_and_the_decision_is_shown(client):
    page = ask(client, file=("cat.jpg", b"miaow", "image/jpeg"), prompt="kept words")
    assert page.status_code == 422
    assert 'id="fault-picture"' in page.text
    assert "in no format that is read here" in page.text
    assert "kept words" in page.text
    assert "Blocked" in page.text


@pytest.mark.parametrize(
    ("error", "status", "field"),
    [
        (MediaSizeError("Too many bytes."), 413, "picture"),
        (PromptError("Too many words."), 422, "prompt"),
        (BusyError("Much is under way."), 503, None),
    ],
)
def test_errors_have_their_status_and_their_place(client, guard, error, status, field):
    guard.fail_with = error
    page = ask(client)
    assert page.status_code == status
    assert error.message in page.text
    assert error.hint in page.text
    assert (f'id="fault-{field}"' in page.text) == (field is not None)


def test_a_body_over_the_limit_is_413():
    guard = FakeGuard(Settings(server={"max_body_bytes": 2000}))
    with local_client(create_app(guard, demo=True), HERE) as client:
        page = ask(client, file=("big.png", b"0" * 3000, "image/png"))
    assert page.status_code == 413
    assert "more than 2000 bytes" in page.text
    assert guard.submissions == []


def test_what_is_no_form_is_400(client):
    page = client.post("/demo", content=b"{}", headers={**OURS, "Content-Type": "text/plain"})
    assert page.status_code == 400


def test_the_page_says_when_others_are_asked_too():
    slot = {"name": "acme", "url": "http://127.0.0.1:1", "kind": "picture", "categories": ["a"]}
    for settings, says in (
        (Settings(), "Everything happens on this machine."),
        (Settings(detectors={"http": [slot]}), "they are asked too: acme"),
    ):
        with local_client(fake_app(FakeGuard(settings)), HERE) as client:
            assert says in client.get("/demo").text
