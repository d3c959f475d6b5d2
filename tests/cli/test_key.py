"""`consentry key`, as a person types it."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

from consentry.cli import cli
from consentry.cli.key import _SCOPES
from consentry.config import Settings
from consentry.errors import NotFoundError
from consentry.storage import open_storage
from consentry.storage.key_records import SCOPES


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("CONSENTRY_HOME", str(tmp_path / "home"))
    return lambda *words: CliRunner().invoke(cli, ["key", *words], catch_exceptions=False)


def test_the_scopes_are_those_that_are_stored():
    assert _SCOPES == SCOPES


def test_the_key_stands_alone_on_standard_output(run, tmp_path):
    done = run("create", "generator", "--scope", "screen", "--scope", "read")
    assert re.fullmatch(r"cst_[0-9a-f]{8}_[A-Za-z0-9_-]{43}\n", done.stdout)
    assert "only now" in done.stderr
    storage = open_storage(Settings(home=tmp_path / "home"))
    record = storage.keys.verify(done.stdout.strip())
    storage.close()
    assert (record.name, record.scopes, record.expires_at) == (
        "generator",
        ("screen", "read"),
        None,
    )


def test_a_key_is_listed_without_its_secret_and_revoked(run):
    token = run("create", "a", "--scope", "screen", "--expires", "90d").stdout.strip()
    key_id = token.split("_")[1]
    listed = run("list").stdout
    assert key_id in listed
    assert "active" in listed
    assert "until" in listed
    assert token.split("_", 2)[2] not in listed
    assert "revoked" in run("revoke", key_id).stdout
    assert "revoked" in run("list").stdout


def test_json_is_for_programs(run):
    made = json.loads(run("create", "a", "--scope", "metrics", "--json").stdout)
    assert made["key"].startswith(f"cst_{made['id']}_")
    (listed,) = json.loads(run("list", "--json").stdout)
    assert "key" not in listed
    assert listed["scopes"] == ["metrics"]
    assert json.loads(run("revoke", made["id"], "--json").stdout)["state"] == "revoked"


def test_an_empty_list_says_what_to_do(run):
    done = run("list")
    assert done.stdout == ""
    assert "key create" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["create", "a"],
        ["create", "a", "--scope", "everything"],
        ["create", "a", "--scope", "read", "--expires", "soon"],
        ["create", "a", "--scope", "read", "--expires", "0d"],
        ["create", "--scope", "read"],
    ],
)
def test_what_makes_no_sense_is_a_usage_error(run, words):
    done = run(*words)
    assert done.exit_code == 2
    assert done.stdout == ""


def test_an_unknown_key_cannot_be_revoked(run):
    with pytest.raises(NotFoundError, match="key list"):
        run("revoke", "00000000")
