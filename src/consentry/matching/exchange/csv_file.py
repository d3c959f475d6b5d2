"""CSV: one hash a line, columns named by the header; rows with the same `id` are one content.

Our own names come first; the others are those of HMA's tables and of `threatexchange dataset --csv`
(python-threatexchange), so that what those give can be read as it is.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from types import MappingProxyType
from typing import Final

from consentry.errors import ImportFileError
from consentry.matching.banks import Metadata, NewContent
from consentry.matching.exchange.entries import (
    MAX_TEXT,
    FieldError,
    collab_of,
    moment,
    object_of,
    read_signal,
    text_of,
)
from consentry.matching.exchange.faults import Faults
from consentry.matching.exchange.lines import MAX_LINE_BYTES, NumberedLine
from consentry.matching.exchange.numbered import Numbered, Selection

__all__ = ["COLUMNS", "read_csv"]

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "id": (),
        "signal_type": ("type",),
        "value": ("signal_val", "signal_str", "signal", "hash"),
        "note": (),
        "uri": ("content_uri", "original_content_uri", "original_media_uri"),
        "case": (),
        "content_id": (),
        "expires_at": (),
        "disable_until": ("disable_until_ts",),
        "json": ("metadata", "bank_content_metadata"),
        "bank": ("bank_name",),
        "collab": (),
        "category": (),
        "tags": (),
    }
)
"""Each column with its other names."""

_NAMES: Final = {alias: name for name, others in COLUMNS.items() for alias in (name, *others)}
_MAX_ROWS: Final = 4096  # of one content
_POSITIVE: Final = "POSITIVE_CLASS"
Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class _Header:
    columns: tuple[str, ...]
    delimiter: str


def read_csv(
    lines: Iterator[NumberedLine], faults: Faults, chosen: Selection
) -> Iterator[Numbered]:
    """The contents of a CSV file.

    Raises:
        ImportFileError: the header is missing or wrong.
    """
    first = next(lines, None)
    if first is None:
        return
    header = _header(first[1], chosen)
    csv.field_size_limit(MAX_LINE_BYTES)
    rows = _rows(lines, header, faults)
    for number, group in _grouped(rows, faults):
        try:
            entry = _entry(group, chosen)
        except FieldError as error:
            faults.add(number, str(error))
        else:
            if entry is not None:
                yield number, entry


def _header(line: str, chosen: Selection) -> _Header:
    delimiter = next((one for one in ",;\t" if one in line), ",")
    given = [cell.strip().lower() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    columns = tuple(_NAMES.get(name, "") for name in given)
    if "value" not in columns or not (chosen.kind or "signal_type" in columns):
        raise ImportFileError.of_file(
            "The first line is not the header of a CSV file of hashes.",
            hint="It names the columns: signal_type,value and, if you have them, "
            f"{', '.join(name for name in COLUMNS if name not in {'signal_type', 'value'})}.",
        )
    if "" in columns:
        unknown = given[columns.index("")][:40]
        raise ImportFileError.of_file(
            f"There is no column {unknown!r}.", hint=f"Columns are {', '.join(COLUMNS)}."
        )
    if len(set(columns)) < len(columns):
        raise ImportFileError.of_file("The header names a column twice.")
    return _Header(columns, delimiter)


def _rows(
    lines: Iterator[NumberedLine], header: _Header, faults: Faults
) -> Iterator[tuple[int, Row]]:
    """Rows as fields by name; a quoted field may run over several lines."""
    for number, text in lines:
        if '"' in text:
            cells = _quoted(text, lines, header.delimiter)
        else:
            cells = text.split(header.delimiter)
        if cells is None:
            faults.add(number, "A quotation mark is opened here and not closed.")
        elif len(cells) != len(header.columns):
            faults.add(number, f"{len(cells)} fields, the header has {len(header.columns)}.")
        else:
            stripped = (cell.strip() for cell in cells)
            yield number, dict(zip(header.columns, stripped, strict=True))


def _quoted(text: str, lines: Iterator[NumberedLine], delimiter: str) -> list[str] | None:
    """The cells of a record with quotation marks, None when they are not closed in due time."""
    parts, size = [text], len(text)
    odd = text.count('"') % 2
    while odd and size < MAX_LINE_BYTES and (following := next(lines, None)) is not None:
        parts.append(following[1])
        size += len(following[1])
        odd ^= following[1].count('"') % 2
    if odd:
        return None
    try:
        return next(csv.reader(["\n".join(parts)], delimiter=delimiter, strict=True))
    except (csv.Error, StopIteration):
        return None


def _grouped(rows: Iterator[tuple[int, Row]], faults: Faults) -> Iterator[tuple[int, list[Row]]]:
    """Neighbouring rows with the same id, with the number of the first."""
    number, group, size = 0, list[Row](), 0
    for place, row in chain(rows, ((0, Row()),)):
        same = bool(group) and bool(row.get("id")) and row["id"] == group[0].get("id")
        if same and (len(group) >= _MAX_ROWS or size > MAX_LINE_BYTES):
            faults.add(place, "Too many lines have the same id.")
            continue
        if group and not same:
            yield number, group
            group, size = [], 0
        if row:
            number = number if group else place
            group.append(row)
            size += len(row["value"])


def _entry(rows: list[Row], chosen: Selection) -> NewContent | None:
    """One content; None when it is of a bank that was not asked for."""
    row = rows[0]
    if not chosen.takes_bank(row.get("bank", "")):
        return None
    _check_opinion(row)
    signals = [
        read_signal(one.get("signal_type") or chosen.kind or "", one["value"]) for one in rows
    ]
    if len(row) <= 2:  # noqa: PLR2004  nothing but type and value: the common case, a million times
        return NewContent(signals)
    return NewContent(
        signals,
        metadata=_metadata(row),
        note=text_of("note", row.get("note", ""), MAX_TEXT),
        case=text_of("case", row.get("case", ""), MAX_TEXT) or None,
        expires_at=chosen.future("expires_at", moment("expires_at", row.get("expires_at", ""))),
        disable_until=chosen.disabled(row.get("disable_until", "")),
    )


def _metadata(row: Row) -> Metadata:
    facts = dict(object_of("json", row.get("json", "")))
    if tags := text_of("tags", row.get("tags", "")).split():
        facts["tags"] = tags
    collab = row.get("collab", "")
    listed = object_of("collab", collab) if collab.startswith("{") else collab
    return Metadata(
        text_of("content_id", row.get("content_id", "")) or None,
        text_of("uri", row.get("uri", "")) or None,
        facts or None,
        collab_of(listed),
    )


def _check_opinion(row: Row) -> None:
    """A list may hold hashes that its source thinks harmless, or unsure: those are not banked."""
    category = row.get("category", "")
    if category not in {"", _POSITIVE}:
        raise FieldError(
            f"Its category is {category[:40]!r}; only {_POSITIVE} is harmful for sure."
        )
