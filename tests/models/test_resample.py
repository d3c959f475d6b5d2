from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.photographs import photo, pixels

from consentry.models.resample import _places, shrink, squash


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_a_whole_factor_gives_the_mean_of_each_block(factor):
    picture = np.random.default_rng(1).integers(0, 256, (96, 64 * factor, 3), np.uint8)
    small = shrink(picture, 96 // factor, 64)[:, :, :3]
    blocks = picture.reshape(96 // factor, factor, 64, factor, 3).mean((1, 3))
    assert np.abs(small - blocks).max() <= 2.5  # each halving rounds by half a step at most
    assert abs(float((small - blocks).mean())) < 0.3


def test_the_same_size_is_the_same_picture():
    picture = pixels("coffee")
    assert (shrink(picture, *picture.shape[:2])[:, :, :3] == picture).all()


@given(st.integers(1, 90), st.integers(1, 90), st.data())
def test_every_smaller_size_can_be_made(tall, wide, data):
    picture = np.full((tall, wide, 3), (10, 100, 200), np.uint8)
    height, width = data.draw(st.integers(1, tall)), data.draw(st.integers(1, wide))
    small = shrink(picture, height, width)
    assert small.shape == (height, width, 4)
    assert (small[:, :, :3] == (10, 100, 200)).all()


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (11, 10), (10, 11)])
def test_enlarging_is_refused(size):
    with pytest.raises(ValueError, match="cannot be shrunk"):
        shrink(np.zeros((10, 10, 3), np.uint8), *size)


def test_a_read_only_picture_is_left_as_it_was():
    picture = pixels("rocket").copy()
    before = picture.copy()
    picture.flags.writeable = False
    shrink(picture, 100, 100)
    assert (picture == before).all()


@pytest.mark.parametrize("side", [90, 256, 900])
def test_squashing_stays_close_to_pillow(side):
    picture = photo("coffee").resize((1400, 900))
    ours = squash(np.asarray(picture), side)[:, :, :3].astype(int)
    theirs = np.asarray(picture.resize((side, side), 2), int)
    assert np.abs(ours - theirs).mean() < 1.5


@pytest.mark.parametrize("name", ["coffee", "rocket"])
def test_an_edge_that_is_cut_off_changes_nothing_of_the_rest(name):
    whole, middle = squash(pixels(name), 256), squash(pixels(name), 256, 16)
    assert (middle[:, :, :3] == whole[16:-16, 16:-16, :3]).all()


@pytest.mark.parametrize("factor", [1, 2, 3, 5, 8, 12])
def test_evenly_spaced_places_are_those_of_any_other_size(factor):
    whole, taps = 40 * factor, _places(40 * factor, 40)
    for tap, places in enumerate(taps):
        share = Fraction(2 * tap + 1, 2 * len(taps))
        wanted = [int((step + share) * factor) for step in range(40)]
        assert np.arange(whole)[places].tolist() == wanted
