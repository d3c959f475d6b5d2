"""Forms are read into memory, within limits, and every broken one is a named error."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request

from consentry.errors import InputError, MediaSizeError
from consentry.web.forms import FormData, FormLimits, read_form

BOUNDARY = "x" * 16
KIND = f"multipart/form-data; boundary={BOUNDARY}"
LIMITS = FormLimits(max_body_bytes=4000, max_field_bytes=1000, max_parts=4)


def part(disposition, data, *extra):
    head = "\r\n".join((f"Content-Disposition: form-data; {disposition}", *extra))
    return f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + data + b"\r\n"


def body_of(*parts):
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def read(body, *, kind=KIND, chunk=7, limits=LIMITS) -> FormData:
    chunks = [body[at : at + chunk] for at in range(0, len(body), chunk)]

    async def receive():
        data = chunks.pop(0) if chunks else b""
        return {"type": "http.request", "body": data, "more_body": bool(chunks)}

    headers = [(b"content-type", kind.encode("latin-1"))] if kind else []
    scope = {"type": "http", "method": "POST", "headers": headers}
    return asyncio.run(read_form(Request(scope, receive), limits))


def test_fields_and_a_file_are_read():
    form = read(
        body_of(
            part('name="prompt"', "a café\r\nby the sea".encode()),
            part('name="file"; filename="Foto é.jpg"', b"\xff\xd8\x00", "Content-Type: image/jpeg"),
        )
    )
    assert form.fields == {"prompt": "a café\nby the sea"}
    assert (form.file, form.file_name) == (b"\xff\xd8\x00", "Foto é.jpg")
    assert form.file_type == "image/jpeg"


def test_a_file_field_left_alone_is_no_file():
    form = read(body_of(part('name="file"; filename=""', b"", "Content-Type: x/y")))
    assert form.file is None


def test_an_empty_file_is_a_file():
    assert read(body_of(part('name="file"; filename="a.png"', b""))).file == b""


@pytest.mark.parametrize("kind", [None, "text/plain", "multipart/form-data", f"{KIND}{'y' * 80}"])
def test_what_is_no_form_is_refused(kind):
    with pytest.raises(InputError, match="multipart/form-data"):
        read(b"prompt=1", kind=kind)


@pytest.mark.parametrize("body", [b"", b"rubbish", body_of(part('name="a"', b"b"))[:-8]])
def test_a_broken_or_partial_form_is_refused(body):
    with pytest.raises(InputError, match="arrived"):
        read(body)


def test_a_field_that_is_not_text_is_refused():
    with pytest.raises(InputError, match="damaged"):
        read(body_of(part('name="prompt"', b"\xff\xfe")))


def test_too_long_a_body_is_refused_whatever_comes_after():
    with pytest.raises(MediaSizeError, match="larger than 4000 bytes"):
        read(body_of(part('name="file"; filename="a"', b"0" * 5000)))


def test_an_endless_body_is_not_read_to_its_end():
    taken = 0

    async def receive():
        nonlocal taken
        taken += 1000
        return {"type": "http.request", "body": b"0" * 1000, "more_body": True}

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", KIND.encode())]}
    start = part('name="file"; filename="a"', b"")[:-2]

    async def receive_start():
        nonlocal receive_now
        receive_now = receive
        return {"type": "http.request", "body": start, "more_body": True}

    receive_now = receive_start

    async def receive_any():
        return await receive_now()

    with pytest.raises(MediaSizeError):
        asyncio.run(read_form(Request(scope, receive_any), LIMITS))
    assert taken < 20_000


def test_too_long_a_field_is_refused():
    with pytest.raises(InputError, match="too long"):
        read(body_of(part('name="prompt"', b"0" * 1001)))


def test_too_many_parts_are_refused():
    with pytest.raises(InputError, match="too many"):
        read(body_of(*[part('name="a"', b"")] * 5))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_damage_is_read_or_refused_by_name(data):
    good = body_of(
        part('name="stage"', b"output"), part('name="file"; filename="a.jpg"', b"\xff\xd8" * 40)
    )
    at = data.draw(st.integers(0, len(good) - 1))
    noise = data.draw(st.binary(max_size=12))
    try:
        read(good[:at] + noise + good[at + len(noise) :], chunk=data.draw(st.integers(1, 300)))
    except InputError as error:
        assert error.hint  # noqa: PT017  either outcome is right; an unnamed error is not
