"""`consentry consent`: what persons agreed to, and taking it back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

__all__ = ["consent"]

PURPOSES = ("portrait", "editorial", "satire", "advertising", "training", "intimate")
MEDIA = ("picture", "video")
GRANTEES = ("account", "organisation", "anyone")
GIVERS = ("self", "guardian", "operator")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_id = click.argument("consent_id", metavar="ID")
_time = click.DateTime(("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"))


@click.group()
def consent() -> None:
    """Record what a person agreed to, show it, make tokens of it, take it back."""


@consent.command()
@click.argument("person_id", metavar="PERSON")
@click.option("--to", "grantee", type=click.Choice(GRANTEES), required=True, help="Who may depict.")
@click.option("--id", "grantee_id", default="", help="The account's id or organisation's name.")
@click.option(
    "--for",
    "purposes",
    type=click.Choice(PURPOSES),
    multiple=True,
    required=True,
    help="For what; repeat it. Intimate use is refused in any case.",
)
@click.option("--media", type=click.Choice(MEDIA), multiple=True, default=("picture",))
@click.option("--territory", multiple=True, help="A country, two letters; everywhere unless said.")
@click.option("--from", "start", type=_time, help="From when (UTC); now unless said.")
@click.option("--until", type=_time, help="Until when (UTC); no end unless said.")
@click.option(
    "--given-by",
    type=click.Choice(GIVERS),
    required=True,
    help="Who agreed: the person, the guardian of a child, or the operator on evidence.",
)
@click.option("--evidence", default="", help="How the consent was given.")
@_json
def grant(person_id: str, *, as_json: bool, **asked: Any) -> None:  # noqa: ANN401  click's way of passing options
    """Record that PERSON agreed to be depicted."""
    from consentry.cli.person_work import opened
    from consentry.likeness.consents import as_json as plain

    for name in ("start", "until"):
        asked[name] = _in_utc(asked[name])
    with opened() as parts:
        given = parts.likeness.consents.grant(person_id, **asked)
    _print(plain(given), as_json=as_json)


@consent.command()
@_id
@_json
def revoke(consent_id: str, *, as_json: bool) -> None:
    """Take the consent with this ID back, now, and list what was let through under it."""
    from dataclasses import asdict

    from consentry.cli.person_work import opened

    with opened() as parts:
        done = parts.likeness.consents.revoke(consent_id)
    told = {"entry": done.entry, "to_take_down": [asdict(one) for one in done.past]}
    _print(told, as_json=as_json)


@consent.command()
@_id
@click.option("--record", is_flag=True, help="As a consent record (fields of ISO/IEC TS 27560).")
@click.option("--receipt", is_flag=True, help="The signed receipt alone.")
@_json
def show(consent_id: str, *, record: bool, receipt: bool, as_json: bool) -> None:
    """Show the consent with this ID."""
    from consentry.cli.person_work import opened
    from consentry.likeness.consents import as_json as plain
    from consentry.likeness.record import as_record

    with opened() as parts:
        found = parts.likeness.consents.get(consent_id)
        controller = parts.log.public.origin
    if receipt:
        click.echo(found.receipt)
        return
    told = plain(found)
    if record:
        told = as_record(
            found.terms, controller=controller, signed=found.receipt, revoked_at=found.revoked_at
        )
    _print(told, as_json=as_json)


@consent.command()
@_id
@click.option("--account", default="", help="The one account that may use it.")
@click.option("--for", "purpose", type=click.Choice(PURPOSES), default="portrait")
@click.option("--minutes", type=click.IntRange(1, 1440), default=10, show_default=True)
@click.option(
    "--uses", type=click.IntRange(1, 100), default=1, show_default=True, help="At each stage."
)
def token(consent_id: str, account: str, purpose: str, minutes: int, uses: int) -> None:
    """Make a token that an application hands over with a request, of the consent with this ID."""
    from consentry.cli.person_work import opened

    with opened() as parts:
        made = parts.likeness.consents.make_token(
            consent_id,
            account=account,
            purpose=purpose,
            lasts=timedelta(minutes=minutes),
            uses=uses,
        )
    click.echo(made)


@consent.command()
@click.argument("file", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--key", help="Public key of receipts; without it, that of this installation.")
@click.option("--public-key", is_flag=True, help="Print the public key of this installation.")
@_json
def verify(file: Path | None, key: str | None, *, public_key: bool, as_json: bool) -> None:
    """Check the signed receipt in FILE offline; whether it was taken back it does not say."""
    from consentry.likeness import receipts

    if public_key:
        click.echo(_own_key())
        return
    if file is None:
        raise click.UsageError("Name a FILE, or ask for --public-key.")
    known = receipts.public_key(key or _own_key())
    text = file.read_text(encoding="utf-8")
    _print(receipts.read_signed("consentry-consent", text, known), as_json=as_json)


def _own_key() -> str:
    from consentry.cli.person_work import opened

    with opened() as parts:
        return parts.likeness.consents.signer.public_key


def _in_utc(when: datetime | None) -> datetime | None:
    return None if when is None else when.replace(tzinfo=UTC)


def _print(told: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for name, value in told.items():
        shown = value if isinstance(value, str | int) else json.dumps(value, ensure_ascii=False)
        click.echo(f"{name}: {shown}")
