"""The contents of a file, streamed: whatever its form, checked, without repeated ones.

Nothing is held but a block of contents and 8 bytes a hash, so a file may be of any length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import BinaryIO, Final

import numpy as np

from consentry.errors import ImportFileError
from consentry.matching.banks import NewContent
from consentry.matching.exchange.csv_file import read_csv
from consentry.matching.exchange.duplicates import Seen
from consentry.matching.exchange.faults import Faults
from consentry.matching.exchange.hash_list import read_hash_list
from consentry.matching.exchange.json_lines import read_json_lines
from consentry.matching.exchange.lines import NumberedLine, numbered_lines
from consentry.matching.exchange.numbered import Numbered, Selection

__all__ = ["FORMATS", "Report", "read_contents"]

FORMATS: Final = ("csv", "jsonl", "list")
"""What can be read; HMA's own shapes are among csv and jsonl."""

_BLOCK: Final = 4096
_BLOCK_SIZE: Final = 4_194_304  # characters


@dataclass(slots=True)
class Report:
    """What came of a file so far.

    Attributes:
        taken: contents that were given.
        repeated: contents left out because all of their hashes came before.
        lines: of the file, up to the last that was read.
        faults: lines that cannot be used.
        told: sentences for whoever imports: what was guessed.
    """

    faults: Faults
    taken: int = 0
    repeated: int = 0
    lines: int = 0
    told: list[str] = field(default_factory=list)


def read_contents(
    file: BinaryIO,
    report: Report,
    *,
    form: str | None = None,
    chosen: Selection | None = None,
    progress: Callable[[Report], None] = lambda _: None,
) -> Iterator[NewContent]:
    """The contents of `file`, in order; `report` is brought up to date, `progress` hears of it.

    `form` is one of `FORMATS`; without it, the first line tells. Once a line is at fault, nothing
    more is given unless `report.faults.keep_good`, but the file is read to its end.

    Raises:
        ImportFileError: at the end, when lines are at fault; at once, when the file as a whole is.
    """
    lines = _counted(numbered_lines(file, report.faults), report)
    found = _reader(lines, form, report, chosen or Selection())
    yield from _without_repeats(found, report, progress)
    progress(report)
    report.faults.check()


def _counted(lines: Iterator[NumberedLine], report: Report) -> Iterator[NumberedLine]:
    for line in lines:
        report.lines = line[0]
        yield line


def _reader(
    lines: Iterator[NumberedLine], form: str | None, report: Report, chosen: Selection
) -> Iterator[Numbered]:
    first = next(lines, None)
    if first is None:
        return iter(())
    form = form or _form_of(first[1])
    whole = chain((first,), lines)
    if form == "csv":
        return read_csv(whole, report.faults, chosen)
    if form == "jsonl":
        return read_json_lines(whole, report.faults, chosen)
    if form == "list":
        return read_hash_list(whole, report.faults, chosen, report.told.append)
    raise ImportFileError.of_file(f"There is no format {form!r}.", hint=f"Choose {FORMATS}.")


def _form_of(line: str) -> str:
    """JSON begins with a brace; a header names a column of values; all else is a list."""
    if line.lstrip().startswith("{"):
        return "jsonl"
    words = {word.strip().lower() for word in line.replace(";", ",").replace("\t", ",").split(",")}
    names = {"value", "signal_val", "signal_str", "signal", "hash", "signal_type"}
    return "csv" if words & names else "list"


def _without_repeats(
    found: Iterator[Numbered], report: Report, progress: Callable[[Report], None]
) -> Iterator[NewContent]:
    seen = Seen()
    while block := _block(found):
        if not report.faults.spoilt:
            counts = [len(entry.signals) for entry in block]
            fresh = seen.add(seen.keys(one for entry in block for one in entry.signals))
            starts = np.cumsum([0, *counts[:-1]])
            wanted = np.logical_or.reduceat(fresh, starts)
            report.repeated += int(len(wanted) - wanted.sum())
            for entry, new in zip(block, wanted.tolist(), strict=True):
                if new:
                    report.taken += 1
                    yield entry
        progress(report)


def _block(found: Iterator[Numbered]) -> list[NewContent]:
    """The next entries, as many as fit."""
    block: list[NewContent] = []
    size = 0
    while len(block) < _BLOCK and size < _BLOCK_SIZE and (one := next(found, None)) is not None:
        block.append(one[1])
        size += sum(len(signal.value) for signal in one[1].signals)
    return block
