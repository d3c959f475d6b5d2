"""A hash that is banked today finds what was seen yesterday, and what is forgotten is gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from tests.matching.banks.conftest import everything_stored, near, pdq, words

from consentry.errors import ContentUnknownError
from consentry.matching.banks import exact_words
from consentry.matching.seen import Seen
from consentry.matching.signals.contract import Signal

TOMORROW = datetime.now(UTC) + timedelta(days=1)
SHA = Signal("sha256", "ab" * 32)


@pytest.fixture
def seen(settings, storage):
    with Seen.open(settings, storage) as seen:
        yield seen


def several(*numbers):
    return np.stack([words(number) for number in numbers])


def swept(seen, asked, **how):
    return [(one.probe, one.decision_id, one.distance) for one in seen.sweep(asked, **how)]


def test_past_inputs_are_found_nearest_first(seen, storage):
    assert swept(seen, several(1)) == []
    seen.remember("a", "upload", several(1, 2, 3), TOMORROW)
    exact = exact_words(storage.vault, [SHA])
    last = seen.remember("b", "output", np.concatenate([near(1, 4)[None], exact]), TOMORROW)
    assert swept(seen, several(9, 1), at_least=last) == [(1, "a", 0), (1, "b", 4)]
    assert swept(seen, several(1), max_distance=3) == [(0, "a", 0)]
    assert swept(seen, exact) == [(0, "b", 0)]
    (found,) = seen.sweep(several(3))
    assert (found.stage, found.decision_id) == ("upload", "a")
    assert datetime.fromisoformat(found.at) <= datetime.now(UTC)


@pytest.mark.parametrize("sealed", [False, True])
def test_a_bank_is_swept_for(banks, seen, sealed):
    last = seen.remember("a", "upload", several(1, 2, 3), TOMORROW)
    banks.create("ONE", sealed=sealed)
    ids = [banks.add("ONE", [pdq(9), pdq(n)]).content_id for n in (3, 8)]
    asked = dict(banks.words("ONE"))
    assert list(asked) == ids
    assert [len(seen.sweep(one, at_least=last)) for one in asked.values()] == [1, 0]
    ((number, only),) = banks.words("ONE", ids[0])
    assert (number, only.tolist()) == (ids[0], asked[ids[0]].tolist())
    with pytest.raises(ContentUnknownError):
        next(banks.words("ONE", 999))


def test_what_is_forgotten_or_expired_is_not_found(seen, storage):
    for name in ("a", "b"):
        seen.remember(name, "upload", several(1), TOMORROW)
    last = seen.remember("c", "upload", several(2), datetime.now(UTC) - timedelta(seconds=1))
    assert swept(seen, several(1, 2), at_least=last) == [(0, "a", 0), (0, "b", 0)]
    assert storage.seen.forget("a") == 1
    assert storage.seen.forget("a") == 0
    assert swept(seen, several(1)) == [(0, "b", 0)]
    assert storage.seen.expire() == 1
    assert storage.seen.expire(TOMORROW) == 1
    last = storage.seen.last_sequence()
    assert swept(seen, several(1, 2), at_least=last) == []
    assert len(seen._index) == 0


def test_marks_of_the_long_forgotten_are_cleared_and_the_log_goes_on(seen, storage):
    for number in range(5):
        seen.remember(str(number), "upload", several(number), TOMORROW)
    head = storage.seen.last_sequence()
    assert storage.seen.expire(TOMORROW + timedelta(days=8)) == 5
    assert storage.seen.last_sequence() >= head + 5
    with storage.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM seen").scalar() == 1
    last = seen.remember("new", "upload", several(7), TOMORROW)
    assert swept(seen, several(7), at_least=last) == [(0, "new", 0)]


def test_only_so_many_hashes_are_kept(seen, storage):
    assert seen.remember("a", "upload", np.empty((0, 4), np.uint64), TOMORROW) == 0
    last = seen.remember("b", "upload", np.tile(words(1), (5000, 1)), TOMORROW)
    assert [one.decision_id for one in seen.sweep(several(1), at_least=last)] == ["b"]
    for malformed in (b"", bytes(31), bytes(32 * 4097)):
        with pytest.raises(ValueError, match="4096"):
            storage.seen.remember("c", "upload", malformed, TOMORROW)


def test_hashes_of_the_forgotten_are_wiped(seen, storage, settings):
    hashed = words(1).astype(">u8").tobytes()
    seen.remember("a", "upload", several(1), TOMORROW)
    assert hashed in everything_stored(storage, settings)
    storage.seen.forget("a")
    with storage.reading() as connection:
        assert connection.exec_driver_sql("SELECT hashes FROM seen").scalar() is None
    storage.close()
    for file in settings.home.glob("consentry.db"):  # SQLite's write-ahead log is in it by now
        assert hashed not in file.read_bytes()
