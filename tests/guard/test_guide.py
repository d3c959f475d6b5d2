"""The library guide's code runs as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

GUIDE = Path(__file__).parent.parent.parent / "docs" / "guide" / "library.md"


def test_the_code_of_the_guide_runs(portrait, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 2
    sent = []
    names = {"picture_bytes": portrait, "send": sent.append}
    for block in blocks:
        exec(compile(block, str(GUIDE), "exec"), names)  # noqa: S102  our own guide
    assert sent == [portrait]
    names["guard"].close()
    assert (tmp_path / "installation" / "consentry.db").is_file()
