"""An installation with empty banks, and hashes to put into them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.support.postgres import DATABASES, settings_on

from consentry.config import Settings
from consentry.matching.banks import Banks
from consentry.matching.matcher import Matcher
from consentry.matching.signals.contract import Signal
from consentry.matching.signals.hashes import from_words
from consentry.storage import open_storage


@pytest.fixture(params=DATABASES)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Each test runs on both databases."""
    return settings_on(request, tmp_path / "home")


@pytest.fixture
def storage(settings):
    storage = open_storage(settings)
    yield storage
    storage.close()


@pytest.fixture
def banks(storage):
    return Banks(storage)


@pytest.fixture
def matcher(settings, storage):
    with Matcher.open(settings, storage) as matcher:
        yield matcher


def words(number):
    """A hash of 256 random bits, the same for the same number."""
    return np.random.default_rng(number).integers(0, 2**64, 4, np.uint64)


def near(number, bits):
    """The same hash with its last `bits` bits turned over."""
    found = words(number)
    found[3] ^= np.uint64((1 << bits) - 1)
    return found


def pdq(number):
    return Signal("pdq", from_words(words(number))[0])


def environment(settings):
    """Of another process of the same installation."""
    path = os.pathsep.join(path for path in sys.path if path)
    url = {"CONSENTRY_STORAGE__URL": settings.storage.url} if settings.storage.url else {}
    return {**os.environ, "PYTHONPATH": path, **url}


def everything_stored(storage, settings):
    """Every value of every table of banks, and the database's file where it is one."""
    parts = [path.read_bytes() for path in settings.home.glob("consentry.db*")]
    with storage.reading() as connection:
        for table in ("bank_contents", "bank_signals", "seen"):
            for row in connection.exec_driver_sql(f"SELECT * FROM {table}"):  # noqa: S608  ours
                parts += [v if isinstance(v, bytes) else str(v).encode() for v in row]
    return b"|".join(parts)
