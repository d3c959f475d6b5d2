"""A log over a real database; the stand-alone verifier as a program; a witness."""

from __future__ import annotations

import base64
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consentry.config import Settings
from consentry.ledger import verify
from consentry.ledger.log import Log
from consentry.ledger.merkle import Frontier, TileTree
from consentry.storage import Storage, open_storage


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def storage(settings: Settings) -> Iterator[Storage]:
    storage = open_storage(settings)
    yield storage
    storage.close()


@pytest.fixture
def log(settings: Settings, storage: Storage) -> Iterator[Log]:
    log = Log.open(settings, storage)
    yield log
    log.close()


class MemoryTiles:
    """A tree in memory, grown by a frontier, read as tiles."""

    def __init__(self):
        self.edge = Frontier()
        self.full = {}

    def append(self, entry):
        for tile in self.edge.append(verify.leaf_hash(entry)):
            self.full[tile.level, tile.number] = tile

    def read(self, level, number, width):
        if (level, number) in self.full:
            hashes = self.full[level, number].hashes
            found = [hashes[at : at + 32] for at in range(0, len(hashes), 32)]
        else:
            found = self.edge.partial[level]
        assert len(found) == width
        return found

    def tree(self, size=None):
        return TileTree(self.edge.size if size is None else size, self.read)


@pytest.fixture
def tiles():
    return MemoryTiles()


class Witness:
    """Signs whatever it is shown, as c2sp.org/tlog-cosignature says."""

    def __init__(self, name="witness.example/w1"):
        self.name = name
        self._key = Ed25519PrivateKey.generate()
        public = self._key.public_key().public_bytes_raw()
        self._id = verify.key_id(name, 4, public)
        self.vkey = verify.Key(name, self._id, 4, public).text()

    def sign(self, note, seconds=1_700_000_000):
        text = note.partition("\n\n")[0] + "\n"
        message = f"cosignature/v1\ntime {seconds}\n{text}".encode()
        raw = self._id + seconds.to_bytes(8, "big") + self._key.sign(message)
        return f"{note}— {self.name} {base64.b64encode(raw).decode()}\n"


@pytest.fixture
def witness():
    return Witness()


@pytest.fixture
def alone(tmp_path):
    """Runs a copy of verify.py with nothing of ours in reach; gives its exit status and output."""
    script = tmp_path / "alone" / "verify.py"
    script.parent.mkdir()
    script.write_bytes(Path(verify.__file__).read_bytes())

    def run(*arguments):
        done = subprocess.run(
            [sys.executable, "-I", script, *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            cwd=script.parent,
        )
        return done.returncode, done.stdout + done.stderr

    return run
