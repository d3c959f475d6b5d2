"""An installation with empty banks, and hashes to put into them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from consentry.config import Settings
from consentry.matching.banks import Banks
from consentry.matching.matcher import Matcher
from consentry.matching.signals.contract import Signal
from consentry.matching.signals.hashes import from_words
from consentry.storage import open_storage


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


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
