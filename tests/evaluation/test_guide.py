"""The guide to measuring names every option, member and category; the report is of our rows."""

from __future__ import annotations

import json
from pathlib import Path

from consentry.cli.evaluate import evaluate
from consentry.evaluation.rows import CATEGORIES, shipped_digest

DOCS = Path(__file__).parent.parent.parent / "docs"


def test_the_guide_names_every_option_and_category():
    guide = (DOCS / "guide" / "evaluate.md").read_text(encoding="utf-8")
    options = [name for one in evaluate.params for name in one.opts]
    for name in (*options, *CATEGORIES):
        assert f"`{name}`" in guide, name


def test_the_report_in_the_docs_measured_the_rows_that_ship():
    report = json.loads((DOCS / "reference" / "prompts" / "report.json").read_text("utf-8"))
    assert report["sources"][0]["sha256"] == shipped_digest("held-out")
