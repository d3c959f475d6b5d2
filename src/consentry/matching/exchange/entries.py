"""The texts of a file to the fields of a content for a bank, each checked.

A field is a text, empty when it is not given, whatever the form of the file. A sentence about a
fault never repeats the hash: a list of hashes can itself be sensitive.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from consentry.errors import SignalError
from consentry.matching.banks import SIGNAL_TYPES, parse_signal
from consentry.matching.signals.contract import Signal

__all__ = [
    "MAX_TEXT",
    "FieldError",
    "collab_of",
    "moment",
    "object_of",
    "read_signal",
    "text_of",
]

MAX_TEXT: Final = 255
"""Characters of a note or a case: a bank takes no more."""
_MAX_LINK: Final = 2048
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class FieldError(ValueError):
    """A field cannot be used; its text is a sentence for the person who wrote the file."""


_SHAPES: Final = MappingProxyType(
    {
        "pdq": "64 digits, 0-9 and a-f",
        "sha256": "64 digits, 0-9 and a-f",
        "md5": "32 digits, 0-9 and a-f",
        "video_md5": "32 digits, 0-9 and a-f",
        "vpdq": 'a JSON list of "hash,quality,seconds"',
    }
)


def read_signal(kind: str, value: str) -> Signal:
    """The signal of type `kind` that is written as `value`.

    Raises:
        FieldError: there is no such type, or the value is no hash of it.
    """
    plain = kind.lower()
    if plain not in SIGNAL_TYPES:
        raise FieldError(
            f"There is no signal type {_shown(kind)}: choose {', '.join(SIGNAL_TYPES)}."
        )
    try:
        return parse_signal(plain, value)
    except SignalError:
        raise FieldError(f"The value is no {plain} hash: that has {_SHAPES[plain]}.") from None


def text_of(name: str, value: str, limit: int = _MAX_LINK) -> str:
    """`value` if it is short and has no control characters.

    Raises:
        FieldError: it is not.
    """
    if len(value) > limit:
        raise FieldError(f"{name} has more than {limit} characters.")
    if _CONTROL.search(value):
        raise FieldError(f"{name} has control characters in it.")
    return value


def moment(name: str, value: str) -> datetime | None:
    """A moment: seconds since 1970, or ISO 8601; a date alone, or a time without zone, is UTC.

    Raises:
        FieldError: it is neither.
    """
    if not value:
        return None
    try:
        if re.fullmatch(r"[0-9]{1,12}", value):
            return datetime.fromtimestamp(int(value), UTC)
        read = datetime.fromisoformat(value)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise FieldError(f"{name} is no date: write 2026-11-23 or 2026-11-23T10:15:00Z.") from None


def object_of(name: str, value: str) -> Mapping[str, Any]:
    """A JSON object.

    Raises:
        FieldError: it is something else.
    """
    if not value:
        return {}
    try:
        read = json.loads(value, parse_constant=_refuse)
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, dict):
        raise FieldError(f"{name} is no JSON object.")
    return read


def collab_of(value: Mapping[str, Any] | str | None) -> str | None:
    """Exchanges as a bank holds them: a name, or names with the ids there as a JSON object.

    Raises:
        FieldError: it is neither a text nor an object of lists of texts.
    """
    if isinstance(value, str):
        return text_of("collab", value) or None
    for name, ids in (value or {}).items():
        if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
            raise FieldError(f"collab.{name[:40]} is to be a list of texts.")
    return json.dumps(value, ensure_ascii=False) if value else None


def _refuse(name: str) -> None:
    raise ValueError(name)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 20 else f"{text[:20]}…")  # noqa: PLR2004  enough to find it
