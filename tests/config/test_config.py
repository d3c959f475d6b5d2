"""Settings: where they come from, in which order, and what is refused."""

from pathlib import Path

import pytest

from consentry.config import load_settings
from consentry.errors import ConfigError


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONSENTRY_HOME", str(tmp_path / "home"))


def test_rising_order_default_file_variable_flag(tmp_path, monkeypatch):
    assert load_settings().server.port == 8080
    (tmp_path / "consentry.toml").write_text("[server]\nport = 1111\n")
    assert load_settings().server.port == 1111
    monkeypatch.setenv("CONSENTRY_SERVER__PORT", "2222")
    assert load_settings().server.port == 2222
    assert load_settings(server={"port": 3333}).server.port == 3333


def test_a_flag_leaves_the_rest_of_its_section_alone(tmp_path):
    (tmp_path / "consentry.toml").write_text('[server]\nhost = "127.0.0.9"\n')
    settings = load_settings(server={"port": 3333})
    assert (settings.server.host, settings.server.port) == ("127.0.0.9", 3333)


def test_the_file_in_home_is_found(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "consentry.toml").write_text("[server]\nport = 4444\n")
    assert load_settings().server.port == 4444


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[servr]\nport = 1\n", "servr"),
        ("[server]\nprt = 1\n", "prt"),
        ("[server]\nport = 70000\n", "port"),
        ("[server\n", "TOML"),
        ("[media]\ndecode_seconds = 0\n", "decode_seconds"),
    ],
)
def test_a_wrong_file_is_refused_by_name(tmp_path, text, word):
    (tmp_path / "consentry.toml").write_text(text)
    with pytest.raises(ConfigError, match=word):
        load_settings()


@pytest.mark.parametrize(
    "name", ["CONSENTRY_SERVER__PROT", "CONSENTRY_LOGLEVEL", "CONSENTRY_SERVR__PORT"]
)
def test_a_misspelt_variable_is_refused(monkeypatch, name):
    monkeypatch.setenv(name, "1")
    with pytest.raises(ConfigError, match=name):
        load_settings()


def test_a_variable_of_somebody_else_is_left_alone(monkeypatch):
    monkeypatch.setenv("CONSENTRY_KEY", "a key in somebody's script")
    assert load_settings().server.port == 8080


def test_a_named_file_must_exist(monkeypatch):
    monkeypatch.setenv("CONSENTRY_CONFIG", "nowhere.toml")
    with pytest.raises(ConfigError, match=r"nowhere\.toml"):
        load_settings()


def test_everything_lives_under_home(tmp_path):
    assert load_settings().database_url == f"sqlite:///{tmp_path / 'home' / 'consentry.db'}"


def test_banks_without_a_key_are_for_this_machine_only():
    open_to_all = {"require_key": False}
    assert load_settings(hma=open_to_all).server.host == "127.0.0.1"
    with pytest.raises(ConfigError, match="without_key_on_any_address"):
        load_settings(hma=open_to_all, server={"host": "192.0.2.7"})
    said = {**open_to_all, "without_key_on_any_address": True}
    assert not load_settings(hma=said, server={"host": "192.0.2.7"}).hma.require_key
