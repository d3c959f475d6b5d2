"""`consentry demo`: where it listens, where it keeps its data, what it says."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from consentry.cli import demo as command
from consentry.cli.demo import demo


@pytest.fixture
def started(monkeypatch, tmp_path):
    """What the server would have been started with; the server itself has tests of its own."""
    calls = []

    def run(settings, *, on_ready, demo):
        calls.append((settings, demo))
        on_ready(None, f"http://{settings.server.host}:{settings.server.port}")

    monkeypatch.setitem(sys.modules, "consentry.web.running", SimpleNamespace(run=run))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CONSENTRY_HOME", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "nowhere"))
    return calls


@pytest.fixture
def opened(monkeypatch):
    """The addresses that a browser was sent to; waits for the thread that sends it."""
    urls = []
    monkeypatch.setattr(command.webbrowser, "open", urls.append)
    return urls


def invoke(*arguments):
    return CliRunner().invoke(demo, arguments)


def test_it_says_where_it_is(started, opened):
    said = invoke("--port", "8123")
    assert said.output == "Consentry demo on http://127.0.0.1:8123\n"
    assert said.exit_code == 0
    assert started[0][1] is True
    assert opened == []  # nobody sits in front of a test


def test_its_data_lives_in_the_folder_it_is_started_in(started, tmp_path):
    invoke()
    assert started[0][0].home == tmp_path / "consentry-data"


def test_a_named_data_folder_counts(started, tmp_path, monkeypatch):
    monkeypatch.setenv("CONSENTRY_HOME", str(tmp_path / "mine"))
    invoke()
    assert started[0][0].home == tmp_path / "mine"


def test_a_data_folder_of_the_settings_file_counts(started, tmp_path):
    (tmp_path / "consentry.toml").write_text('home = "other"\n[server]\nport = 9000\n')
    invoke()
    settings = started[0][0]
    assert (str(settings.home), settings.server.port) == ("other", 9000)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", "127.0.0.1.x.org"])  # noqa: S104  they are refused
def test_it_listens_on_this_machine_only(started, host):
    said = invoke("--host", host)
    assert said.exit_code == 2
    assert "this machine only" in said.output
    assert started == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_the_names_of_this_machine_are_fine(started, host):
    assert invoke("--host", host).exit_code == 0
    assert started[0][0].server.host == host


def test_the_host_of_the_server_setting_is_not_the_demos(started, tmp_path):
    (tmp_path / "consentry.toml").write_text('[server]\nhost = "0.0.0.0"\n')
    invoke()
    assert started[0][0].server.host == "127.0.0.1"


def test_a_browser_is_opened_when_asked(started, monkeypatch):
    opened = []
    monkeypatch.setattr(
        command,
        "Thread",
        lambda **given: SimpleNamespace(start=lambda: opened.append(given["args"])),
    )
    invoke("--open", "--port", "8123")
    assert opened == [("http://127.0.0.1:8123",)]
    assert started
