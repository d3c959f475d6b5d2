"""`consentry demo`: the demo page on this machine, one line when it can be opened."""

from __future__ import annotations

import os
import sys
import webbrowser
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:  # loaded late: `--help` must be quick
    from consentry.config import Settings

__all__ = ["HOME", "demo"]

HOME: Final = "consentry-data"
"""The demo's data folder, in the folder that it is started in, unless a setting names another."""


@click.command()
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; one of this machine's own, because the demo asks for no key.",
)
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port; 0 takes a free one. [setting: server.port]"
)
@click.option(
    "--open/--no-open",
    "open_page",
    default=None,
    help="Open the page in a browser, or do not; without either, where there is a screen.",
)
def demo(host: str, port: int | None, open_page: bool | None) -> None:  # noqa: FBT001  click's way
    """Open a page that shows what Consentry decides about a picture, and why.

    Only this machine can open it, and nothing but the decisions is kept, under
    ./consentry-data unless CONSENTRY_HOME names another folder. Ctrl-C ends it.
    """
    from consentry.config import is_loopback
    from consentry.web.running import run

    if not is_loopback(host):
        raise click.UsageError(
            "The demo asks for no key, so it listens on this machine only: leave --host out. "
            "For others, run `consentry serve` and give them keys."
        )

    def ready(guard: object, url: str) -> None:
        del guard
        click.echo(f"Consentry demo on {url}")
        if _wants_page(open_page):
            # On a thread: some browsers come back only when they are closed.
            Thread(target=webbrowser.open, args=(url,), daemon=True).start()

    run(_settings(host, port), on_ready=ready, demo=True)


def _settings(host: str, port: int | None) -> Settings:
    """The settings in force, with the demo's own data folder where none was named."""
    from consentry.config import load_settings

    server = {"host": host} if port is None else {"host": host, "port": port}
    settings = load_settings(server=server)
    if "home" in settings.model_fields_set:
        return settings
    return load_settings(server=server, home=Path.cwd() / HOME)


def _wants_page(asked: bool | None) -> bool:  # noqa: FBT001  three states
    """Whether to open the page: as asked, else when a person with a screen is there."""
    if asked is not None:
        return asked
    screen = sys.platform == "darwin" or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
    return screen and sys.stdout.isatty()
