"""Static files: looked up in a table, named with their digest, complete, nobody else's."""

from __future__ import annotations

import re

import pytest
from fastapi import FastAPI
from tests.web.local_client import local_client

from consentry.web.assets import asset_router, asset_url, assets


@pytest.fixture
def client():
    app = FastAPI()
    app.include_router(asset_router())
    with local_client(app) as opened:
        yield opened


@pytest.mark.parametrize("name", sorted(assets()))
def test_every_file_is_served_and_may_be_kept(client, name):
    answer = client.get(asset_url(name))
    assert answer.content == assets()[name].data
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_file_without_its_digest_is_kept_only_for_a_while(client):
    kept = client.get("/static/tokens.css").headers["cache-control"]
    assert "immutable" not in kept
    assert kept == client.get("/static/tokens.css?v=old").headers["cache-control"]


@pytest.mark.parametrize(
    "name", ["", "nothing.css", "../pages.py", "%2e%2e/pages.py", "/etc/passwd"]
)
def test_nothing_else_is_served(client, name):
    assert client.get(f"/static/{name}").status_code == 404


def test_style_sheets_load_only_files_that_we_ship():
    for name, asset in assets().items():
        if name.endswith(".css"):
            for target in re.findall(r"url\(\"?([^\")]+)", asset.data.decode()):
                assert target in assets(), f"{name} loads {target}"


def test_the_typeface_comes_with_its_licence():
    assert b"SIL OPEN FONT LICENSE" in assets()["fonts/OFL.txt"].data.upper()
    fonts = [name for name in assets() if name.endswith(".woff2")]
    assert len(fonts) == 2
    assert sum(len(assets()[name].data) for name in fonts) < 100_000
