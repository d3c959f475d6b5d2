"""Contents of a bank to a file, in the forms that are read: CSV, JSON lines, a list, HMA's shape.

JSON lines hold all that a content has. CSV does too, but for empty lines within a note. A list
holds the hashes alone; HMA's shape has no case and no expiry, and one hash of each type, so that a
content with more of them is written as several lines with the same id.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import zip_longest
from types import MappingProxyType
from typing import Any, Final, Protocol, TextIO

from consentry.matching.banks import Content
from consentry.matching.exchange.csv_file import COLUMNS
from consentry.matching.exchange.numbered import FOREVER

__all__ = ["WRITERS", "write_contents"]

_COLUMNS: Final = tuple(name for name in COLUMNS if name not in {"bank", "category", "tags"})


class Writer(Protocol):
    """Turns contents of the bank called `bank` into pieces of text."""

    def __call__(self, contents: Iterable[Content], bank: str) -> Iterator[str]:
        """Whole lines with their ends."""
        ...


def write_contents(contents: Iterable[Content], form: str, out: TextIO, *, bank: str) -> int:
    """Write `contents` as `form`, one of `WRITERS`; gives how many there were."""
    count = 0

    def counted() -> Iterator[Content]:
        nonlocal count
        for count, one in enumerate(contents, 1):  # noqa: B007  what is returned
            yield one

    out.writelines(WRITERS[form](counted(), bank))
    return count


def _csv(contents: Iterable[Content], bank: str) -> Iterator[str]:
    del bank
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    for entry in contents:
        facts = _facts(entry)
        if "json" in facts:
            facts["json"] = _dumps(facts["json"])
        for signal in entry.signals:
            writer.writerow(
                {"id": entry.id, "signal_type": signal.type, "value": signal.value, **facts}
            )
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _json_lines(contents: Iterable[Content], bank: str) -> Iterator[str]:
    del bank
    for entry in contents:
        yield f"{_dumps({'id': entry.id, 'signals': _by_type(entry), **_facts(entry)})}\n"


def _list(contents: Iterable[Content], bank: str) -> Iterator[str]:
    del bank
    for entry in contents:
        yield "".join(f"{signal.type} {signal.value}\n" for signal in entry.signals)


def _hma(contents: Iterable[Content], bank: str) -> Iterator[str]:
    for entry in contents:
        metadata = {
            "content_id": entry.metadata.content_id,
            "content_uri": entry.metadata.content_uri,
            "json": entry.metadata.json and dict(entry.metadata.json),
            "collab": _collab(entry),
        }
        plain = {
            "id": entry.id,
            "disable_until_ts": _hma_moment(entry.disable_until),
            "original_media_uri": None,
            "bank": {"name": bank, "matching_enabled_ratio": 1.0},
            "metadata": {name: value for name, value in metadata.items() if value},
            "note": entry.note or None,
        }
        given = {name: value for name, value in plain.items() if value not in (None, {})}
        by_type = _by_type(entry)
        for values in zip_longest(*by_type.values()):
            signals = {kind: one for kind, one in zip(by_type, values, strict=True) if one}
            yield f"{_dumps({**given, 'signals': signals})}\n"


def _by_type(entry: Content) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for signal in entry.signals:
        found.setdefault(signal.type, []).append(signal.value or "")
    return found


def _collab(entry: Content) -> dict[str, list[str]]:
    """HMA's form: each exchange with the ids under which it has the content."""
    given = entry.metadata.collab or ""
    listed: dict[str, list[str]] = json.loads(given) if given.startswith("{") else {given: []}
    return listed if given else {}


def _facts(entry: Content) -> dict[str, Any]:
    """Everything but the signals, under our own names; what is not given is left out."""
    facts = {
        "note": entry.note,
        "uri": entry.metadata.content_uri,
        "case": entry.case,
        "content_id": entry.metadata.content_id,
        "expires_at": _moment(entry.expires_at),
        "disable_until": "0" if entry.disable_until == FOREVER else _moment(entry.disable_until),
        "json": entry.metadata.json and dict(entry.metadata.json),
        "collab": entry.metadata.collab,
    }
    return {name: value for name, value in facts.items() if value}


def _moment(at: datetime | None) -> str:
    return "" if at is None else at.isoformat()


def _hma_moment(at: datetime | None) -> int:
    """HMA writes 1 for no pause and 0 for no end of it."""
    if at is None:
        return 1
    return 0 if at == FOREVER else int(at.timestamp())


def _dumps(plain: object) -> str:
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


WRITERS: Final[Mapping[str, Writer]] = MappingProxyType(
    {"csv": _csv, "jsonl": _json_lines, "list": _list, "hma": _hma}
)
"""What can be written."""
