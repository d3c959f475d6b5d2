"""`consentry ledger`: sign, prove, export and check the tamper-evident log.

Exit status: 1 if something does not verify, else 0.
"""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["ledger"]

_file = click.Path(exists=True, dir_okay=False, path_type=Path)
_out = click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="Write there, not to standard output."
)
_key = click.option("--key", help="Public key of the log; without it, that of this installation.")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def ledger() -> None:
    """Sign, prove and check the log of decisions and of what changes them."""


@ledger.command()
@_out
@click.option("--public-key", is_flag=True, help="Print the log's public key instead.")
@click.option("--cosigned", type=_file, help="Take in this checkpoint, that witnesses have signed.")
def checkpoint(out: Path | None, cosigned: Path | None, *, public_key: bool) -> None:
    """Print a signed checkpoint over everything that is in the log now.

    Keep copies where the operator of this installation cannot change them, or have a witness sign.
    """
    from consentry.cli import ledger_work as work

    if public_key and cosigned:
        raise click.UsageError("--public-key and --cosigned do not go together.")
    if cosigned is not None:
        names = work.take_cosigned(cosigned)
        click.echo(f"Taken in, signed by {', '.join(names)}.", err=True)
        return
    _write(work.public_key() + "\n" if public_key else work.checkpoint(), out)


@ledger.command()
@click.argument("thing", required=False, metavar="[DECISION_ID|INDEX]")
@_out
@click.option("--since", type=_file, help="Prove that the log only grew since this checkpoint.")
@click.option("--bare", is_flag=True, help="Do not disclose what the entry commits to.")
def prove(thing: str | None, out: Path | None, since: Path | None, *, bare: bool) -> None:
    """Write the proof that a decision, or the entry at INDEX, is in the log: a .tlog-proof file.

    It can be checked offline: see `ledger verify FILE`. With --since, the hashes of a consistency
    proof, one a line, from that checkpoint to the newest.
    """
    from consentry.cli import ledger_work as work

    if (thing is None) == (since is None):
        raise click.UsageError("Name a decision or an index, or a checkpoint with --since.")
    if since is not None:
        _write(work.growth(since), out)
    elif thing is not None:
        _write(work.proof(thing, bare=bare), out)


@ledger.command()
@click.argument("file", required=False, type=_file)
@_key
@click.option("--witness", "witnesses", multiple=True, help="This witness must have signed too.")
@_json
@click.pass_context
def verify(
    ctx: click.Context,
    file: Path | None,
    key: str | None,
    witnesses: tuple[str, ...],
    *,
    as_json: bool,
) -> None:
    """Check the whole log of this installation, or the proof or checkpoint in FILE.

    Of the whole log, every entry is hashed again, every record opened, and every decision compared
    with its entry. Exits 1 if anything is not as it was.
    """
    from consentry.cli import ledger_work as work

    if file is None and (key or witnesses):
        raise click.UsageError("--key and --witness go with a FILE.")
    told = work.verify_log() if file is None else work.verify_file(file, key, witnesses)
    click.echo(work.as_text(told, as_json=as_json))
    ctx.exit(0 if told["verified"] else 1)


@ledger.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def export(folder: Path) -> None:
    """Write the public log into FOLDER, as it is served: a checkpoint, tiles, entries.

    `python FOLDER/verify.py log FOLDER --key KEY` checks it without Consentry. Written again into
    the same FOLDER, it adds what is new.
    """
    from consentry.cli import ledger_work as work

    size = work.export(folder)
    click.echo(f"{size} entries are in {folder}.", err=True)


def _write(text: str, out: Path | None) -> None:
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"{out} cannot be written: {error.strerror}.") from error
