"""Limits, on a real server: bytes, time, places, and clients that go away."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

import httpx
import pytest

PROMPT = {"stage": "prompt", "prompt": "a"}


def _headers(guard, kind="image/jpeg"):
    return {
        "Authorization": f"Bearer {guard.storage.keys.create('t', ['screen'])[1]}",
        "Content-Type": kind,
    }


def _head(guard, length):
    """The first lines of a request with a body of so many bytes."""
    lines = {"Host": "x", **_headers(guard), "Content-Length": length}
    fields = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST /v1/screenings?stage=output HTTP/1.1\r\n{fields}\r\n"


def _raw(url, head, body=b"", timeout=10.0):
    """Send bytes as they are, and give everything that comes back until the server closes."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=timeout) as line:
        line.sendall(head.encode() + body)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := line.recv(65536):
                answer += piece
    return answer.decode("latin-1")


def _until(condition):
    for _ in range(500):
        if condition():
            return
        time.sleep(0.01)
    pytest.fail("it did not come true in time")


def test_a_declared_length_over_the_limit_is_refused_unread(make_guard, serve):
    guard = make_guard(max_body_bytes=1000)
    head = _head(guard, length=9999)
    with serve(guard) as url:
        answer = _raw(url, head)  # not one byte of the body is sent
    assert answer.startswith("HTTP/1.1 413")
    assert "connection: close" in answer.lower()
    assert '"code":"media.too_large"' in answer
    assert guard.seen == []


def test_a_body_without_a_length_is_counted_while_it_arrives(make_guard, serve):
    guard = make_guard(max_body_bytes=100_000)
    sent = []

    def endless():
        for _ in range(1000):
            sent.append(1)
            yield b"\xff" * 10_000

    with serve(guard) as url:
        answer = httpx.post(
            f"{url}/v1/screenings?stage=output", content=endless(), headers=_headers(guard)
        )
    assert answer.status_code == 413
    assert "server" not in answer.headers
    assert guard.seen == []


def test_a_whole_body_in_chunks_is_taken(make_guard, serve):
    guard = make_guard(max_memory_body_bytes=5000)
    pieces = [b"\xff\xd8"] + [bytes([number]) * 3000 for number in range(20)]
    with serve(guard) as url:
        answer = httpx.post(
            f"{url}/v1/screenings?stage=output", content=iter(pieces), headers=_headers(guard)
        )
    assert answer.status_code == 201
    assert guard.seen[0].media == b"".join(pieces)


def test_a_body_that_trickles_is_cut_off(make_guard, serve):
    guard = make_guard(body_seconds=0.3)
    head = _head(guard, length=99)
    with serve(guard) as url:
        answer = _raw(url, head, b"slow")
    assert answer.startswith("HTTP/1.1 408")
    assert '"code":"input.late"' in answer


def test_one_screening_too_many_is_told_to_wait(make_guard, serve):
    guard = make_guard(max_concurrent=1)
    guard.held = True
    headers = _headers(guard, "application/json")
    answers = []

    def first():
        answers.append(httpx.post(f"{url}/v1/screenings", json=PROMPT, headers=headers))

    with serve(guard) as url:
        thread = threading.Thread(target=first)
        thread.start()
        assert guard.entered.wait(10)
        busy = httpx.post(f"{url}/v1/screenings", json=PROMPT, headers=headers)
        alive = httpx.get(f"{url}/health/live")
        guard.release.set()
        thread.join()
        free = httpx.post(f"{url}/v1/screenings", json=PROMPT, headers=headers)
    assert (busy.status_code, busy.json()["code"]) == (503, "busy")
    assert int(busy.headers["Retry-After"]) > 0
    assert (alive.status_code, answers[0].status_code, free.status_code) == (200, 201, 201)


def test_a_client_that_goes_while_it_sends_leaves_nothing(make_guard, serve):
    guard = make_guard(max_concurrent=1, max_memory_body_bytes=10)
    head = _head(guard, length=99)
    with serve(guard) as url:
        host, port = url.removeprefix("http://").split(":")
        for _ in range(6):  # more than there are places for uploads
            line = socket.create_connection((host, int(port)))
            line.sendall(head.encode() + b"half of it")
            line.close()
        headers = _headers(guard)

        def works():
            answer = httpx.post(
                f"{url}/v1/screenings?stage=output", content=b"\xff\xd8", headers=headers
            )
            return answer.status_code == 201

        _until(works)
    assert all(submission.media == b"\xff\xd8" for submission in guard.seen)


def test_a_client_that_goes_while_it_waits_frees_its_place(make_guard, serve):
    guard = make_guard(max_concurrent=1)
    guard.held = True
    headers = _headers(guard, "application/json")
    with serve(guard) as url:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{url}/v1/screenings", json=PROMPT, headers=headers, timeout=0.3)
        assert guard.entered.wait(10)
        guard.held = False
        guard.release.set()
        _until(
            lambda: (
                httpx.post(f"{url}/v1/screenings", json=PROMPT, headers=headers).status_code == 201
            )
        )
