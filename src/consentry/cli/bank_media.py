"""`consentry bank add` and `match`: pictures, videos and hashes into a bank, or looked up."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:  # loaded late: `--help` must be quick
    from consentry.cli.bank_media_work import Answer

__all__ = ["add", "match"]

_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
_FOUND_DENY: Final = 20
_FOUND_OTHER: Final = 10


@click.command()
@click.argument("name")
@click.argument("things", nargs=-1, required=True, metavar="FILE|HASH...")
@click.option("--note", default="", help="Up to 255 characters.")
@click.option("--uri", help="Where it is or was.")
@click.option("--case", help="The case that it comes from.")
@click.option("--expires-days", type=click.IntRange(1, 36_500), help="Take it out after so long.")
@click.option(
    "--crops/--no-crops",
    default=True,
    show_default=True,
    help="Bank the likely crops of a picture too: up to 112 more hashes.",
)
@_json_option
def add(  # noqa: PLR0913, PLR0917  one parameter for each option
    name: str,
    things: tuple[str, ...],
    note: str,
    uri: str | None,
    case: str | None,
    expires_days: int | None,
    *,
    crops: bool,
    as_json: bool,
) -> None:
    """Add pictures, videos or hashes (pdq:…, md5:…) to the bank NAME; files are not kept.

    Each FILE or HASH becomes one content, at once for all who look up.
    """
    from consentry.cli.bank_media_work import added

    about = {"note": note, "uri": uri, "case": case, "expires_at": _ahead(expires_days)}
    for line in added(name, things, crops=crops, about=about):
        if as_json:
            click.echo(json.dumps(line, ensure_ascii=False))
        else:
            click.echo(
                f"{line['input']}: content {line['content']} of {name}, {line['hashes']} hashes"
            )


@click.command()
@click.argument("things", nargs=-1, required=True, metavar="FILE|HASH...")
@click.option("--bank", "banks", multiple=True, metavar="NAME", help="Look in this bank alone.")
@click.option(
    "--max-distance",
    type=click.IntRange(0, 31),
    default=31,
    show_default=True,
    help="Bits that may differ; a bank may allow fewer.",
)
@_json_option
@click.pass_context
def match(
    ctx: click.Context,
    things: tuple[str, ...],
    banks: tuple[str, ...],
    max_distance: int,
    *,
    as_json: bool,
) -> None:
    """Look pictures, videos or hashes up in the banks.

    Exits 20 if something matches a deny bank, else 1 if something could not be looked up, else 10
    if something matches a watch bank or an entry on hold, else 0.
    """
    from consentry.cli.bank_media_work import matched

    status = _Status()
    for answer in matched(things, banks or None, max_distance):
        status.add(answer)
        if as_json:
            click.echo(json.dumps(answer.as_json(), ensure_ascii=False))
        else:
            _print_answer(answer)
    ctx.exit(status.code)


class _Status:
    """The exit status of everything so far."""

    def __init__(self) -> None:
        self._denied = self._doubtful = self._failed = False

    def add(self, answer: Answer) -> None:
        for one in answer.matches:
            refused = one["kind"] == "deny" and one["state"] == "active"
            self._denied |= refused
            self._doubtful |= not refused and one["kind"] != "allow"
        self._failed |= not answer.looked_up

    @property
    def code(self) -> int:
        if self._denied:
            return _FOUND_DENY
        if self._failed:
            return 1
        return _FOUND_OTHER if self._doubtful else 0


def _ahead(days: int | None) -> datetime | None:
    return None if days is None else datetime.now(UTC) + timedelta(days=days)


def _print_answer(answer: Answer) -> None:
    plain = answer.as_json()
    if answer.looked_up:
        found = f"{len(answer.matches)} found" if answer.matches else "no match"
        click.echo(f"{plain['input']}: {found}")
    for one in answer.matches:
        how = f"{one['signal']}, {one['distance']} bits apart" if one["distance"] else one["signal"]
        turn = "" if one["turn"] in {None, "upright"} else f", {one['turn']}"
        held = ", on hold" if one["state"] == "held" else ""
        case = f", case {one['case']}" if one["case"] else ""
        click.echo(
            f"  {one['bank']} ({one['kind']}, {one['category']}{held}): "
            f"content {one['content']}, {how}{turn}{case}"
        )
    for sentence in answer.told:
        click.echo(f"{plain['input']}: {sentence}", err=True)
