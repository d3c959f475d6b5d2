"""The manifest: which segments are in force, and up to which change they speak.

One small JSON file, replaced as a whole. It names each segment with a file of its dead rows, if it
has any: entries that were taken away after the segment was written.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from consentry.errors import IndexDamagedError
from consentry.matching.index.files import replace_bytes

__all__ = ["MANIFEST", "Listed", "Manifest", "read_dead", "read_manifest", "write_dead"]

MANIFEST = "manifest.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Listed:
    """One segment in force.

    Attributes:
        file: its name in the folder.
        entries: rows, dead ones included.
        dead_file: name of the file that says which are dead, or None when none is.
        dead_sha256: of that file.
    """

    file: str
    entries: int
    dead_file: str | None = None
    dead_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the segments are, together.

    Attributes:
        log: identity of the change log that they were made from.
        sequence: they hold every change up to this one.
        segments: in no particular order.
    """

    log: str
    sequence: int
    segments: tuple[Listed, ...]

    def write(self, folder: Path) -> None:
        """Put it in force."""
        body = json.dumps({"format": _FORMAT, **asdict(self)}, sort_keys=True)
        digest = hashlib.sha256(body.encode()).hexdigest()
        replace_bytes(folder / MANIFEST, f"{body}\n{digest}\n".encode())

    def files(self) -> set[str]:
        """Every file that it names."""
        named = {listed.file for listed in self.segments}
        return named | {listed.dead_file for listed in self.segments if listed.dead_file}


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest in force; None when there is none yet.

    Raises:
        IndexDamagedError: it is torn, altered or of another version.
    """
    try:
        text = (folder / MANIFEST).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise IndexDamagedError(f"The manifest of the index cannot be read: {error}.") from error
    body, _, digest = text.rstrip("\n").rpartition("\n")
    if hashlib.sha256(body.encode()).hexdigest() != digest:
        raise IndexDamagedError("The manifest of the index is damaged.")
    plain = json.loads(body)
    if plain.pop("format") != _FORMAT:
        raise IndexDamagedError("The manifest of the index is of another version.")
    segments = tuple(Listed(**listed) for listed in plain.pop("segments"))
    return Manifest(segments=segments, **plain)


def write_dead(folder: Path, dead: NDArray[np.uint8]) -> tuple[str, str]:
    """Keep which rows are dead, one bit each; gives the file's name and SHA-256."""
    name = f"dead-{secrets.token_hex(8)}.bits"
    data = dead.tobytes()
    replace_bytes(folder / name, data)
    return name, hashlib.sha256(data).hexdigest()


def read_dead(folder: Path, listed: Listed) -> NDArray[np.uint8]:
    """Which rows of a segment are dead: a fresh array of one bit per row.

    Raises:
        IndexDamagedError: the file is missing, torn or altered.
    """
    size = (listed.entries + 7) // 8
    if listed.dead_file is None:
        return np.zeros(size, np.uint8)
    try:
        data = (folder / listed.dead_file).read_bytes()
    except OSError as error:
        raise IndexDamagedError(f"{listed.dead_file} cannot be read: {error}.") from error
    if len(data) != size or hashlib.sha256(data).hexdigest() != listed.dead_sha256:
        raise IndexDamagedError(f"The index file {listed.dead_file} is damaged.")
    return np.frombuffer(data, np.uint8).copy()
