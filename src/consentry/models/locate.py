"""Find a model's file, and give its bytes only when their SHA-256 is the expected one.

The files come inside installed packages, whose code is never imported. An operator may point a
model to another file, with its own SHA-256, under `[models.<name>]`.
"""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from consentry.config import Settings
from consentry.errors import ConfigError, ModelAlteredError, ModelError, ModelMissingError
from consentry.models.card import ModelCard, card, cards

__all__ = ["Located", "Status", "check_overrides", "locate", "read_verified", "verify"]

Status: TypeAlias = Literal["verified", "missing", "altered"]


@dataclass(frozen=True, slots=True)
class Located:
    """Where a model's file is to be found, whether or not it is there.

    Attributes:
        card: the model's card.
        path: the file; None when the package is not installed.
        sha256: what the file must have.
        own: the operator named this file.
    """

    card: ModelCard
    path: Path | None
    sha256: str
    own: bool

    @property
    def version(self) -> str:
        """The first 12 digits of the SHA-256: enough to tell versions of a model apart."""
        return self.sha256[:12]


def locate(name: str, settings: Settings) -> Located:
    """Say where the file of the model `name` belongs, without opening it.

    Raises:
        ConfigError: there is no such model.
    """
    about = card(name)
    override = settings.models.get(name)
    if override is not None:
        return Located(about, override.file, override.sha256, own=True)
    return Located(about, _in_package(about), about.sha256, own=False)


def read_verified(name: str, settings: Settings) -> bytes:
    """The bytes of the model `name`: the very bytes that were hashed, so nothing can come between.

    Raises:
        ModelMissingError: the file is not there or cannot be read.
        ModelAlteredError: its SHA-256 is not the expected one.
        ConfigError: there is no such model.
    """
    found = locate(name, settings)
    if found.path is None:
        raise ModelMissingError(
            f"The model {name} is missing: the package {found.card.package} is not installed."
        )
    return read_file(name, found.path, found.sha256, own=found.own)


def read_file(name: str, path: Path, sha256: str, *, own: bool) -> bytes:
    """The bytes of `path`, which must have `sha256`; `own` when an operator named the file.

    Raises:
        ModelMissingError: the file is not there or cannot be read.
        ModelAlteredError: its SHA-256 is not the expected one.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        hint = "Correct the path in your settings." if own else None
        reason = error.strerror or type(error).__name__
        raise ModelMissingError(
            f"The model {name} is missing: {path} cannot be read ({reason}).", hint=hint
        ) from error
    if hashlib.sha256(content).hexdigest() != sha256:
        hint = "Use the file that you meant, or correct its sha256 in your settings."
        raise ModelAlteredError(
            f"The model {name} is not what it should be: {path} has another SHA-256.",
            hint=hint if own else None,
        )
    return content


def verify(name: str, settings: Settings) -> tuple[Status, str]:
    """Whether the model `name` can be used, and one sentence why not (empty when it can)."""
    try:
        read_verified(name, settings)
    except ModelAlteredError as error:
        return "altered", str(error)
    except ModelError as error:
        return "missing", str(error)
    return "verified", ""


def check_overrides(settings: Settings) -> None:
    """Refuse an override of a model that does not exist.

    Raises:
        ConfigError: `[models.<name>]` names no model.
    """
    for name in settings.models:
        if name not in cards():
            raise ConfigError(
                f"[models.{name}] names no model. The models are: {', '.join(cards())}."
            )


def _in_package(about: ModelCard) -> Path | None:
    """The file inside its package: finding a top-level package does not run its code."""
    spec = importlib.util.find_spec(about.package)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / about.file
