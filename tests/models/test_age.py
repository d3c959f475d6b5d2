import numpy as np
import pytest
from tests.support.photographs import PEOPLE, pixels

from consentry.config import Settings
from consentry.models.age import AGES, AgeModel
from consentry.models.yunet import YuNet


@pytest.fixture(scope="module")
def model():
    return AgeModel.load(Settings())


@pytest.fixture(scope="module")
def faces():
    finder = YuNet.load(Settings())
    return {name: [face.landmarks for face in finder.run(pixels(name))] for name in PEOPLE}


@pytest.mark.parametrize("name", PEOPLE)
def test_adults_look_like_adults(model, faces, name):
    (chances,) = model.run(pixels(name), faces[name])
    assert chances.shape == (81,)
    assert chances.sum() == pytest.approx(1, abs=1e-4)
    assert chances[:18].sum() < 0.02
    assert 25 < chances @ AGES < 60


def test_many_faces_are_judged_as_each_alone(model, faces):
    picture, points = pixels("obama"), faces["obama"][0]
    moved = [points + step for step in range(40)]
    together = model.run(picture, moved)
    alone = np.concatenate([model.run(picture, [one]) for one in moved])
    np.testing.assert_allclose(together, alone, atol=1e-4)


def test_no_faces_no_rows(model):
    assert model.run(pixels("coffee"), []).shape == (0, 81)


@pytest.mark.parametrize("name", ["obama", "sunak"])
def test_a_turned_picture_gives_about_the_same(model, faces, name):
    picture, (points,) = pixels(name), faces[name]
    turned = np.ascontiguousarray(np.rot90(picture))
    moved = np.stack([points[:, 1], picture.shape[1] - points[:, 0]], axis=1)
    (upright,), (lying,) = model.run(picture, [points]), model.run(turned, [moved])
    assert lying @ AGES == pytest.approx(upright @ AGES, abs=5)
    assert lying[:18].sum() == pytest.approx(upright[:18].sum(), abs=0.01)
