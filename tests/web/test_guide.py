"""Every example of the guides is run against a real server, and its answer has the form shown."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from consentry import errors
from consentry.storage.key_records import SCOPES
from consentry.web.api.models import FileScreening, JsonScreening
from consentry.web.api.problems import _HTTP_CODES, status_of
from consentry.web.api.routes import ROUTES
from consentry.web.hma.status import PREFIXES

GUIDE = Path(__file__).parent.parent.parent / "docs" / "guide"
JPEG = b"\xff\xd8\xff\xe0 stands for a photograph"


def _examples(page):
    """Pairs of a shell block and the JSON block that directly answers it, or None."""
    blocks = re.findall(r"```(sh|json)\n(.*?)```", (GUIDE / page).read_text("utf-8"), re.DOTALL)
    following = [*blocks[1:], ("", "")]
    return [
        pytest.param(
            text, json.loads(after) if kind_after == "json" else None, id=f"{page}-{place}"
        )
        for place, ((kind, text), (kind_after, after)) in enumerate(
            zip(blocks, following, strict=True)
        )
        if kind == "sh" and text.strip() != "consentry serve"  # which tests/cli starts
    ]


@pytest.fixture
def shell(guard, tmp_path, serve_guard):
    """Runs a block as a person would, in a folder with a photo, a key and the command."""
    (tmp_path / "photo.jpg").write_bytes(JPEG)
    command = tmp_path / "bin" / "consentry"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m consentry "$@"\n')
    command.chmod(0o755)
    record, token = guard.storage.keys.create("guide", SCOPES)
    decision = "0" * 32
    environment = {
        **os.environ,
        "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "CONSENTRY_HOME": str(guard.settings.home),
        "KEY": token,
        "KEY_ID": record.id,
        "DECISION": decision,
    }

    def run(block):
        return subprocess.run(
            [
                "/bin/bash",
                "-euo",
                "pipefail",
                "-c",
                block.replace("http://127.0.0.1:8080", serve_guard),
            ],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    return run


@pytest.fixture
def serve_guard(guard, serve):
    with serve(guard) as url:
        yield url


def _same_form(shown, given):
    """Whether an answer has the members that are shown, down through its objects."""
    if isinstance(shown, dict) and isinstance(given, dict):
        open_ended = {"context", "where"}
        return all(
            name in given and (name in open_ended or _same_form(value, given[name]))
            for name, value in shown.items()
        )
    if isinstance(shown, list) and isinstance(given, list):
        return not shown or (bool(given) and _same_form(shown[0], given[0]))
    return (shown is None) == (given is None)


@pytest.mark.parametrize(("block", "shown"), _examples("api.md") + _examples("keys.md"))
def test_an_example_does_what_the_guide_says(shell, block, shown):
    given = shell(block)
    if "$DECISION" in block:
        assert json.loads(given)["code"] == "not_found"  # it is run without a decision
    elif "/v1/screenings" in block and shown is None:
        assert json.loads(given)["action"] == "allow", given
    elif shown is not None:
        assert _same_form(shown, json.loads(given)), given


def test_the_guide_has_every_route_and_field():
    page = (GUIDE / "api.md").read_text("utf-8")
    peers = (GUIDE / "moving-from-hma.md").read_text("utf-8")
    for method, path in ROUTES:
        told = peers if path.startswith(PREFIXES) else page
        assert f"`{method} {path.replace(':int', '')}`" in told
    for name in {*FileScreening.model_fields, *JsonScreening.model_fields}:
        assert f"`{name}`" in page


def test_the_guide_has_every_code_beside_its_status():
    page = (GUIDE / "api.md").read_text("utf-8")
    shown = {
        (int(status), code)
        for status, codes in re.findall(r"^\| (\d{3}) \| ([^|]*) \|", page, re.MULTILINE)
        for code in re.findall(r"`([^`]+)`", codes)
    }

    def every(kind):
        yield kind
        for child in kind.__subclasses__():
            yield from every(child)

    real = {(status_of(kind), kind.code) for kind in every(errors.ConsentryError)}
    assert shown == real | set(_HTTP_CODES.items()) | {(500, "internal")}


def test_the_guide_has_every_scope():
    page = (GUIDE / "keys.md").read_text("utf-8")
    for scope in SCOPES:
        assert f"| `{scope}` |" in page
