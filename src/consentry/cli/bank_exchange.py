"""`consentry bank import` and `export`: lists of hashes into a bank and out of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, NoReturn

import click

if TYPE_CHECKING:  # loaded late: `--help` must be quick
    from consentry.errors import ImportFileError, LineFault
    from consentry.matching.exchange.reading import Report

__all__ = ["export_bank", "import_bank"]

READS: Final = ("csv", "jsonl", "list")  # a test holds these to the formats' own names
WRITES: Final = ("csv", "jsonl", "list", "hma")
TYPES: Final = ("pdq", "vpdq", "md5", "sha256", "video_md5")


@click.command(name="import")
@click.argument("name")
@click.argument("file", required=False, type=click.File("rb"))
@click.option(
    "--format", "form", type=click.Choice(READS), help="Unless said, its first line tells."
)
@click.option("--type", "kind", type=click.Choice(TYPES), help="Of hashes whose line does not say.")
@click.option("--only-bank", metavar="BANK", help="Take only what the file says is of BANK.")
@click.option("--keep-good", is_flag=True, help="Take the good lines of a file with bad ones.")
@click.option("--from-hma", metavar="URL", help="Read from the HMA that runs at URL, not a file.")
@click.option("--hma-bank", metavar="BANK", help="The bank's name there; NAME unless said.")
@click.option(
    "--hma-token", envvar="CONSENTRY_HMA_TOKEN", help="Bearer token for it; better in the variable."
)
@click.option(
    "--hma-gap",
    type=click.IntRange(1, 10_000_000),
    default=10_000,
    show_default=True,
    help="HMA's list ends after so many numbers without a content.",
)
@click.option("--restart", is_flag=True, help="Forget how far an earlier import from HMA came.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def import_bank(name: str, file: IO[bytes] | None, *, as_json: bool, **asked: Any) -> None:  # noqa: ANN401  click's way of passing options
    """Import the hashes in FILE (- is stdin) into the bank NAME: all of them, or none.

    CSV with a header, JSON lines, or one hash a line; docs/guide/banks.md has the columns.
    """
    if (file is None) == (asked["from_hma"] is None):
        raise click.UsageError("Name a FILE, or an HMA with --from-hma.")
    from consentry.errors import ImportFileError

    try:
        summary = _from_file(name, file, asked) if file else _from_hma(name, asked)
    except ImportFileError as error:
        _refuse(error)
    if as_json:
        click.echo(json.dumps(summary))
    else:
        _print_summary(name, summary)


@click.command(name="export")
@click.argument("name")
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--format", "form", type=click.Choice(WRITES), default="csv", show_default=True)
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
def export_bank(name: str, file: Path | None, form: str, *, force: bool) -> None:
    """Write the bank NAME to FILE, or to stdout. Entries on hold are left out."""
    if file is not None and file.exists() and not force:
        raise click.UsageError(f"{file} is there already: choose another, or --force.")
    from consentry.cli.bank_exchange_work import export_to

    count, held = export_to(name, form, file)
    left = f" {held} on hold were left out." if held else ""
    click.echo(f"{count} contents of {name} were written.{left}", err=True)


def _from_file(name: str, file: IO[bytes], asked: dict[str, Any]) -> dict[str, Any]:
    from consentry.cli.bank_exchange_work import import_file

    return import_file(
        name,
        file,
        form=asked["form"],
        kind=asked["kind"],
        only_bank=asked["only_bank"],
        keep_good=asked["keep_good"],
    )


def _from_hma(name: str, asked: dict[str, Any]) -> dict[str, Any]:
    from consentry.cli.bank_from_hma import import_from_hma

    return import_from_hma(
        name,
        asked["from_hma"],
        there=asked["hma_bank"] or name,
        token=asked["hma_token"],
        gap=asked["hma_gap"],
        keep_good=asked["keep_good"],
        restart=asked["restart"],
    )


def _refuse(error: ImportFileError) -> NoReturn:
    """Name each line that is kept, then what to do."""
    click.echo(f"consentry: {error.message} [{error.code}]", err=True)
    _print_faults(error.faults, error.total)
    click.echo(f"  {error.hint}", err=True)
    sys.exit(1)


def _print_faults(faults: tuple[LineFault, ...] | list[LineFault], total: int) -> None:
    for fault in faults:
        click.echo(f"  line {fault.line}: {fault.sentence}", err=True)
    if total > len(faults):
        click.echo(f"  … and {total - len(faults)} more", err=True)


def _print_summary(name: str, summary: dict[str, Any]) -> None:
    for sentence in summary["told"]:
        click.echo(sentence, err=True)
    click.echo(f"{summary['contents']} contents, {summary['signals']} hashes, are now in {name}.")
    if summary["repeated"]:
        click.echo(f"{summary['repeated']} repeat an earlier one and were left out.", err=True)
    if summary["faulty"]:
        click.echo(f"{summary['faulty']} lines cannot be used and were left out:", err=True)
        for fault in summary["faults"]:
            click.echo(f"  line {fault['line']}: {fault['sentence']}", err=True)


def summary_of(report: Report, contents: int, signals: int) -> dict[str, Any]:
    """What an import did, JSON-ready."""
    return {
        "contents": contents,
        "signals": signals,
        "repeated": report.repeated,
        "faulty": report.faults.total,
        "faults": [fault._asdict() for fault in report.faults.shown],
        "told": list(report.told),
    }
