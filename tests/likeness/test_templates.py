"""Portraits that can be used and those that cannot, with the real models."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageFilter

from consentry.config import Settings
from consentry.errors import (
    PortraitDisagreeError,
    PortraitNoFaceError,
    PortraitSeveralError,
    PortraitSmallError,
    PortraitTurnedError,
    PortraitUnsharpError,
)
from consentry.likeness.templates import TemplateMaker, agreement
from consentry.likeness.thresholds import MATCH, REVIEW
from consentry.media import MediaDecoder


@pytest.fixture(scope="module")
def maker():
    return TemplateMaker(Settings())


@pytest.fixture(scope="module")
def decode():
    with MediaDecoder(Settings().media) as decoder:
        yield decoder.decode


@pytest.fixture
def picture(photos, decode):
    def open_(name, change=lambda image: image):
        with Image.open(photos / name) as image:
            changed = change(image.convert("RGB"))
        buffer = io.BytesIO()
        changed.save(buffer, "PNG")
        return decode(buffer.getvalue())

    return open_


def test_one_person_years_apart_is_one_and_others_are_not(maker, picture):
    names = ("ardern_2018", "ardern_2022", "obama", "sunak", "macron_2025")
    taken = {name: maker.take(picture(f"{name}.jpg")).template for name in names}
    assert taken["ardern_2018"] @ taken["ardern_2022"] > MATCH
    others = [taken[a] @ taken[b] for a in names for b in names if a[:5] < b[:5]]
    assert max(others) < REVIEW
    assert np.linalg.norm(taken["obama"]) == pytest.approx(1, abs=1e-5)


def test_a_mirrored_or_recompressed_photo_is_the_same_person(maker, picture):
    plain = maker.take(picture("obama.jpg")).template
    mirrored = maker.take(picture("obama.jpg", lambda i: i.transpose(Image.Transpose(0))))
    assert plain @ mirrored.template > MATCH


def beside(image):
    both = Image.new("RGB", (image.width * 2, image.height))
    both.paste(image, (0, 0))
    both.paste(image, (image.width, 0))
    return both


@pytest.mark.parametrize(
    ("name", "change", "error"),
    [
        ("coffee.png", lambda i: i, PortraitNoFaceError),
        ("obama.jpg", beside, PortraitSeveralError),
        ("obama.jpg", lambda i: i.resize((i.width // 12, i.height // 12)), PortraitSmallError),
        ("obama.jpg", lambda i: i.filter(ImageFilter.GaussianBlur(9)), PortraitUnsharpError),
        ("macron_2025.jpg", lambda i: i.rotate(40, expand=True), PortraitTurnedError),
    ],
)
def test_what_is_wrong_with_a_photo_is_said(maker, picture, name, change, error):
    with pytest.raises(error) as caught:
        maker.take(picture(name, change))
    assert caught.value.hint


def test_photos_of_different_people_do_not_make_one_person(maker, picture):
    same = [maker.take(picture(f"ardern_{year}.jpg")).template for year in (2018, 2022)]
    assert agreement(same) > MATCH
    assert agreement(same[:1]) == 1.0
    with pytest.raises(PortraitDisagreeError):
        agreement([*same, maker.take(picture("sunak.jpg")).template])
