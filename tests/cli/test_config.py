"""`consentry config` and the help pages."""

from __future__ import annotations

import json

from click.testing import CliRunner

from consentry.cli import COMMANDS, cli
from consentry.config import Settings


def test_show_names_every_setting_and_masks_secrets(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "consentry.toml").write_text(
        '[[detectors.http]]\nname = "own"\nurl = "http://127.0.0.1:1/x"\nkind = "prompt"\n'
        'categories = ["sexual.explicit"]\ntoken = "very-secret"\n'
    )
    done = CliRunner().invoke(cli, ["config", "show"])
    assert done.exit_code == 0
    assert "server.port = 8080" in done.output
    assert "very-secret" not in done.output
    plain = json.loads(CliRunner().invoke(cli, ["config", "show", "--json"]).output)
    assert set(plain) == set(Settings.model_fields)


def test_check_says_that_all_is_well():
    done = CliRunner().invoke(cli, ["config", "check"])
    assert done.exit_code == 0, done.output
    assert "usable" in done.output
    assert "faces" in done.output


def test_check_finds_a_policy_that_does_not_compile(tmp_path, monkeypatch):
    broken = tmp_path / "policy.toml"
    broken.write_text("[[rule]]\nid = 1\n")
    monkeypatch.setenv("CONSENTRY_POLICY__FILE", str(broken))
    done = CliRunner().invoke(cli, ["config", "check"])
    assert done.exit_code != 0


def test_help_lists_every_command_without_loading_one():
    output = CliRunner().invoke(cli, ["--help"]).output
    assert all(name in output for name in COMMANDS)


def test_every_command_has_help():
    for name in COMMANDS:
        done = CliRunner().invoke(cli, [name, "--help"])
        assert done.exit_code == 0
        assert len(done.output.splitlines()) > 3
