"""Where compiled code is kept: beside the source, else at home, else nowhere."""

import os
import stat

import pytest

from consentry.matching import compiled


@pytest.fixture
def read_only(monkeypatch):
    real = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: "site-packages" not in str(path) and real(path, mode)
    )
    monkeypatch.setattr(compiled._settings, "CACHE_DIR", "")


@pytest.mark.usefixtures("read_only")
def test_in_a_read_only_installation_it_goes_to_home_and_is_private(monkeypatch, tmp_path):
    monkeypatch.setenv("CONSENTRY_HOME", str(tmp_path / "home"))
    with compiled._cache_folder(tmp_path / "site-packages") as usable:
        assert usable
        folder = compiled._settings.CACHE_DIR
        assert folder.startswith(str(tmp_path / "home" / "cache" / "kernels"))
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700  # noqa: PTH116  a text path
    assert compiled._settings.CACHE_DIR == ""


@pytest.mark.usefixtures("read_only")
def test_where_nothing_can_be_written_nothing_is_kept(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CONSENTRY_HOME", str(tmp_path / "file"))
    with compiled._cache_folder(tmp_path / "site-packages") as usable:
        assert not usable


def test_a_folder_named_by_the_operator_wins(monkeypatch, tmp_path):
    monkeypatch.setattr(compiled._settings, "CACHE_DIR", "/chosen")
    with compiled._cache_folder(tmp_path) as usable:
        assert usable
        assert compiled._settings.CACHE_DIR == "/chosen"
