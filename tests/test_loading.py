"""The collector of garbage rests while much is loaded, and only then."""

import gc

import pytest

from consentry.loading import loading


@pytest.fixture(autouse=True)
def _thaw():
    yield
    gc.unfreeze()


def test_garbage_waits_until_everything_is_loaded():
    with loading():
        assert not gc.isenabled()
        kept = [object() for _ in range(10)]
    assert gc.isenabled()
    assert gc.get_freeze_count() > len(kept)


def test_garbage_is_collected_again_after_a_failure():
    with pytest.raises(LookupError), loading():
        raise LookupError
    assert gc.isenabled()


def test_inside_of_another_the_outer_one_decides():
    with loading():
        with loading():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_program_that_turned_the_collector_off_keeps_it_off():
    gc.disable()
    try:
        with loading():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
