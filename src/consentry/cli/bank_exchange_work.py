"""The work behind `consentry bank import FILE` and `export`."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, BinaryIO, Final, TextIO, cast

from consentry.cli.bank_exchange import summary_of
from consentry.cli.bank_parts import open_banks
from consentry.errors import ImportFileError, InputError
from consentry.matching.banks import Banks, Content
from consentry.matching.exchange.faults import Faults
from consentry.matching.exchange.numbered import Selection
from consentry.matching.exchange.reading import Report, read_contents
from consentry.matching.exchange.writing import write_contents

__all__ = ["export_to", "import_file"]

_PAGE: Final = 1000


def import_file(  # noqa: PLR0913  one for each option
    name: str,
    file: IO[bytes],
    *,
    form: str | None,
    kind: str | None,
    only_bank: str | None,
    keep_good: bool,
) -> dict[str, Any]:
    """Import `file` in one transaction; gives the summary.

    Raises:
        ImportFileError: lines are at fault, or there is no hash; then nothing was imported.
        ConsentryError: the bank is unknown, or storage cannot be used.
    """
    report = Report(Faults(keep_good=keep_good))
    chosen = Selection(kind=kind, bank=only_bank)
    with open_banks() as parts, _shown(file) as progress:
        parts.banks.get(name)  # an unknown name is said before a long file is read
        contents = read_contents(
            cast("BinaryIO", file), report, form=form, chosen=chosen, progress=progress
        )
        added = parts.banks.add_many(name, _some(contents))
    return {
        **summary_of(report, report.taken, added.signals),
        "sequence": added.sequence,
    }


def _some(contents: Iterator[Any]) -> Iterator[Any]:
    """The contents; none at all is an error: whoever imports expects some."""
    empty = True
    for content in contents:
        empty = False
        yield content
    if empty:
        raise ImportFileError.of_file("There is no hash in the file.")


@contextmanager
def _shown(file: IO[bytes]) -> Iterator[Callable[[Report], None]]:
    """A bar on a terminal while `file` is read; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=_size(file))

        def progress(report: Report) -> None:
            with suppress(OSError):
                bar.update(task, completed=file.tell(), description=f"{report.taken} contents")

        yield progress


def _size(file: IO[bytes]) -> int | None:
    try:
        return os.fstat(file.fileno()).st_size or None
    except OSError:
        return None


def export_to(name: str, form: str, file: Path | None) -> tuple[int, int]:
    """Write the bank to `file`, whole or not at all, or to stdout; how many, and how many held.

    Raises:
        BankSealedError: the bank is sealed.
        InputError: the file cannot be written.
    """
    held = 0

    def enforced(contents: Iterator[Content]) -> Iterator[Content]:
        nonlocal held
        for content in contents:
            if content.state == "held":
                held += 1
            else:
                yield content

    with open_banks() as parts:
        found = enforced(_live(_pages(parts.banks, name)))
        with _written(file) as out:
            count = write_contents(found, form, out, bank=name)
    return count, held


def _pages(banks: Banks, name: str) -> Iterator[Content]:
    page = banks.contents(name, limit=_PAGE)
    while page:
        yield from page
        page = banks.contents(name, after=page[-1].id, limit=_PAGE)


def _live(contents: Iterator[Content]) -> Iterator[Content]:
    now = datetime.now(UTC)
    return (one for one in contents if one.expires_at is None or one.expires_at > now)


@contextmanager
def _written(file: Path | None) -> Iterator[TextIO]:
    """A file that appears, private to the user, when all of it is there."""
    if file is None:
        yield sys.stdout
        return
    try:
        descriptor, draft = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror}.") from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            yield out
        Path(draft).replace(file)
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror}.") from error
    finally:
        Path(draft).unlink(missing_ok=True)
