"""A client that talks to an ASGI application without a network, one request after another."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager

import httpx


class LocalClient:
    def __init__(self, app, base_url, runner):
        self._runner = runner
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base_url)

    def get(self, url, **given):
        return self._runner.run(self._client.get(url, **given))

    def post(self, url, **given):
        return self._runner.run(self._client.post(url, **given))


@contextmanager
def local_client(app, base_url="http://127.0.0.1:8080"):
    with asyncio.Runner() as runner:
        yield LocalClient(app, base_url, runner)
