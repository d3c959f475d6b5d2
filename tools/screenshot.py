"""Take docs/images/demo.png: the real demo, the astronaut, at the stage output, decided."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from browser import ROOT, find_chromium, open_browser, running_demo

TARGET = ROOT / "docs" / "images" / "demo.png"
WIDTH, HEIGHT = 1200, 1400


def main() -> int:
    """Take it, or say what is missing."""
    chromium = find_chromium()
    if chromium is None:
        print("No Chromium here: run tools/ensure-browser.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder, running_demo(Path(folder) / "home") as address:
        take(chromium, address)
    print(f"Wrote {TARGET.relative_to(ROOT)}.")
    return 0


def take(chromium: str, address: str) -> None:
    """Drive the page as a newcomer would, and keep what is seen first."""
    with open_browser(chromium) as browser:
        page = browser.new_page(
            viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light", locale="en"
        )
        page.goto(address)
        page.get_by_label("Eileen Collins, astronaut").check()
        page.get_by_label("Output").check()
        page.get_by_role("button", name="Decide").click()
        page.get_by_role("heading", name="What was found").wait_for()
        page.evaluate("document.fonts.ready")
        TARGET.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=TARGET)


if __name__ == "__main__":
    sys.exit(main())
