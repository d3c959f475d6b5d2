"""A border of one colour is taken away; everything else is left alone."""

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from consentry.matching.signals.borders import without_border

PLAIN = ("chelsea.png", "coffee.png")
"""Photos that do not end in one colour themselves."""


def framed(pixels, border, colour=(255, 255, 255), quality=None):
    image = ImageOps.expand(Image.fromarray(pixels), border=border, fill=colour)
    if quality is not None:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality)
        image = Image.open(buffer)
    return np.asarray(image)


@pytest.mark.parametrize("border", [20, (0, 60), (100, 0), (5, 10, 80, 40)])
@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0), (30, 90, 200)])
def test_what_is_inside_comes_out(pictures, border, colour):
    for name in PLAIN:
        assert np.array_equal(
            without_border(framed(pictures[name], border, colour)), pictures[name]
        )


def test_compression_does_not_hide_it(pictures):
    pixels = pictures["chelsea.png"]
    inside = without_border(framed(pixels, 40, (0, 0, 0), quality=40))
    assert np.abs(np.subtract(inside.shape[:2], pixels.shape[:2])).max() <= 8


def test_a_photo_without_a_border_is_left_alone(pictures):
    for name in PLAIN:
        assert without_border(pictures[name]) is None


def test_a_border_that_pdq_forgives_is_left_alone(pictures):
    assert without_border(framed(pictures["chelsea.png"], 2)) is None


@pytest.mark.parametrize("size", [(300, 300), (1, 1), (5, 4000)])
def test_an_empty_page_has_nothing_inside(size):
    assert without_border(np.full((*size, 3), 200, np.uint8)) is None


def test_a_stamp_on_an_empty_page_is_no_picture(pictures, resized):
    page = np.full((900, 900, 3), 255, np.uint8)
    page[400:500, 400:500] = resized(pictures["coffee.png"], 100, 100)
    assert without_border(page) is None
