"""The documentation tells the truth, or the build fails."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest

from consentry.cli import COMMANDS

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def test_the_reference_pages_are_what_the_code_says():
    # In a process of its own: click remembers how a command was first asked for help.
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "reference.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_pictures_exist(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if not target.startswith(("http:", "https:", "mailto:")):
            assert (page.parent / target).exists(), f"{page.name} links {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_in_shell_blocks_exist(page):
    text = page.read_text(encoding="utf-8")
    if page.name == "commands.md":
        return
    for block in re.findall(r"```(?:sh|console|shell)\n(.*?)```", text, flags=re.DOTALL):
        for command in re.findall(r"(?:^|[\s/])consentry +([a-z]+)", block):
            assert command in COMMANDS, f"{page.name}: consentry {command}"
        for target in re.findall(r"^\$? ?make ([a-z-]+)", block, flags=re.MULTILINE):
            makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{page.name}: make {target}"


def test_every_page_is_in_the_navigation():
    nav = (ROOT / "zensical.toml").read_text(encoding="utf-8")
    config = tomllib.loads(nav)["project"]
    assert config["theme"]["font"] is False, "the documentation loads nothing from elsewhere"
    for page in [*ROOT.glob("docs/*.md"), *ROOT.glob("docs/guide/*.md")]:
        assert str(page.relative_to(ROOT / "docs")) in nav, page.name


def test_every_decision_page_is_listed():
    index = (ROOT / "docs" / "decisions" / "index.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs" / "decisions").glob("0*.md"):
        assert page.name in index


def test_the_readme_names_the_two_commands():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(r"^make run\b", readme, re.MULTILINE)
    assert re.search(r"^make test\b", readme, re.MULTILINE)


def _tracked():
    listed = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607  git is found on the path
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_locks_carry_hashes_and_name_no_host():
    for lock in ROOT.glob("requirements/*.txt"):
        text = lock.read_text(encoding="utf-8")
        assert "--hash=sha256:" in text
        assert "http" not in re.sub(r"^http[a-z0-9-]*==", "", text, flags=re.MULTILINE)
        assert "--index-url" not in text


def test_no_dependency_of_the_core_is_gpl():
    base = (ROOT / "requirements" / "base.txt").read_text(encoding="utf-8")
    names = re.findall(r"^([a-z0-9._-]+)==[^;]*?(?: ;(.*?))? ?\\$", base, flags=re.MULTILINE)
    for name, marker in names:
        if "win32" in marker or "Windows" in marker or "python_full_version" in marker:
            continue
        metadata = distribution(name).metadata
        licences = [metadata.get("License-Expression") or metadata.get("License") or ""]
        licences += [one for one in metadata.get_all("Classifier", []) if one.startswith("License")]
        said = " ".join(licences)
        assert not re.search(r"(?<!L)A?GPL|General Public", said.replace("Lesser General", "")), (
            name
        )


def test_photos_have_their_licence_beside_them():
    for folder in {file.parent for file in _tracked() if file.suffix in {".jpg", ".png"}}:
        if folder.name == "images" and folder.parent.name == "docs":
            licences = ROOT / "docs" / "images" / "CREDITS.md"
        else:
            licences = folder / "CREDITS.md"
        assert licences.is_file(), folder
        text = licences.read_text(encoding="utf-8")
        for file in folder.glob("*.[jp][pn]g"):
            assert file.name in text, file


def test_the_screen_guide_names_every_option():
    from consentry.cli.screen import screen

    guide = (ROOT / "docs" / "guide" / "screen.md").read_text(encoding="utf-8")
    for option in (name for one in screen.params for name in one.opts if name.startswith("--")):
        assert option in guide, option
