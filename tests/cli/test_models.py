import json

import pytest
from click.testing import CliRunner

from consentry.cli.models import models
from consentry.config import Settings
from consentry.models.card import cards
from consentry.models.locate import read_verified


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Call `consentry models …` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONSENTRY_HOME", str(tmp_path))

    def call(*arguments):
        return CliRunner().invoke(models, arguments)

    return call


def override(folder, content):
    """Point YuNet to a file of one's own."""
    if content is not None:
        (folder / "own.onnx").write_bytes(content)
    text = f'[models.yunet]\nfile = "own.onnx"\nsha256 = "{cards()["yunet"].sha256}"\n'
    (folder / "consentry.toml").write_text(text)


def test_list_names_every_model(run):
    result = run("list")
    head, *rows = result.output.splitlines()
    assert result.exit_code == 0
    assert head.split() == ["NAME", "TASK", "LICENCE", "BYTES", "STATUS"]
    assert [row.split()[0] for row in rows] == list(cards())
    assert all(row.endswith("verified") for row in rows)


def test_list_as_json(run):
    rows = [json.loads(line) for line in run("list", "--json").output.splitlines()]
    assert [row["name"] for row in rows] == list(cards())
    assert {row["status"] for row in rows} == {"verified"}


def test_verify_is_content(run):
    result = run("verify")
    assert result.exit_code == 0
    assert result.output.count(": verified, ") == len(cards())


def test_verify_names_a_missing_file_in_one_line(run, tmp_path):
    override(tmp_path, None)
    result = run("verify")
    assert result.exit_code == 1
    (line,) = (line for line in result.output.splitlines() if "yunet" in line)
    assert "missing" in line
    assert "own.onnx" in line


def test_verify_names_an_altered_file_in_one_line(run, tmp_path):
    override(tmp_path, b"something else")
    result = run("verify", "--json")
    rows = {row["name"]: row for row in map(json.loads, result.output.splitlines())}
    assert result.exit_code == 1
    assert rows["yunet"]["status"] == "altered"
    assert "another SHA-256" in rows["yunet"]["problem"]
    assert rows["sface"]["problem"] == ""


def test_an_own_file_is_listed_as_such(run, tmp_path):
    override(tmp_path, read_verified("yunet", Settings()))
    (row,) = (row for row in run("list").output.splitlines() if row.startswith("yunet"))
    assert "your own file" in row
    assert row.endswith("verified")


def test_an_override_of_no_model_is_refused(run, tmp_path):
    text = f'[models.yunnet]\nfile = "own.onnx"\nsha256 = "{"0" * 64}"\n'
    (tmp_path / "consentry.toml").write_text(text)
    assert "yunnet" in str(run("list").exception)
