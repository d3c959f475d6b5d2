import numpy as np
import pytest
from PIL import Image
from tests.support.photographs import PEOPLE, photo, pixels

from consentry.config import Settings
from consentry.detectors.age import AgeDetector
from consentry.detectors.faces import FaceDetector
from consentry.errors import DetectorError
from consentry.findings import Finding, unchecked
from consentry.media.picture import Picture
from consentry.media.prompt import Prompt

BINS = ["0-2", "3-6", "7-12", "13-17", "18-24", "25-34", "35-49", "50-64", "65+"]


@pytest.fixture(scope="module")
def faces():
    return FaceDetector(Settings())


@pytest.fixture(scope="module")
def detector():
    return AgeDetector(Settings())


def look(picture, faces, detector):
    found = faces.detect(picture, {})
    return found, detector.detect(picture, {"faces": found})


@pytest.mark.parametrize("name", PEOPLE)
def test_a_face_gives_its_chance_of_being_under_18(faces, detector, name):
    (face,), (finding,) = look(Picture.from_pixels(pixels(name)), faces, detector)
    assert finding.category == "minor.apparent"
    assert finding.where == {"box": face.where["box"]}
    bins = finding.detail["bins"]
    assert list(bins) == BINS
    assert sum(bins.values()) == pytest.approx(1, abs=0.001)
    assert finding.score == pytest.approx(sum(list(bins.values())[:4]), abs=0.001)
    assert finding.score < 0.02
    assert 25 < finding.detail["mean_age"] < 60
    assert "small" not in finding.detail


def test_every_face_is_judged_in_the_order_of_the_faces(faces, detector):
    wall = Image.new("RGB", (1200, 500))
    for place, name in enumerate(("obama", "sunak", "macron_2025")):
        wall.paste(photo(name).resize((380, 480)), (place * 400, 0))
    found, judged = look(Picture.from_pixels(np.asarray(wall)), faces, detector)
    assert len(found) == len(judged) == 3
    assert [f.where["box"] for f in found] == [j.where["box"] for j in judged]


def test_a_small_face_is_judged_and_marked(faces, detector):
    field = Image.new("RGB", (400, 400), (90, 110, 90))
    portrait = photo("obama")
    field.paste(portrait.resize((portrait.width // 14, portrait.height // 14)), (200, 200))
    _, (finding,) = look(Picture.from_pixels(np.asarray(field)), faces, detector)
    assert finding.detail["small"] is True


def test_no_face_no_finding(faces, detector):
    assert look(Picture.from_pixels(pixels("coffee")), faces, detector) == ([], [])


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        ({}, "nobody looked"),
        ({"faces": [unchecked("faces", "it was late")]}, "nobody looked"),
        ({"faces": [Finding("person.face", 0.9, "faces", {"box": [1, 1, 9, 9]})]}, "no landmarks"),
        ({"faces": [Finding("person.face", 0.9, "faces")]}, "no box"),
    ],
)
def test_without_faces_it_does_not_pretend_to_have_looked(detector, seen, reason):
    with pytest.raises(DetectorError, match=reason):
        detector.detect(Picture.from_pixels(pixels("obama")), seen)


def test_a_prompt_is_refused(detector):
    with pytest.raises(DetectorError):
        detector.detect(Prompt("a cup of coffee"), {"faces": []})
