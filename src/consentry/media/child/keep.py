"""Metadata kept aside: raw blocks by kind, within a budget of bytes."""

from __future__ import annotations

from typing import Final

from consentry.media.child.output import Output
from consentry.media.protocol import MAX_BLOCKS, Block

__all__ = ["Keeper"]

_MAX_KEY: Final = 90


class Keeper:
    """Collects blocks until the budget is used up; counts what it had to drop."""

    def __init__(self, budget: int) -> None:
        """`budget` in bytes."""
        self._left = budget
        self._blocks: dict[str, bytes] = {}
        self.dropped_bytes = 0

    def add(self, key: str, value: bytes | str | None) -> None:
        """Keep a block; a second one of the same kind is dropped, like one that is too long."""
        if not value:
            return
        raw = value.encode("utf-8", "replace") if isinstance(value, str) else bytes(value)
        full = len(raw) > self._left or len(self._blocks) >= MAX_BLOCKS
        if full or key in self._blocks or len(key) > _MAX_KEY:
            self.dropped_bytes += len(raw)
            return
        self._left -= len(raw)
        self._blocks[key] = raw

    def write(self, output: Output) -> tuple[Block, ...]:
        """Put what was kept behind the pixels."""
        return tuple(Block(key, output.write(raw), len(raw)) for key, raw in self._blocks.items())
