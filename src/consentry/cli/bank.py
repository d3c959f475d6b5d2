"""`consentry bank`: banks of known hashes, and what is in them."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from consentry.cli.bank_exchange import export_bank, import_bank
from consentry.cli.bank_media import add, match

if TYPE_CHECKING:  # loaded late: `--help` must be quick
    from consentry.matching.banks import Bank, Banks, Content, Verdict

__all__ = ["bank"]

KINDS: Final = ("deny", "allow", "watch")  # a test holds them to the banks' own
CATEGORIES: Final = ("known.removed", "known.intimate", "known.child_safety")
F = TypeVar("F", bound=Callable[..., Any])
_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

_WHAT_A_BANK_IS: Final = (
    click.option(
        "--kind",
        type=click.Choice(KINDS),
        help="deny: refuse what matches. watch: show it to a person. allow: known to be harmless.",
    ),
    click.option("--category", type=click.Choice(CATEGORIES), help="What a match is."),
    click.option("--source", help="Where the hashes come from."),
    click.option("--description", help="What the bank is for."),
    click.option(
        "--max-distance", type=click.IntRange(0, 31), help="Bits that may differ; 31 unless said."
    ),
    click.option(
        "--enabled-ratio",
        type=click.FloatRange(0, 1),
        help="The share of lookups that this bank takes part in; 1 unless said.",
    ),
    click.option(
        "--expires-days",
        type=click.IntRange(1, 36_500),
        help="Take each entry out after so many days; never unless said.",
    ),
)


def _described(command: F) -> F:
    for option in reversed(_WHAT_A_BANK_IS):
        command = option(command)
    return command


@click.group()
def bank() -> None:
    """Keep banks of known hashes: make, fill, look up, export."""


bank.add_command(import_bank)
bank.add_command(export_bank)
bank.add_command(add)
bank.add_command(match)


@bank.command()
@click.argument("name")
@_described
@click.option("--sealed", is_flag=True, help="Encrypt the hashes and never list or export them.")
@_json_option
def create(name: str, *, sealed: bool, as_json: bool, **described: Any) -> None:  # noqa: ANN401  click's way of passing options
    """Make a bank called NAME (capitals, digits and _)."""
    with _banks() as banks:
        made = banks.create(name, sealed=sealed, **_given(described))
        _print_bank(made, 0, as_json=as_json)


@bank.command(name="list")
@_json_option
def list_banks(*, as_json: bool) -> None:
    """List the banks and how much is in each."""
    with _banks() as banks:
        found = [(one, banks.count(one.name)) for one in banks.list()]
    if as_json:
        click.echo(json.dumps([_bank_json(one, count) for one, count in found]))
        return
    if not found:
        click.echo("There is no bank. Make one with `consentry bank create`.", err=True)
    for one, count in found:
        click.echo(_bank_line(one, count))


@bank.command()
@click.argument("name")
@click.argument("content_id", required=False, type=click.IntRange(min=1), metavar="[ID]")
@_json_option
def show(name: str, content_id: int | None, *, as_json: bool) -> None:
    """Show the bank NAME, or the content with this ID in it."""
    with _banks() as banks:
        if content_id is None:
            _print_bank(banks.get(name), banks.count(name), as_json=as_json)
        else:
            _print_content(banks.content(name, content_id), as_json=as_json)


@bank.command()
@click.argument("name")
@_described
@click.option("--rename", metavar="NEW", help="Call it NEW.")
@_json_option
def update(name: str, rename: str | None, *, as_json: bool, **described: Any) -> None:  # noqa: ANN401  click's way of passing options
    """Change the bank NAME."""
    changes = _given(described)
    if not changes and rename is None:
        raise click.UsageError("Say what to change.")
    with _banks() as banks:
        changed = banks.update(name, **changes) if changes else banks.get(name)
        if rename is not None:
            changed = banks.rename(name, rename)
        _print_bank(changed, banks.count(changed.name), as_json=as_json)


@bank.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(name: str, *, yes: bool) -> None:
    """Delete the bank NAME and all that is in it, for good."""
    with _banks() as banks:
        count = banks.count(name)
        if not yes:
            click.confirm(f"Delete {name} with {count} contents for good?", abort=True, err=True)
        banks.delete(name)
    click.echo(f"{name} is deleted.", err=True)


@bank.command()
@click.argument("name")
@click.argument("content_ids", nargs=-1, required=True, type=click.IntRange(min=1), metavar="ID...")
def remove(name: str, content_ids: tuple[int, ...]) -> None:
    """Take the contents with these IDs out of the bank NAME."""
    with _banks() as banks:
        for content_id in content_ids:
            banks.remove(name, content_id)
            click.echo(f"Content {content_id} is out of {name}.", err=True)


@bank.command()
@click.argument("name")
@click.argument("content_id", type=click.IntRange(min=1), metavar="ID")
@click.argument("opinion", type=click.Choice(("confirm", "dispute")))
@click.option("--by", help="Who says so; your user name unless said.")
@click.option("--note", default="", help="Why.")
@_json_option
def opine(  # noqa: PLR0913  one parameter for each option
    name: str, content_id: int, opinion: Verdict, by: str | None, note: str, *, as_json: bool
) -> None:
    """Confirm or dispute a content; more disputes than confirmations hold it for a person."""
    with _banks() as banks:
        content = banks.opine(name, content_id, by or getpass.getuser(), opinion, note)
        _print_content(content, as_json=as_json)


@bank.command()
@click.argument("name")
@click.argument("content_id", type=click.IntRange(min=1), metavar="ID")
def hold(name: str, content_id: int) -> None:
    """Hold a content: what matches it goes to a person and is not refused blindly."""
    with _banks() as banks:
        banks.hold(name, content_id)
    click.echo(f"Content {content_id} of {name} is held.", err=True)


@bank.command()
@click.argument("name")
@click.argument("content_id", type=click.IntRange(min=1), metavar="ID")
def release(name: str, content_id: int) -> None:
    """Enforce a held content again."""
    with _banks() as banks:
        banks.release(name, content_id)
    click.echo(f"Content {content_id} of {name} is enforced again.", err=True)


@contextmanager
def _banks() -> Iterator[Banks]:
    from consentry.cli.bank_parts import open_banks

    with open_banks() as parts:
        yield parts.banks


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _bank_json(one: Bank, count: int) -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(one), "contents": count}


def _print_bank(one: Bank, count: int, *, as_json: bool) -> None:
    click.echo(json.dumps(_bank_json(one, count)) if as_json else _bank_line(one, count))


def _bank_line(one: Bank, count: int) -> str:
    more = [f"up to {one.max_distance} bits"]
    more += ["sealed"] if one.sealed else []
    more += [f"{one.enabled_ratio:.0%} of lookups"] if one.enabled_ratio < 1 else []
    more += [f"kept {one.expires_days} days"] if one.expires_days else []
    source = f"  from {one.source}" if one.source else ""
    what = f"{one.kind} {one.category}"
    return f"{one.name}  {what}  {count} contents  {', '.join(more)}{source}"


def _print_content(content: Content, *, as_json: bool) -> None:
    from consentry.cli.bank_parts import content_json

    plain = content_json(content)
    if as_json:
        click.echo(json.dumps(plain, ensure_ascii=False))
        return
    for name, value in plain.items():
        shown = value if isinstance(value, str | int) else json.dumps(value, ensure_ascii=False)
        click.echo(f"{name}: {shown}")
