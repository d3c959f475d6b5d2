"""docs/guide/detectors.md says what is true: its code runs, its settings are settings."""

import inspect
import re
import tomllib
from pathlib import Path

import pytest

from consentry.config import Settings
from consentry.detectors import contract, loading
from consentry.detectors.http_slot import HttpSlotDetector
from consentry.detectors.testing import DetectorContract
from consentry.models.card import cards

PAGE = (Path(__file__).parents[2] / "docs" / "guide" / "detectors.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def suite():
    """What a plug-in author gets who copies the page's Python."""
    names = {"__name__": "acme_detectors"}
    for block in blocks("python"):
        exec(compile(block, "detectors.md", "exec"), names)  # noqa: S102  the page is ours
    return names["TestDarkness"]


CHECKS = [name for name, _ in inspect.getmembers(DetectorContract) if name.startswith("test_")]


@pytest.mark.parametrize("check", CHECKS)
def test_the_plug_in_of_the_page_keeps_the_contract(check):
    getattr(suite()(), check)()


def test_the_settings_of_the_page_are_settings():
    seen, made = set(), []
    for block in blocks("toml"):
        table = tomllib.loads(block)
        if "project" not in table:
            settings = Settings(**table)
            seen |= {one.name for one in (*settings.detectors.onnx, *settings.detectors.http)}
            seen |= set(settings.detectors.disabled) | set(settings.models)
            made += HttpSlotDetector.from_settings(settings)
    slots = {"second-opinion", "llama-guard", "policy-reader"}
    assert seen == {"age", "house-style", "weapons", "yunet"} | slots
    assert {one.name for one in made} == {"house-style"} | slots
    assert "yunet" in cards()


def test_the_entry_point_of_the_page_is_the_one_that_is_read():
    (block,) = (block for block in blocks("toml") if "entry-points" in block)
    group = tomllib.loads(block)["project"]["entry-points"]
    assert list(group) == [contract.ENTRY_POINT_GROUP] == [loading.ENTRY_POINT_GROUP]


def test_every_check_of_the_contract_test_is_a_test():
    assert len(CHECKS) >= 10
