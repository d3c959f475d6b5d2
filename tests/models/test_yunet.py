import cv2
import numpy as np
import pytest
from PIL import Image
from tests.support.photographs import EVERYTHING, NOBODY, PEOPLE, photo, pixels

from consentry.config import Settings
from consentry.models import yunet
from consentry.models.locate import locate
from consentry.models.yunet import YuNet


@pytest.fixture(scope="module")
def model():
    return YuNet.load(Settings())


def by_opencv(picture):
    """(n, 15): box, landmarks, score."""
    path, size = str(locate("yunet", Settings()).path), picture.shape[1::-1]
    _, faces = cv2.FaceDetectorYN.create(path, "", size, 0.5, 0.3, 5000).detect(
        np.ascontiguousarray(picture[:, :, ::-1])
    )
    return np.zeros((0, 15)) if faces is None else faces


def rows(faces):
    return np.array([[*face.box, *face.landmarks.ravel(), face.score] for face in faces])


@pytest.mark.parametrize("side", [160, 320, 640])
@pytest.mark.parametrize("name", EVERYTHING)
def test_every_photo_gives_what_opencv_gives(model, name, side):
    picture = pixels(name, side)
    ours, theirs = rows(model.run(picture)), by_opencv(picture)
    assert len(ours) == len(theirs) == (name in PEOPLE)
    if len(ours):
        assert np.abs(ours - theirs).max() < 0.01


@pytest.mark.parametrize("side", [900, 1024, 2000])
@pytest.mark.parametrize("name", EVERYTHING)
def test_shrinking_loses_no_face(model, name, side, monkeypatch):
    picture = pixels(name, side)
    ours = model.run(picture)
    monkeypatch.setattr(yunet, "shrink", lambda p, height, width: cv2.resize(p, (width, height)))
    theirs = model.run(picture)
    assert len(ours) == len(theirs) == (name in PEOPLE)
    for one, other in zip(ours, theirs, strict=True):
        assert abs(one.score - other.score) < 0.01
        assert np.abs(one.landmarks - other.landmarks).max() < 0.06 * other.box[2]


def test_a_crowd_is_counted_in_the_large_picture_too(model):
    faces = [photo(name) for name in PEOPLE]
    wall = Image.new("RGB", (2000, 2000), (90, 100, 90))
    for place in range(64):
        face = faces[place % len(faces)].resize((180, 220))
        wall.paste(face, (place % 8 * 250, place // 8 * 250))
    found = model.run(np.asarray(wall))
    centres = {
        (int(f.box[0] + f.box[2] / 2) // 250, int(f.box[1] + f.box[3] / 2) // 250) for f in found
    }
    assert len(centres) == 64


@pytest.mark.parametrize("name", PEOPLE)
def test_a_face_that_fills_the_picture_is_found(model, name):
    picture = photo(name)
    x, y, width, height = model.run(np.asarray(picture))[0].box
    tight = picture.crop((x + 0.2 * width, y + 0.2 * height, x + 0.8 * width, y + 0.8 * height))
    assert model.run(np.asarray(tight.resize((1000, 1200))))


def test_a_face_in_a_long_strip_is_found(model):
    strip = np.full((400, 3000, 3), 120, np.uint8)
    small = np.asarray(photo("obama").resize((68, 78)))
    strip[200:278, 2500:2568] = small  # its face is 24 px wide: at 640 px it would be 5
    (face,) = model.run(strip)
    assert 2500 < face.box[0] < 2568


@pytest.mark.parametrize("size", [(1, 1), (1, 700), (3, 33), (31, 2000)])
def test_a_picture_of_any_size_is_looked_at(model, size):
    assert model.run(np.zeros((*size, 3), np.uint8)) == []


def test_a_cat_is_nobody(model):
    assert [len(model.run(pixels(name))) for name in NOBODY] == [0, 0, 0]
