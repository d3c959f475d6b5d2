"""Model cards: what a model is, where it comes from, what was measured and what it cannot do.

One TOML file per model under `cards/`. A number on a card says what it was measured on; what was
not measured says so.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from consentry.errors import ConfigError

__all__ = ["Measurement", "ModelCard", "card", "cards"]

_FOLDER: Final = Path(__file__).parent / "cards"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Measurement(_Strict):
    """One figure.

    Attributes:
        what: the quantity.
        value: the number with its unit, or "not measured".
        on: what it was measured on; empty when it was not.
    """

    what: str
    value: str
    on: str = ""


class ModelCard(_Strict):
    """Everything that is known about one model.

    Attributes:
        name: short name, also of the card's file; `[models.<name>]` overrides the file.
        task: what it does, in a few words.
        package: the import package that brings the file.
        file: path of the file inside that package.
        sha256: of the file, as published.
        bytes: length of the file.
        source: where the weights come from.
        licence: of the weights.
        input: what it takes.
        output: what it gives.
        changes: what is done to the file or to its usual pre-processing, and why.
        limits: what it cannot do.
        measured: figures.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    task: str
    package: str
    file: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(gt=0)
    source: str
    licence: str
    input: str
    output: str
    changes: str
    limits: tuple[str, ...]
    measured: tuple[Measurement, ...]


@cache
def cards() -> MappingProxyType[str, ModelCard]:
    """Every card by the model's name, sorted."""
    read = (
        ModelCard.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        for path in sorted(_FOLDER.glob("*.toml"))
    )
    return MappingProxyType({one.name: one for one in read})


def card(name: str) -> ModelCard:
    """The card of the model `name`.

    Raises:
        ConfigError: there is no such model.
    """
    try:
        return cards()[name]
    except KeyError:
        raise ConfigError(
            f"There is no model {name!r}. The models are: {', '.join(cards())}."
        ) from None
