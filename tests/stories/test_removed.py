"""The README's story of a picture that was taken down and comes back, told by the command line."""

from __future__ import annotations

import re
import shlex
import shutil
from importlib.resources import as_file, files
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image, ImageOps

from consentry.cli import cli

README = Path(__file__).parents[2] / "README.md"
BLOCKED = 20


@pytest.fixture
def folder(tmp_path, monkeypatch) -> None:
    """With `removed.jpg`, a harmless picture that plays the part, and a copy of it."""
    with as_file(files("consentry.samples") / "astronaut.jpg") as sample:
        shutil.copy(sample, tmp_path / "removed.jpg")
    with Image.open(tmp_path / "removed.jpg") as image:
        ImageOps.mirror(image).resize((400, 300)).save(tmp_path / "mirrored.jpg", quality=40)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONSENTRY_HOME", str(tmp_path / "home"))


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.usefixtures("folder")
def test_the_commands_of_the_readme_print_what_it_says():
    story = README.read_text(encoding="utf-8").split("comes back mirrored")[1].split("```")[1]
    told = re.split(r"^\$ \S*consentry ", story, flags=re.MULTILINE)[1:]
    codes = []
    for command, _, printed in (one.partition("\n") for one in told):
        result = CliRunner().invoke(cli, shlex.split(command))
        codes.append(result.exit_code)
        assert words(printed) == words(result.output)
    assert codes == [0, 0, BLOCKED]
