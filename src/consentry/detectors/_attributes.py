"""What the attributes of a detector must look like: checked at start, and by the contract test."""

from __future__ import annotations

import re
from typing import Any, Final, get_args

from consentry.detectors.contract import Kind
from consentry.findings import Stage

__all__ = ["NAME", "attribute_faults"]

NAME: Final = re.compile(r"[a-z][a-z0-9-]*")
_DATA: Final = ("name", "version", "kind", "stages", "needs", "categories")
_METHODS: Final = ("from_settings", "warm_up", "detect", "get_examples")


def attribute_faults(detector: Any) -> list[str]:  # noqa: ANN401  it is what is in question
    """Everything about `detector` that breaks the contract, each in a few words; empty if good."""
    lacking = [name for name in (*_DATA, *_METHODS) if not hasattr(detector, name)]
    if lacking:
        return [f"it has no {name}" for name in lacking]
    rules = {
        "its name is not of the form [a-z][a-z0-9-]*": _is_name(detector.name),
        "its version is no text": isinstance(detector.version, str) and bool(detector.version),
        "its kind is neither prompt nor picture": detector.kind in get_args(Kind),
        "its stages are no frozenset of at least one Stage": _are(detector.stages, Stage),
        "its needs are no tuple of names": isinstance(detector.needs, tuple)
        and all(_is_name(name) for name in detector.needs),
        "its categories are no frozenset of at least one text": _are(detector.categories, str),
    }
    faults = [fault for fault, kept in rules.items() if not kept]
    dead = [name for name in _METHODS if not callable(getattr(detector, name))]
    return faults + [f"its {name} cannot be called" for name in dead]


def _is_name(value: object) -> bool:
    return isinstance(value, str) and NAME.fullmatch(value) is not None


def _are(values: object, kind: type) -> bool:
    return (
        isinstance(values, frozenset)
        and bool(values)
        and all(isinstance(value, kind) for value in values)
    )
