"""From the texts of a file to one content for a bank, every field checked.

A field is a text, empty when it is not given, whatever the form of the file. A sentence about a
fault never repeats the hash: a list of hashes can itself be sensitive.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from consentry.errors import SignalError
from consentry.matching.signals.contract import Signal
from consentry.matching.signals.digests import Md5, Sha256, VideoMd5
from consentry.matching.signals.hashes import parse_digits

__all__ = [
    "SIGNAL_TYPES",
    "Entry",
    "FieldError",
    "exchanges_of",
    "moment",
    "object_of",
    "read_signal",
    "text_of",
]

MAX_NOTE: Final = 255
MAX_TEXT: Final = 2048
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class FieldError(ValueError):
    """A field cannot be used; its text is a sentence for the person who wrote the file."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One content as a file has it.

    Attributes:
        signals: its hashes, at least one.
        note: up to 255 characters.
        case: link to the case that it comes from.
        content_id, uri: how its source names it, and where it is or was.
        json: further facts of its source.
        collab: exchange to the ids under which the exchange has it.
        expires_at, disable_until: aware moments.
    """

    signals: tuple[Signal, ...]
    note: str = ""
    case: str = ""
    content_id: str = ""
    uri: str = ""
    json: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    collab: Mapping[str, Sequence[str]] = field(default_factory=lambda: MappingProxyType({}))
    expires_at: datetime | None = None
    disable_until: datetime | None = None


def _pdq(text: str) -> str:
    return parse_digits(text, 64, "pdq")  # without numba, which the type itself needs for hashing


def _vpdq(text: str) -> str:
    from consentry.matching.signals.video import VideoPdq

    return VideoPdq().parse(text)


_FORMS: Final[Mapping[str, tuple[Callable[[str], str], str]]] = MappingProxyType(
    {
        "pdq": (_pdq, "64 digits, 0-9 and a-f"),
        "sha256": (Sha256().parse, "64 digits, 0-9 and a-f"),
        "md5": (Md5().parse, "32 digits, 0-9 and a-f"),
        "video_md5": (VideoMd5().parse, "32 digits, 0-9 and a-f"),
        "vpdq": (_vpdq, 'a JSON list of "hash,quality,seconds"'),
    }
)


SIGNAL_TYPES: Final = frozenset(_FORMS)


def read_signal(kind: str, value: str) -> Signal:
    """The signal of type `kind` that is written as `value`.

    Raises:
        FieldError: there is no such type, or the value is no hash of it.
    """
    form = _FORMS.get(kind) or _FORMS.get(kind.lower())
    if form is None:
        raise FieldError(f"There is no signal type {_shown(kind)}: choose {', '.join(_FORMS)}.")
    parse, shape = form
    try:
        return Signal(kind.lower(), parse(value))
    except SignalError:
        raise FieldError(f"The value is no {kind.lower()} hash: that has {shape}.") from None


def text_of(name: str, value: str, limit: int = MAX_TEXT) -> str:
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


def exchanges_of(plain: Mapping[str, Any]) -> Mapping[str, Sequence[str]]:
    """Names of exchanges, each with a list of ids.

    Raises:
        FieldError: it is something else.
    """
    for name, ids in plain.items():
        if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
            raise FieldError(f"collab.{name[:40]} is to be a list of texts.")
    return plain


def _refuse(name: str) -> None:
    raise ValueError(name)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 20 else f"{text[:20]}…")  # noqa: PLR2004  enough to find it
