"""What the bank commands share: an opened installation, and contents as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from consentry.config import Settings, load_settings
from consentry.matching.banks import Banks, Content
from consentry.matching.matcher import Matcher
from consentry.storage import Storage, open_storage

__all__ = ["Parts", "content_json", "open_banks", "opened_matcher"]


@dataclass(frozen=True, slots=True)
class Parts:
    """An installation as far as banks need it."""

    settings: Settings
    storage: Storage
    banks: Banks


@contextmanager
def open_banks() -> Iterator[Parts]:
    """Open the installation in force; it is closed at the end.

    Raises:
        ConsentryError: it cannot be used.
    """
    settings = load_settings()
    storage = open_storage(settings)
    try:
        yield Parts(settings, storage, Banks(storage))
    finally:
        storage.close()


@contextmanager
def opened_matcher(parts: Parts) -> Iterator[Matcher]:
    """A matcher over the banks; it is closed at the end."""
    matcher = Matcher.open(parts.settings, parts.storage)
    try:
        yield matcher
    finally:
        matcher.close()


def content_json(content: Content) -> dict[str, Any]:
    """A content as the commands show it: what is not given is left out."""
    plain = asdict(content)
    for name in ("disable_until", "expires_at"):
        plain[name] = None if plain[name] is None else plain[name].isoformat()
    plain["metadata"] = {name: value for name, value in plain["metadata"].items() if value}
    empty: tuple[object, ...] = (None, "", {}, (), [])
    return {name: value for name, value in plain.items() if value not in empty}
