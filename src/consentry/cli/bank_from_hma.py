"""The work behind `consentry bank import NAME --from-hma URL`: page by page, to be resumed.

Each page is one transaction. Before it, a small file says what is about to be added and how much
the bank held; after a crash that tells whether the page got in, so that none is added twice.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click

from consentry.cli.bank_exchange import summary_of
from consentry.cli.bank_parts import Parts, open_banks
from consentry.errors import ImportFileError
from consentry.matching.exchange.faults import Faults
from consentry.matching.exchange.hma_server import HmaPage, HmaServer, Walk
from consentry.matching.exchange.reading import Report
from consentry.storage.home import private_folder

__all__ = ["import_from_hma"]

_OTHER: Final = "Finish that one, or forget it with --restart."


def import_from_hma(  # noqa: PLR0913  one for each option
    name: str,
    url: str,
    *,
    there: str,
    token: str | None,
    gap: int,
    keep_good: bool,
    restart: bool,
) -> dict[str, Any]:
    """Import the bank `there` of the HMA at `url` into the bank `name`; gives the summary.

    Raises:
        ImportFileError: HMA cannot be read, or a content is at fault; what is in stays in.
        ConsentryError: the bank is unknown, or storage cannot be used.
    """
    report = Report(Faults(keep_good=keep_good))
    contents = signals = 0
    with open_banks() as parts, HmaServer(url, token=token) as server:
        count = parts.banks.count(name)
        folder = private_folder(parts.settings.home / "imports")
        place = _Place(folder / f"{name}.json", {"url": url, "bank": there})
        if restart:
            place.forget()
        walk = place.resume(count)
        totals = server.totals()
        for page in server.pages(there, walk, report.faults, gap=gap):
            contents += len(page.entries)
            signals += _add(parts, name, page, place, walk)
            _show(walk, contents)
        report.told += _missing(walk.seen, totals)
        place.forget()
    return summary_of(report, contents, signals)


def _add(parts: Parts, name: str, page: HmaPage, place: _Place, walk: Walk) -> int:
    if not page.entries:
        place.reached(walk)
        return 0
    place.about_to_add(walk, parts.banks.count(name))
    added = parts.banks.add_many(name, page.entries)
    place.reached(walk)
    return added.signals


class _Place:
    """The file that says how far an import came."""

    def __init__(self, path: Path, source: Mapping[str, str]) -> None:
        self._path = path
        self._source = dict(source)
        self._walk: dict[str, Any] = Walk().as_json()

    def resume(self, count: int) -> Walk:
        """Where to go on, for a bank that holds `count` contents.

        Raises:
            ImportFileError: the file is of an import from elsewhere.
        """
        try:
            plain = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return Walk()
        if plain.get("source") != self._source:
            raise ImportFileError.of_file(
                "An import from another HMA into this bank is unfinished.", hint=_OTHER
            )
        pending = plain.get("pending")
        self._walk = plain["walk"]
        if pending and count > pending["count"]:
            self._walk = pending["walk"]
        return Walk.from_json(self._walk)

    def about_to_add(self, walk: Walk, count: int) -> None:
        """Note that the contents up to `walk` are being added to `count` others."""
        self._write(pending={"walk": walk.as_json(), "count": count})

    def reached(self, walk: Walk) -> None:
        """Note that everything up to `walk` is in."""
        self._walk = walk.as_json()
        self._write()

    def forget(self) -> None:
        """The import is done, or starts anew."""
        self._path.unlink(missing_ok=True)

    def _write(self, **more: object) -> None:
        draft = self._path.with_suffix(".draft")
        plain = {"source": self._source, "walk": self._walk, **more}
        draft.write_text(json.dumps(plain), encoding="utf-8")
        draft.replace(self._path)


def _show(walk: Walk, contents: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{walk.next_id - 1} numbers tried, {contents} contents", nl=False, err=True)


def _missing(seen: Mapping[str, int], totals: Mapping[str, int]) -> list[str]:
    """Whether everything that HMA counts was seen; one that hides other banks' contents was not."""
    short = {kind: count - seen.get(kind, 0) for kind, count in totals.items()}
    lacking = ", ".join(f"{count} {kind}" for kind, count in sorted(short.items()) if count > 0)
    if not lacking:
        return ["Every hash that HMA counts was seen."]
    return [
        f"HMA counts {lacking} hashes more than were seen, in this bank or in others.",
        "If they are of this bank: --restart with a larger --hma-gap, into an empty bank.",
    ]
