"""JSON lines: one content a line, in our own shape or as HMA's API shows a content.

{"signals": {"pdq": ["…", "…"], "md5": "…"}, "note": "…", "uri": "…", "case": "…", …}
{"signal_type": "pdq", "value": "…", "note": "…"}
{"id": 7, "bank": {"name": "…"}, "signals": {"pdq": "…"}, "metadata": {…}, …}      (HMA)
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from consentry.matching.banks import Metadata, NewContent
from consentry.matching.exchange.entries import (
    MAX_TEXT,
    FieldError,
    collab_of,
    moment,
    read_signal,
    text_of,
)
from consentry.matching.exchange.faults import Faults
from consentry.matching.exchange.lines import NumberedLine
from consentry.matching.exchange.numbered import Numbered, Selection
from consentry.matching.signals.contract import Signal

__all__ = ["MEMBERS", "entry_of", "read_json_lines"]

MEMBERS: Final = frozenset(
    {
        *("id", "signals", "signal_type", "value", "note", "uri", "case", "content_id"),
        *("expires_at", "disable_until", "json", "collab", "bank", "metadata"),
        *("disable_until_ts", "original_media_uri"),
    }
)
_METADATA: Final = frozenset({"content_id", "content_uri", "json", "collab"})
_MAX_SIGNALS: Final = 4096
Object = Mapping[str, Any]


def read_json_lines(
    lines: Iterator[NumberedLine], faults: Faults, chosen: Selection
) -> Iterator[Numbered]:
    """The contents of a file of JSON lines."""
    for number, text in lines:
        try:
            entry = entry_of(_object(text), chosen)
        except FieldError as error:
            faults.add(number, str(error))
        else:
            if entry is not None:
                yield number, entry


def entry_of(plain: Object, chosen: Selection) -> NewContent | None:
    """One content; None when it is of a bank that was not asked for.

    Raises:
        FieldError: a member cannot be used.
    """
    _check_names(plain, MEMBERS, "")
    if not chosen.takes_bank(_bank(plain.get("bank"))):
        return None
    more = _member(plain, "metadata", dict)
    _check_names(more, _METADATA, "metadata.")
    return NewContent(
        _signals(plain, chosen),
        metadata=Metadata(
            text_of("content_id", _text(plain, "content_id") or _text(more, "content_id")) or None,
            text_of("uri", _uri(plain, more)) or None,
            _member(plain, "json", dict) or _member(more, "json", dict) or None,
            collab_of(_collab(plain) or _collab(more)),
        ),
        note=text_of("note", _text(plain, "note"), MAX_TEXT),
        case=text_of("case", _text(plain, "case"), MAX_TEXT) or None,
        expires_at=chosen.future("expires_at", moment("expires_at", _text(plain, "expires_at"))),
        disable_until=chosen.disabled(
            _text(plain, "disable_until") or _text(plain, "disable_until_ts")
        ),
    )


def _object(text: str) -> Object:
    try:
        plain = json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise FieldError("The line is JSON within JSON, too deep to read.") from None
    except ValueError as error:
        where = (
            f": {error.msg}, column {error.colno}"
            if isinstance(error, json.JSONDecodeError)
            else ""
        )
        raise FieldError(f"The line is not JSON{where}.") from None
    if not isinstance(plain, dict):
        raise FieldError("The line is no JSON object.")
    return plain


def _refuse(name: str) -> None:
    raise ValueError(name)


def _check_names(plain: Object, known: frozenset[str], place: str) -> None:
    for name in plain:
        if name not in known:
            raise FieldError(f"There is no member {place}{name[:40]!r}.")


def _signals(plain: Object, chosen: Selection) -> tuple[Signal, ...]:
    named = _member(plain, "signals", dict)
    if not named:
        kind = _text(plain, "signal_type") or chosen.kind or ""
        return (read_signal(kind, _text(plain, "value")),)
    found = tuple(
        read_signal(kind, value)
        for kind, values in named.items()
        for value in _values(kind, values)
    )
    if not 0 < len(found) <= _MAX_SIGNALS:
        raise FieldError(f"A content has 1 to {_MAX_SIGNALS} signals.")
    return found


def _values(kind: str, values: object) -> Sequence[str]:
    listed = [values] if isinstance(values, str) else values
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise FieldError(f"signals.{kind[:40]} is neither a hash nor a list of them.")
    return listed


def _member(plain: Object, name: str, kind: type) -> Any:  # noqa: ANN401  of that kind
    value = plain.get(name)
    if value is None:
        return kind()
    if not isinstance(value, kind):
        raise FieldError(f"{name} is to be an object.")
    return value


def _text(plain: Object, name: str) -> str:
    value = plain.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise FieldError(f"{name} is to be a text.")
    return value if isinstance(value, str) else _digits(name, value)


def _digits(name: str, number: int) -> str:
    if abs(number) >= 1 << 63:
        raise FieldError(f"{name} is too large a number.")
    return str(number)


def _uri(plain: Object, more: Object) -> str:
    return _text(plain, "uri") or _text(more, "content_uri") or _text(plain, "original_media_uri")


def _bank(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("name")
    if value is None:
        return ""
    if not isinstance(value, str):
        raise FieldError("bank is to be a name.")
    return value


def _collab(plain: Object) -> Mapping[str, Any] | str | None:
    value = plain.get("collab")
    return value if isinstance(value, str) else _member(plain, "collab", dict)
