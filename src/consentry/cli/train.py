"""`consentry train`: learn the weights of the prompt gate again, on your own texts if you like."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from consentry.config import load_settings
from consentry.errors import InputError

__all__ = ["train"]

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_OWN: Final = (
    "development rows that ship with Consentry (Apache-2.0)",
    "test vectors of the prompt rules (Apache-2.0)",
    "sentences made by code from phrases.toml (Apache-2.0)",
)


@click.group()
def train() -> None:
    """Learn the weights of a gate again."""


@train.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder for learned.npz, its card and the plots.",
)
@click.option("--captions", type=_FILE, help="Harmless texts, one a line, to train on as well.")
@click.option("--source", help="Where the captions come from and their licence, for the card.")
@click.option("--seed", default=1, show_default=True, help="Of the sentences made by code.")
def prompts(out: Path, captions: Path | None, source: str | None, seed: int) -> None:
    """Train the learned part of the prompt gate. Takes some minutes."""
    from consentry.evaluation.charts import chart
    from consentry.evaluation.examples import training_rows
    from consentry.evaluation.rows import captions as read_captions
    from consentry.evaluation.training import train as learn

    if captions is not None and not source:
        raise InputError("--captions needs --source: the card says where texts come from.")
    rows = training_rows(read_captions(captions) if captions else [], seed)
    trained = learn(rows, load_settings())
    out.mkdir(parents=True, exist_ok=True)
    (out / "learned.npz").write_bytes(trained.heads.as_bytes())
    sources = [*_OWN, *([source] if source else [])]
    (out / "CARD.toml").write_text(trained.card(sources, seed), encoding="utf-8")
    for head, rates in trained.reliability.items():
        tenths = [
            (f"{place * 10} to {place * 10 + 10} %", rate) for place, rate in enumerate(rates)
        ]
        drawn = chart(f"{head}: how often it was so, by what was said", tenths)
        (out / f"reliability-{head.replace('.', '-')}.svg").write_text(drawn, encoding="utf-8")
    click.echo(out)
