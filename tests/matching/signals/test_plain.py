"""The plain arithmetic gives the same lookup set, and needs nothing that is compiled."""

import subprocess
import sys

import numpy as np
import pytest

from consentry.matching.signals.plain import plain_lookup_set
from consentry.matching.signals.variants import lookup_set


def assert_alike(pixels):
    plain, compiled = plain_lookup_set(pixels), lookup_set(pixels)
    names = [(probe.turn, probe.pipeline) for probe in compiled]
    assert [(probe.turn, probe.pipeline) for probe in plain] == names
    for one, other in zip(plain, compiled, strict=True):
        assert np.bitwise_count(one.words ^ other.words).sum() <= 2  # a bit in doubt
        assert abs(one.quality - other.quality) <= 1


def test_it_is_that_of_the_kernels(pictures):
    for pixels in pictures.values():
        assert_alike(pixels)


@pytest.mark.parametrize("size", [(900, 700), (512, 512), (513, 40), (160, 160), (64, 64), (9, 7)])
def test_at_every_size(pictures, resized, size):
    assert_alike(resized(pictures["chelsea.png"], *size))


def test_too_small_pictures_are_as_poor_as_the_reference_says():
    (probe, *_) = plain_lookup_set(np.zeros((4, 4, 3), np.uint8))
    assert (probe.quality, probe.words.any()) == (0, False)


def test_it_loads_nothing_compiled():
    code = "import sys, consentry.matching.signals.plain; assert 'numba' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
