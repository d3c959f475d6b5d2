"""One decoder for all tests that do not break it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from consentry.config import MediaSettings
from consentry.media.decoder import MediaDecoder


@pytest.fixture(scope="session")
def decoder() -> Iterator[MediaDecoder]:
    with MediaDecoder(MediaSettings(decoders=2)) as shared:
        yield shared
