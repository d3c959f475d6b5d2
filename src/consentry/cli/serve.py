"""`consentry serve`: the HTTP server, one line when it is ready."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:  # loaded late: `--help` must be quick
    from consentry.guard import Guard

__all__ = ["serve"]


@click.command()
@click.option("--host", help="Address to listen on.  [setting: server.host]")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port; 0 takes a free one. [setting: server.port]"
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes; each loads the models for itself.",
)
def serve(host: str | None, port: int | None, workers: int) -> None:
    """Run the HTTP server until Ctrl-C."""
    from consentry.config import load_settings
    from consentry.web.running import run, run_workers

    given: dict[str, Any] = {"host": host, "port": port}
    flags = {name: value for name, value in given.items() if value is not None}
    settings = load_settings(**({"server": flags} if flags else {}))
    if workers == 1:
        run(settings, on_ready=_say_ready)
    else:
        run_workers(settings, workers, on_start=_say_start(workers))


def _say_ready(guard: Guard, url: str) -> None:
    note = "" if guard.storage.keys.list() else f" {_NO_KEY}"
    click.echo(f"Consentry is ready on {url}.{note}", err=True)


def _say_start(workers: int) -> Any:  # noqa: ANN401  a function of the URL
    def say(url: str) -> None:
        click.echo(f"Consentry starts {workers} workers on {url}.", err=True)

    return say


_NO_KEY = "There is no API key yet: `consentry key create NAME --scope screen --scope read`."
