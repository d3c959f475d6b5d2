"""Whether the parts of the road can do their work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from consentry.errors import ConsentryError

__all__ = ["PartHealth", "ask"]


@dataclass(frozen=True, slots=True)
class PartHealth:
    """Whether one part of the system can do its work.

    Attributes:
        name: `storage`, `decoder`, `matching` or `detector:<name>`.
        ready: it can.
        note: one sentence, when it cannot.
    """

    name: str
    ready: bool
    note: str = ""


def ask(name: str, check: Callable[[], None]) -> PartHealth:
    """Whether the part called `name` passes its own `check`."""
    try:
        check()
    except ConsentryError as error:
        return PartHealth(name, ready=False, note=str(error))
    return PartHealth(name, ready=True)
