"""`consentry key`: make, list and revoke API keys."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:  # loaded late: `--help` must be quick
    from consentry.storage.api_keys import KeyRecord, KeyStore

__all__ = ["key"]

_SCOPES: Final = (
    "screen",
    "read",
    "match",
    "banks",
    "persons",
    "metrics",
    "admin",
)  # a test holds it to storage's own
_UNITS: Final = {"h": "hours", "d": "days", "w": "weeks"}
_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _moment(ctx: click.Context, param: click.Parameter, value: str | None) -> datetime | None:
    """The moment that lies 12h, 90d or 4w from now."""
    del ctx, param
    if value is None:
        return None
    parts = re.fullmatch(r"([1-9][0-9]{0,3})([hdw])", value)
    if parts is None:
        raise click.BadParameter("Write a number and h, d or w: 12h, 90d, 4w.")
    return datetime.now(UTC) + timedelta(**{_UNITS[parts[2]]: int(parts[1])})


@click.group()
def key() -> None:
    """Create, list and revoke API keys."""


@key.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(_SCOPES),
    help="What it may be used for; give it several times. None implies another.",
)
@click.option(
    "--expires", callback=_moment, metavar="TIME", help="Stop by itself after 12h, 90d, 4w …"
)
@_json_option
def create(name: str, scopes: tuple[str, ...], expires: datetime | None, *, as_json: bool) -> None:
    """Make a key called NAME and show it, once."""
    with _keys() as keys:
        record, token = keys.create(name, scopes, expires)
    if as_json:
        click.echo(json.dumps({**record.as_json(), "key": token}))
        return
    click.echo(f"Key {record.id} for {', '.join(record.scopes)}. It is shown only now:", err=True)
    click.echo(token)
    click.echo("Send it as `Authorization: Bearer <key>`.", err=True)


@key.command(name="list")
@_json_option
def list_keys(*, as_json: bool) -> None:
    """List every key; never its secret."""
    with _keys() as keys:
        records = keys.list()
    if as_json:
        click.echo(json.dumps([record.as_json() for record in records]))
        return
    if not records:
        click.echo("There is no key. Make one with `consentry key create`.", err=True)
    for record in records:
        click.echo(_line(record))


@key.command()
@click.argument("key_id", metavar="ID")
@_json_option
def revoke(key_id: str, *, as_json: bool) -> None:
    """Stop the key with this ID, at once and for good."""
    with _keys() as keys:
        record = keys.revoke(key_id)
    if as_json:
        click.echo(json.dumps(record.as_json()))
    else:
        click.echo(f"Key {record.id} ({record.name}) is revoked.")


def _line(record: KeyRecord) -> str:
    until = f"  until {record.expires_at[:10]}" if record.expires_at else ""
    made = record.created_at[:10]
    scopes = ",".join(record.scopes)
    return f"{record.id}  {record.state:8}  {scopes:24}  made {made}{until}  {record.name}"


@contextmanager
def _keys() -> Iterator[KeyStore]:
    from consentry.config import load_settings
    from consentry.storage import open_storage

    storage = open_storage(load_settings())
    try:
        yield storage.keys
    finally:
        storage.close()
