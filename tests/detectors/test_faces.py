import numpy as np
import pytest
from tests.support.photographs import NOBODY, PEOPLE, photo, pixels

from consentry.config import ModelOverride, Settings
from consentry.detectors.faces import FaceDetector, _finding
from consentry.errors import DetectorError, ModelAlteredError, ModelMissingError
from consentry.findings import Stage
from consentry.media.picture import Picture
from consentry.media.prompt import Prompt
from consentry.models.locate import read_verified
from consentry.models.yunet import Face


@pytest.fixture(scope="module")
def detector():
    (one,) = FaceDetector.from_settings(Settings())
    return one


@pytest.mark.parametrize("name", PEOPLE)
def test_a_person_has_one_face_with_a_box_in_whole_pixels(detector, name):
    picture = Picture.from_pixels(pixels(name))
    (finding,) = detector.detect(picture, {})
    assert finding.category == "person.face"
    assert finding.score > 0.9
    x, y, width, height = finding.where["box"]
    right_eye, left_eye, nose, right_mouth, left_mouth = finding.where["landmarks"]
    assert x < right_eye[0] < nose[0] < left_eye[0] < x + width
    assert y < right_eye[1] < nose[1] < right_mouth[1] < y + height
    assert right_mouth[0] < left_mouth[0]
    assert all(type(value) is int for value in (x, y, width, height, *nose))


@pytest.mark.parametrize("name", NOBODY)
def test_a_thing_or_a_cat_has_none(detector, name):
    assert detector.detect(Picture.from_pixels(pixels(name)), {}) == []


def test_a_box_ends_at_the_edge_of_the_picture(detector):
    picture = Picture.from_pixels(np.asarray(photo("obama").crop((280, 200, 420, 440))))
    (finding,) = detector.detect(picture, {})
    x, y, width, height = finding.where["box"]
    assert 0 <= x < x + width <= 140
    assert 0 <= y < y + height <= 240


@pytest.mark.parametrize(
    ("box", "cut"),
    [
        ((-5.6, 2.4, 20.0, 3.0), [0, 2, 14, 3]),
        ((95.0, 45.0, 20.0, 30.0), [95, 45, 5, 5]),
        ((-30.0, 60.0, 10.0, 10.0), [0, 49, 1, 1]),
    ],
)
def test_a_box_over_the_edge_is_cut_and_never_empty(box, cut):
    picture = Picture.from_pixels(np.zeros((50, 100, 3), np.uint8))
    assert _finding(Face(0.9, box, np.zeros((5, 2), np.float32)), picture).where["box"] == cut


def test_it_runs_wherever_there_may_be_a_picture(detector):
    assert detector.stages == frozenset(Stage)


def test_a_prompt_is_refused(detector):
    with pytest.raises(DetectorError):
        detector.detect(Prompt("a cup of coffee"), {})


def test_the_version_tells_the_model_without_loading_it(tmp_path):
    override = ModelOverride(file=tmp_path / "none.onnx", sha256="ab" * 32)
    (own,) = FaceDetector.from_settings(Settings(models={"yunet": override}))
    (usual,) = FaceDetector.from_settings(Settings())
    assert own.version == "1+abababababab"
    assert usual.version != own.version


def test_a_model_that_is_put_back_works_again(tmp_path):
    path = tmp_path / "yunet.onnx"
    content = read_verified("yunet", Settings())
    digest = "49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10"
    settings = Settings(models={"yunet": ModelOverride(file=path, sha256=digest)})
    (detector,) = FaceDetector.from_settings(settings)
    picture = Picture.from_pixels(pixels("astronaut"))
    with pytest.raises(ModelMissingError):
        detector.detect(picture, {})
    path.write_bytes(content[:-1])
    with pytest.raises(ModelAlteredError):
        detector.detect(picture, {})
    path.write_bytes(content)
    assert len(detector.detect(picture, {})) == 1
