"""`consentry sweep`, as a person types it: what was let through before is found afterwards."""

from __future__ import annotations

import hashlib
import io
import json

import click
import pytest
from click.testing import CliRunner
from PIL import Image, ImageOps

from consentry.cli import cli
from consentry.config import Settings
from consentry.errors import BankUnknownError, ContentUnknownError
from consentry.guard import Guard


@pytest.fixture(scope="module")
def installation(tmp_path_factory, portrait, cup):
    """One that has seen a mirrored portrait as an upload and a cup as output."""
    home = tmp_path_factory.mktemp("sweep") / "home"
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(portrait)) as image:
        ImageOps.mirror(image).save(buffer, "JPEG", quality=70)
    with Guard.open(Settings(home=home, media={"decoders": 1})) as guard:
        upload = guard.check_upload(buffer.getvalue())
        guard.check_output(cup)
        guard.banks.create("LATER")
        banked = guard.bank_picture("LATER", portrait)
    return home, upload.id, banked.content_id, hashlib.sha256(buffer.getvalue()).hexdigest()


@pytest.fixture
def run(installation, monkeypatch):
    monkeypatch.setenv("CONSENTRY_HOME", str(installation[0]))

    def call(*words):
        return CliRunner().invoke(cli, ["sweep", *map(str, words)], catch_exceptions=False)

    return call


@pytest.mark.parametrize("what", ["bank", "content", "file", "digest"])
def test_a_copy_that_was_seen_is_found(run, installation, what, portrait, tmp_path):
    _, upload, content, digest = installation
    (tmp_path / "p.jpg").write_bytes(portrait)
    words = {
        "bank": ("--bank", "LATER"),
        "content": ("--bank", "LATER", "--content", content),
        "file": (tmp_path / "p.jpg",),
        "digest": (f"sha256:{digest}",),
    }[what]
    done = run(*words, "--json")
    (line,) = map(json.loads, done.stdout.splitlines())
    assert done.exit_code == 10
    assert (line["decision"], line["stage"]) == (upload, "upload")
    assert upload in run(*words).stdout


def test_what_was_not_seen_is_not_found(run):
    done = run("pdq:" + "0f" * 32)
    assert (done.exit_code, done.stdout) == (0, "")
    assert "Nothing" in done.stderr


def test_what_cannot_be_swept_for_is_said(run, installation):
    assert run().exit_code == 2
    assert run("--bank", "LATER", "pdq:" + "0f" * 32).exit_code == 2
    assert run("--content", 1).exit_code == 2
    with pytest.raises(BankUnknownError):
        run("--bank", "NOWHERE")
    with pytest.raises(ContentUnknownError):
        run("--bank", "LATER", "--content", installation[2] + 9999)


def test_the_guide_names_every_option(photos):
    guide = (photos.parent.parent.parent / "docs" / "guide" / "banks.md").read_text("utf-8")
    command = cli.get_command(click.Context(cli), "sweep")
    for option in (text for one in command.params for text in one.opts):
        assert not option.startswith("--") or option in guide, option
