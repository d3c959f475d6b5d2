import numpy as np
import pytest
from tests.support.photographs import EVERYTHING, pixels

from consentry.config import Settings
from consentry.detectors.explicitness import ExplicitnessDetector
from consentry.errors import DetectorError
from consentry.findings import Stage
from consentry.media.picture import Picture
from consentry.media.prompt import Prompt


@pytest.fixture(scope="module")
def detector():
    return ExplicitnessDetector(Settings())


@pytest.mark.parametrize("name", EVERYTHING)
def test_a_harmless_picture_gets_a_low_score_and_always_a_finding(detector, name):
    (finding,) = detector.detect(Picture.from_pixels(pixels(name)), {})
    assert (finding.category, finding.where) == ("sexual.explicit", None)
    assert finding.score < 0.1


def test_an_empty_picture_gets_a_finding_too(detector):
    assert len(detector.detect(Picture.from_pixels(np.zeros((1, 1, 3), np.uint8)), {})) == 1


def test_it_runs_wherever_there_may_be_a_picture(detector):
    assert detector.stages == frozenset(Stage)


def test_a_prompt_is_refused(detector):
    with pytest.raises(DetectorError):
        detector.detect(Prompt("a cup of coffee"), {})
