"""PDQ is bit for bit that of pdqhash: on pictures, on noise, on almost nothing, at every size."""

import numpy as np
import pdqhash
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consentry.matching.signals import pdq
from consentry.matching.signals.contract import Unhashable

SIZES = [(1, 1), (1, 900), (900, 1), (4, 80), (5, 5), (5, 700), (63, 65), (64, 64), (65, 64)]
SIZES += [(127, 129), (128, 128), (161, 160), (333, 200), (512, 512), (513, 400), (64, 640)]
LARGE = [(700, 1024), (1024, 1024), (1600, 900), (1023, 2049)]


def reference(pixels):
    bits, quality = pdqhash.compute(np.ascontiguousarray(pixels))
    return f"{int(''.join(map(str, bits)), 2):064x}", quality


def assert_same(pixels):
    found = pdq.hash_full(pixels)
    assert (found.digits, found.quality) == reference(pixels), pixels.shape


@pytest.mark.parametrize(("width", "height"), SIZES + LARGE)
def test_a_photo_at_any_size_and_aspect_has_the_hash_of_the_reference(
    pictures, resized, width, height
):
    names = sorted(pictures)[:3] if (width, height) in LARGE else sorted(pictures)
    for name in names:
        assert_same(resized(pictures[name], width, height))


def test_pictures_as_they_are(pictures):
    for pixels in pictures.values():
        assert_same(pixels)


@settings(max_examples=150, deadline=None)
@given(
    height=st.integers(1, 220),
    width=st.integers(1, 220),
    kind=st.sampled_from(["noise", "flat", "two greys", "ramp", "sparse"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_small_array_has_the_hash_of_the_reference(height, width, kind, seed):
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 256, (height, width, 3), np.uint8)
    if kind == "flat":
        pixels[:] = pixels[0, 0]
    elif kind == "two greys":
        pixels = np.where(pixels[..., :1] > 128, 90, 91).astype(np.uint8).repeat(3, 2)
    elif kind == "ramp":
        pixels[:] = (np.arange(width) * 255 // width).astype(np.uint8)[None, :, None]
    elif kind == "sparse":
        pixels[pixels < 250] = 0
    assert_same(pixels)


@pytest.mark.parametrize("kind", ["flat", "ramp", "stripes", "noise"])
def test_large_synthetic_pictures_too(kind):
    pixels = np.zeros((600, 800, 3), np.uint8)
    if kind == "ramp":
        pixels[:] = np.linspace(0, 255, 800, dtype=np.uint8)[None, :, None]
    elif kind == "stripes":
        pixels[::7] = 255
    elif kind == "noise":
        pixels = np.random.default_rng(1).integers(0, 256, pixels.shape, np.uint8)
    assert_same(pixels)


def test_where_rounding_could_decide_the_slow_arithmetic_is_asked():
    flat = np.full((600, 800, 3), 77, np.uint8)
    assert pdq._quickly(flat) is None


def test_most_pictures_are_decided_by_the_fast_arithmetic(pictures):
    decided = [pdq._quickly(pixels) is not None for pixels in pictures.values()]
    assert sum(decided) >= len(decided) - 2


def test_the_slack_covers_the_rounding_errors_that_occur(pictures):
    for pixels in pictures.values():
        scale = max(pixels.shape) ** 0.5
        exact = pdq._exactly(pixels).table
        small = pdq._fold(pixels, pdq.operator(len(pixels)), pdq._alone(pixels.shape[1]))
        error = np.abs(pdq._table(small[0]) - exact).max()
        assert error < pdq._SLACK_FREQUENCY * scale / 2


def test_the_thumbnail_takes_the_nearest_pixel_rounding_down(pictures):
    pixels = pictures["astronaut.png"][:300].repeat(3, axis=0)
    rows = np.arange(512) * pixels.shape[0] // 512
    columns = np.arange(512) * pixels.shape[1] // 512
    expected = pixels[rows][:, columns]
    assert np.array_equal(pdq.thumbnail(pixels), expected)
    assert pdq.hash_thumbnail(pixels).digits == reference(expected)[0]


def test_a_picture_of_at_most_512_pixels_has_one_hash(pictures, resized):
    pixels = resized(pictures["chelsea.png"], 512, 300)
    assert pdq.hash_thumbnail(pixels).digits == pdq.hash_full(pixels).digits


def test_views_and_turned_memory_are_hashed_like_copies(pictures):
    pixels = pictures["coffee.png"]
    assert_same(pixels[::2, 10:])
    assert_same(pixels[:, ::-1])
    assert_same(pixels.transpose(1, 0, 2))


def test_too_little_detail_is_unhashable_and_says_how_little():
    outcome = pdq.Pdq().hash_pixels(np.zeros((300, 300, 3), np.uint8))
    assert isinstance(outcome, Unhashable)
    assert outcome.quality == 0


@pytest.mark.parametrize(
    "pixels", [np.zeros((9, 9)), np.zeros((9, 9, 4), np.uint8), np.zeros((9, 9, 3))]
)
def test_what_is_no_rgb_array_is_refused(pixels):
    with pytest.raises(ValueError, match="height, width, 3"):
        pdq.hash_full(pixels)
