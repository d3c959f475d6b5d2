"""What is wrong with which field of a request, in plain words that never repeat its value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

__all__ = ["faults_of"]

_SENTENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "missing": "This is needed.",
        "extra_forbidden": "There is no such field.",
        "json_invalid": "The body is not valid JSON.",
        "model_type": "This is to be an object.",
        "model_attributes_type": "This is to be an object.",
        "string_type": "This is to be a text.",
        "string_pattern_mismatch": "This has characters, or a length, that are not allowed.",
        "string_too_long": "This is too long.",
        "string_too_short": "This is too short.",
        "string_unicode": "This is not valid Unicode text.",
        "bool_type": "This is to be true or false.",
        "bool_parsing": "This is to be true or false.",
    }
)
_PLAIN_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}")


def faults_of(errors: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Pairs of field and sentence, from what pydantic found."""
    return [(_field(error["loc"]), _sentence(error)) for error in errors]


def _field(location: Iterable[str | int]) -> str:
    """A dotted name. A name that we did not choose is shown only if it looks like one."""
    parts = [str(part) for part in location]
    return ".".join(part if _PLAIN_NAME.fullmatch(part) else "?" for part in parts) or "body"


def _sentence(error: Mapping[str, Any]) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind in {"enum", "literal_error"}:
        return f"Choose one of {context['expected']}.".replace("'", "")
    if kind == "value_error":  # ours: raised in web.api.models
        return str(context["error"])
    return _SENTENCES.get(kind, "This value cannot be used.")
