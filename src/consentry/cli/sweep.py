"""`consentry sweep`: look back for copies in what was already uploaded or made.

Exit status: 10 if something was found, since a person has to look at it, else 0.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import click

__all__ = ["sweep"]

_FOUND: Final = 10


@click.command()
@click.argument("things", nargs=-1, metavar="[FILE|HASH]...")
@click.option("--bank", metavar="NAME", help="Look for copies of what this bank holds.")
@click.option(
    "--content", type=click.IntRange(min=1), metavar="ID", help="Of this entry of the bank alone."
)
@click.option(
    "--max-distance",
    type=click.IntRange(0, 31),
    default=31,
    show_default=True,
    help="Bits that may differ from a FILE or HASH; a bank has its own.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.pass_context
def sweep(  # noqa: PLR0913  one parameter for each option
    ctx: click.Context,
    things: tuple[str, ...],
    bank: str | None,
    content: int | None,
    max_distance: int,
    *,
    as_json: bool,
) -> None:
    """List past uploads and outputs that are copies of a FILE, a HASH, or of what a bank holds.

    What is remembered can be found, for matching.remember_days; exits 10 if something is found.
    """
    if bool(things) == (bank is not None) or (content is not None and bank is None):
        raise click.UsageError("Name a FILE or HASH, or a bank with --bank (and --content).")
    found = 0
    for line in _swept(things, bank, content, max_distance):
        found += 1
        click.echo(json.dumps(line, ensure_ascii=False) if as_json else _sentence(line))
    if not found:
        click.echo("Nothing that is remembered is a copy of it.", err=True)
    ctx.exit(_FOUND if found else 0)


def _swept(
    things: tuple[str, ...], bank: str | None, content: int | None, max_distance: int
) -> Iterator[dict[str, Any]]:
    from consentry.cli import sweep_work as work

    if bank is not None:
        return work.for_bank(bank, content)
    return work.for_things(things, max_distance)


def _sentence(line: dict[str, Any]) -> str:
    of = line.get("input") or f"content {line['content']} of {line['bank']}"
    return f"{line['decision']}  {line['stage']}  {line['at']}  {line['distance']} bits  {of}"
