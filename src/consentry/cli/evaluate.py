"""`consentry evaluate`: measure the gates on labelled rows and write the report."""

from __future__ import annotations

import hashlib
import shlex
from pathlib import Path
from typing import Any

import click

from consentry.config import load_settings
from consentry.errors import InputError
from consentry.evaluation.prompts import Source, evaluate_prompts
from consentry.evaluation.report import write_report
from consentry.evaluation.rows import Split, captions, read_rows, shipped, shipped_digest
from consentry.evaluation.systems import Ours, Peer, System, WordList

__all__ = ["evaluate"]

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.option(
    "--suite",
    type=click.Choice(["prompts"]),
    default="prompts",
    show_default=True,
    help="What to measure.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder for the report.",
)
@click.option(
    "--rows",
    type=_FILE,
    help="Labelled rows as JSON lines. Without it: those that ship, never tuned on.",
)
@click.option("--development", is_flag=True, help="Measure the shipped rows that are tuned on.")
@click.option("--captions", "benign", type=_FILE, help="Harmless texts, one a line.")
@click.option(
    "--words",
    type=_FILE,
    multiple=True,
    help="A word list, one a line, as a baseline. May be given several times: one list.",
)
@click.option(
    "--peer",
    multiple=True,
    metavar="NAME=COMMAND",
    help="Another program as a baseline: a text a line in, a score from 0 to 1 out.",
)
@click.option("--seed", default=1, show_default=True, help="Of the disguises.")
def evaluate(suite: str, out: Path, **given: Any) -> None:  # noqa: ANN401  click's options
    """Measure how much is caught and how often that is wrong, and write a report."""
    del suite
    labelled = _labelled(given["rows"], development=given["development"])
    benign = _benign(given["benign"])
    systems: list[System] = [Ours(load_settings()), *_baselines(given["words"], given["peer"])]
    result = evaluate_prompts(labelled, benign, systems, given["seed"], _command(given))
    for path in write_report(result, out):
        click.echo(path)


def _labelled(path: Path | None, *, development: bool) -> Source:
    if path is not None:
        return Source(path.name, _digest(path), read_rows(path))
    split: Split = "development" if development else "held-out"
    return Source(f"{split}.jsonl (shipped)", shipped_digest(split), shipped(split))


def _benign(path: Path | None) -> Source | None:
    return None if path is None else Source(path.name, _digest(path), captions(path))


def _baselines(words: tuple[Path, ...], peers: tuple[str, ...]) -> list[System]:
    found: list[System] = []
    if words:
        lines = [line for path in words for line in path.read_text("utf-8").splitlines()]
        found.append(WordList.of("word list", lines))
    for peer in peers:
        name, equals, command = peer.partition("=")
        if not (name and equals and command):
            raise InputError(f"--peer is NAME=COMMAND, not {peer!r}.")
        found.append(Peer(name, command))
    return found


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _command(given: dict[str, Any]) -> str:
    """The command that gives the same again; files by name only, for a report is passed on."""
    parts = ["consentry", "evaluate", "--suite", "prompts", "--out", "report"]
    for option, value in (("--rows", given["rows"]), ("--captions", given["benign"])):
        parts += [option, value.name] if value else []
    parts += ["--development"] if given["development"] else []
    for path in given["words"]:
        parts += ["--words", path.name]
    for peer in given["peer"]:
        parts += ["--peer", f"{peer.partition('=')[0]}=…"]
    return shlex.join([*parts, "--seed", str(given["seed"])])
