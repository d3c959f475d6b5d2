"""The command line: one file per command group, loaded only when its command is called."""

from __future__ import annotations

import importlib
import sys
from typing import Final, NoReturn

import click

from consentry import __version__
from consentry.errors import ConsentryError

__all__ = ["COMMANDS", "cli", "main"]

COMMANDS: Final = {
    "bank": ("consentry.cli.bank:bank", "Keep banks of known hashes: fill, look up, export."),
    "config": ("consentry.cli.config:config", "Check or show the settings."),
    "consent": (
        "consentry.cli.consent:consent",
        "Record what persons agreed to; take it back.",
    ),
    "demo": ("consentry.cli.demo:demo", "Open the demo page on this machine."),
    "evaluate": (
        "consentry.cli.evaluate:evaluate",
        "Measure what is caught and what is flagged wrongly.",
    ),
    "key": ("consentry.cli.key:key", "Create, list and revoke API keys."),
    "ledger": ("consentry.cli.ledger:ledger", "Sign, prove and check the tamper-evident log."),
    "models": ("consentry.cli.models:models", "List and verify the models."),
    "person": ("consentry.cli.person:person", "Enrol, show and erase persons who are depicted."),
    "policy": ("consentry.cli.policy:policy", "Test and explain the policy."),
    "screen": ("consentry.cli.screen:screen", "Screen files or prompts and say what was decided."),
    "serve": ("consentry.cli.serve:serve", "Run the HTTP server."),
    "train": ("consentry.cli.train:train", "Learn the weights of the prompt gate again."),
    "sweep": ("consentry.cli.sweep:sweep", "Look back for copies in what was seen."),
}
"""Each command: where it is, and the line that `consentry --help` shows without loading it."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called, so that `--help` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name every command, sorted."""
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module that holds the command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{COMMANDS[cmd_name][0]} is no command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list from the table above, importing nothing."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in sorted(COMMANDS.items())])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="consentry")
def cli() -> None:
    """Keep AI image generators from harming real people.

    Consentry screens prompts, reference pictures, generated output and uploads, and decides by a
    policy that you can read.
    """


def main() -> NoReturn:
    """Run the command line; an error of ours becomes two lines and exit status 1, never a trace."""
    try:
        status = cli.main(standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.Abort:
        click.echo("Stopped.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except ConsentryError as error:
        click.echo(f"consentry: {error.message} [{error.code}]", err=True)
        if error.hint:
            click.echo(f"  {error.hint}", err=True)
        sys.exit(1)
    sys.exit(status if isinstance(status, int) else 0)
