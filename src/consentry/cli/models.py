"""`consentry models`: list the models, and verify that each is what its card says."""

from __future__ import annotations

import json
from typing import Any

import click

from consentry.config import load_settings
from consentry.models.card import cards
from consentry.models.locate import Located, check_overrides, locate, verify

__all__ = ["models"]


@click.group()
def models() -> None:
    """List and verify the models."""


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def list_models(*, as_json: bool) -> None:
    """List every model: its task, licence, size and whether its file is in order."""
    rows = _rows()
    if as_json:
        _print_json(rows)
        return
    head = ("NAME", "TASK", "LICENCE", "BYTES", "STATUS")
    table = [head, *(_cells(row) for row in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


@models.command("verify")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.pass_context
def verify_models(context: click.Context, *, as_json: bool) -> None:
    """Compare each model's file with its SHA-256. Exits with 1 if one is missing or altered."""
    rows = _rows()
    if as_json:
        _print_json(rows)
    else:
        for row in rows:
            click.echo(row["problem"] or f"{row['name']}: verified, {row['sha256']}")
    if any(row["problem"] for row in rows):
        context.exit(1)


def _rows() -> list[dict[str, Any]]:
    settings = load_settings()
    check_overrides(settings)
    rows: list[dict[str, Any]] = []
    for name, card in cards().items():
        found = locate(name, settings)
        status, problem = verify(name, settings)
        rows.append(
            {
                "name": name,
                "task": card.task,
                "licence": "your own file" if found.own else card.licence,
                "bytes": _size(found),
                "status": status,
                "sha256": found.sha256,
                "problem": problem,
            }
        )
    return rows


def _size(found: Located) -> int:
    """Of the operator's own file if it is there; else what the card says."""
    own = found.own and found.path is not None and found.path.is_file()
    return found.path.stat().st_size if own and found.path else found.card.bytes


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    return (row["name"], row["task"], row["licence"], f"{row['bytes']:,}", row["status"])


def _print_json(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        click.echo(json.dumps(row, ensure_ascii=False))
