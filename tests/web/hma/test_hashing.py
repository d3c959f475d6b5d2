"""`/h/hash`: the hashes that HMA gives, of files by address and sent along."""

from __future__ import annotations

import hashlib
import io

import pytest
from PIL import Image
from tests.web.hma.conftest import reference_pdq


def test_a_photo_at_an_address(hma, photo):
    answer = hma.get("/h/hash", params={"url": photo.url})
    assert (answer.status_code, answer.json()) == (200, {"pdq": photo.pdq})


def test_a_photo_in_a_form(hma, photo):
    answer = hma.post("/h/hash", files={"photo": ("a.jpg", photo.data, "image/jpeg")})
    assert (answer.status_code, answer.json()) == (200, {"pdq": photo.pdq})


def test_anything_sent_as_a_video_has_its_md5(hma, photo):
    digest = hashlib.md5(photo.data, usedforsecurity=False).hexdigest()
    answer = hma.post("/h/hash", files={"video": ("a.mp4", photo.data, "video/mp4")})
    assert (answer.status_code, answer.json()) == (200, {"video_md5": digest})
    answer = hma.get("/h/hash", params={"url": photo.url, "content_type": "video"})
    assert answer.json() == {"video_md5": digest}


def test_a_photo_that_its_file_stores_sideways(hma, photo):
    """HMA's library does not heed the EXIF orientation, and its clients compare hashes."""
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    Image.open(io.BytesIO(photo.data)).save(buffer, "JPEG", quality=95, exif=exif)
    answer = hma.post("/h/hash", files={"photo": ("a.jpg", buffer.getvalue(), "image/jpeg")})
    assert answer.json() == {"pdq": reference_pdq(buffer.getvalue())}


@pytest.mark.parametrize("types", ["pdq", " pdq ,", "pdq,pdq"])
def test_types_are_chosen(hma, photo, types):
    answer = hma.get("/h/hash", params={"url": photo.url, "types": types})
    assert answer.json() == {"pdq": photo.pdq}


@pytest.mark.parametrize("types", ["garbage", "video_md5", "pdq,garbage", ",", ""])
def test_types_that_do_not_exist_are_refused(hma, photo, types):
    answer = hma.get("/h/hash", params={"url": photo.url, "types": types})
    assert answer.status_code == 400


def test_further_types_where_the_operator_says_so(installation, connect, photo):
    guard = installation(signal_types=("pdq", "sha256"))
    client = connect(guard, "match")
    answer = client.get("/h/hash", params={"url": photo.url})
    digest = hashlib.sha256(photo.data).hexdigest()
    assert answer.json() == {"pdq": photo.pdq, "sha256": digest}


def test_a_picture_without_detail_has_an_empty_hash(hma, flat):
    answer = hma.post("/h/hash", files={"photo": ("a.png", flat, "image/png")})
    assert (answer.status_code, answer.json()) == (200, {"pdq": ""})


def test_an_address_is_needed(hma):
    answer = hma.get("/h/hash")
    assert (answer.status_code, answer.json()[0]["loc"]) == (422, ["url"])


def test_a_file_is_needed(hma):
    for answer in (
        hma.post("/h/hash"),
        hma.post("/h/hash", json={}),
        hma.post("/h/hash", data={"photo": "x"}),
    ):
        assert answer.status_code == 400
        assert answer.json()["message"] == "Missing multipart/form-data file upload"


def test_only_one_file_is_taken(hma, photo):
    one = ("a.jpg", photo.data, "image/jpeg")
    answer = hma.post("/h/hash", files=[("photo", one), ("photo", one)])
    assert answer.status_code == 400
    answer = hma.post("/h/hash", files={"photo": one, "video": one})
    assert answer.status_code == 400


def test_the_field_is_the_content_type(hma, photo):
    answer = hma.post("/h/hash", files={"file": ("a.jpg", photo.data, "image/jpeg")})
    assert answer.status_code == 400
    assert "no such content_type" in answer.json()["message"]


def test_a_content_type_that_does_not_exist(hma, photo, pictures):
    before = len(pictures.asked)
    answer = hma.get("/h/hash", params={"url": photo.url, "content_type": "smell"})
    assert answer.status_code == 400
    assert len(pictures.asked) == before, "nothing is fetched for a request that cannot be met"


def test_an_address_of_no_known_kind(hma, pictures):
    pictures.put("/page.html", b"<p>", kind="text/html")
    answer = hma.get("/h/hash", params={"url": f"{pictures.url}/page.html"})
    assert answer.status_code == 400
    assert "content_type" in answer.json()["message"]


@pytest.mark.parametrize("data", [b"", b"no picture", b"\xff\xd8\xff\xe0\x00\x10JFIF"])
def test_what_is_no_picture_is_refused(hma, data):
    answer = hma.post("/h/hash", files={"photo": ("a.jpg", data, "image/jpeg")})
    assert answer.status_code == 400
    assert answer.json()["message"]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/a.jpg",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:127.0.0.1]/a.jpg",
        "file:///etc/passwd",
        "example.com",
        "http://example.com:abc",
    ],
)
def test_addresses_of_our_own_network_are_refused(hma, url):
    for path in ("/h/hash", "/m/lookup"):
        answer = hma.get(path, params={"url": url})
        assert (answer.status_code, answer.json()["code"]) == (400, "fetch.address")


def test_a_redirect_into_our_own_network_is_refused(hma, pictures):
    pictures.redirect("/out.jpg", "http://169.254.169.254/")
    answer = hma.get("/h/hash", params={"url": f"{pictures.url}/out.jpg"})
    assert (answer.status_code, answer.json()["code"]) == (400, "fetch.address")


def test_what_is_too_long_is_413(installation, connect, photo):
    client = connect(installation(fetch_max_bytes=100), "match")
    answer = client.get("/h/hash", params={"url": photo.url})
    assert answer.status_code == 413
    assert "Content too large" in answer.json()["message"]
