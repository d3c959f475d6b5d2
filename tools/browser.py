"""A browser and a running demo, for the page tests and for the screenshot."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["axe_source", "find_chromium", "open_browser", "running_demo"]

ROOT: Final = Path(__file__).parent.parent

AXE_VERSION = "4.14.1"
AXE_SHA256: Final = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"

FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
_ANNOUNCES: Final = "Consentry demo on "


def find_chromium() -> str | None:
    """The path of the Chromium to drive: the one that CHROMIUM names, else the system's."""
    names = (os.environ.get("CHROMIUM"), *_NAMES)
    return next((found for name in names if name and (found := shutil.which(name))), None)


def axe_source() -> str | None:
    """The text of axe-core as `tools/ensure-browser` fetched it, or None.

    Raises:
        ValueError: it is not the file that we know.
    """
    path = ROOT / ".cache" / f"axe-core-{AXE_VERSION}" / "axe.min.js"
    if not path.is_file():
        return None
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != AXE_SHA256:
        raise ValueError(f"{path} is not axe-core {AXE_VERSION}: remove it and `make browser`.")
    return data.decode("utf-8")


@contextmanager
def open_browser(chromium: str) -> Iterator[Browser]:
    """The system's Chromium without a window; Playwright's own is never fetched."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def running_demo(home: Path) -> Iterator[str]:
    """The real demo in a process of its own, with its data under `home`; gives its address."""
    command = [sys.executable, "-m", "consentry", "demo", "--port", "0", "--no-open"]
    given = {"CONSENTRY_HOME": str(home), "PYTHONUNBUFFERED": "1"}
    search = os.pathsep.join((str(ROOT / "src"), os.environ.get("PYTHONPATH", "")))
    with subprocess.Popen(  # noqa: S603  our own command line
        command,
        env={**os.environ, **given, "PYTHONPATH": search},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield _address(process)
        finally:
            process.terminate()
            process.wait(30)


def _address(process: subprocess.Popen[str]) -> str:
    """Read what the demo prints until it names its address."""
    said = ""
    for line in process.stdout or ():
        said += line
        if line.startswith(_ANNOUNCES):
            return line.removeprefix(_ANNOUNCES).strip()
    raise RuntimeError(f"The demo ended before it was ready. It said: {said or 'nothing'}")
