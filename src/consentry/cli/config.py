"""`consentry config`: check the settings, or show the ones in force and where to change them."""

from __future__ import annotations

import json
from typing import Any

import click

__all__ = ["config"]


@click.group()
def config() -> None:
    """Check or show the settings.

    A setting comes, in rising order, from its default, from consentry.toml, from a
    CONSENTRY_SECTION__NAME variable, and from a flag.
    """


@config.command()
def check() -> None:
    """Say whether the system could start with these settings; change nothing."""
    from consentry.config import find_config_file, load_settings
    from consentry.detectors.loading import load_detectors
    from consentry.policy.engine import Policy

    settings = load_settings()
    policy = Policy.load(settings.policy.file)
    roster = load_detectors(settings)
    for one in roster.active:
        policy.check_categories(one.categories, one.name)
    file = find_config_file()
    click.echo(f"Settings: {'defaults and variables' if file is None else file}. They are usable.")
    click.echo(f"Policy:   {len(policy.rules)} rules, {policy.version}.")
    click.echo(f"Detectors: {', '.join(one.name for one in roster.active)}.")
    if roster.disabled:
        click.echo(f"Switched off: {', '.join(one.name for one in roster.disabled)}.")


@config.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(as_json: bool) -> None:  # noqa: FBT001  click passes flags by name
    """Show every setting in force; secrets are masked."""
    from consentry.config import load_settings

    plain = load_settings().model_dump(mode="json")
    if as_json:
        click.echo(json.dumps(plain, indent=2))
        return
    for name, value in _flat(plain):
        click.echo(f"{name} = {json.dumps(value)}")


def _flat(plain: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Dotted names with their values."""
    rows: list[tuple[str, Any]] = []
    for name, value in plain.items():
        if isinstance(value, dict) and value:
            rows += _flat(value, f"{prefix}{name}.")
        else:
            rows.append((f"{prefix}{name}", value))
    return rows
