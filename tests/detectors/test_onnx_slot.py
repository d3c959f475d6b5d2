import hashlib

import numpy as np
import pytest
from pydantic import ValidationError
from tests.support.onnx_models import mean_colour_model

from consentry.config import OnnxSlot, Settings
from consentry.detectors.onnx_slot import OnnxSlotDetector
from consentry.errors import (
    ConfigError,
    DetectorError,
    ModelAlteredError,
    ModelError,
    ModelMissingError,
)
from consentry.findings import Stage
from consentry.media.picture import Picture
from consentry.media.prompt import Prompt

OUTPUTS = {"acme.red": 0, "acme.blue": 2}
PICTURE = Picture.from_pixels(np.full((30, 50, 3), (204, 102, 51), np.uint8))


@pytest.fixture
def slot(tmp_path):
    """Make a detector from a model and settings of the slot."""

    def make(model=None, **options):
        path = tmp_path / "own.onnx"
        path.write_bytes(mean_colour_model() if model is None else model)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        one = OnnxSlot(
            **{"name": "own", "file": path, "sha256": digest, "outputs": OUTPUTS} | options
        )
        (detector,) = OnnxSlotDetector.from_settings(Settings(detectors={"onnx": (one,)}))
        return detector

    return make


def scores(detector):
    return {found.category: found.score for found in detector.detect(PICTURE, {})}


def test_each_named_output_becomes_a_finding_also_when_it_is_low(slot):
    assert scores(slot()) == pytest.approx({"acme.red": 0.8, "acme.blue": 0.2}, abs=1e-3)


def test_bgr_swaps_the_channels(slot):
    swapped = {"acme.red": 0.2, "acme.blue": 0.8}
    assert scores(slot(channels="bgr")) == pytest.approx(swapped, abs=1e-3)


def test_nhwc_and_another_size(slot):
    detector = slot(mean_colour_model(layout="nhwc", side=64), layout="nhwc", size=64)
    assert scores(detector) == pytest.approx({"acme.red": 0.8, "acme.blue": 0.2}, abs=1e-3)


def test_mean_and_scale_are_applied_in_rgb(slot):
    detector = slot(mean=(104, 0, 51), scale=(0.001, 1, 0.5))
    assert scores(detector) == pytest.approx({"acme.red": 0.1, "acme.blue": 0.0}, abs=1e-3)


def test_softmax(slot):
    powers = np.exp([8.0, 4.0, 2.0]) / np.exp([8.0, 4.0, 2.0]).sum()
    found = scores(slot(mean_colour_model(logits=True), activation="softmax"))
    assert found == pytest.approx({"acme.red": powers[0], "acme.blue": powers[2]}, abs=1e-3)


def test_sigmoid(slot):
    found = scores(slot(mean_colour_model(logits=True), activation="sigmoid"))
    wanted = {"acme.red": 1 / (1 + np.exp(-8)), "acme.blue": 1 / (1 + np.exp(-2))}
    assert found == pytest.approx(wanted, abs=1e-3)


def test_values_that_are_no_probabilities_are_refused(slot):
    with pytest.raises(DetectorError, match="no probability") as caught:
        slot(mean_colour_model(logits=True)).detect(PICTURE, {})
    assert "activation" in caught.value.hint


def test_an_index_that_does_not_exist_is_found_when_warming_up(slot):
    with pytest.raises(ModelError, match="3 values; there is none at 3"):
        slot(outputs={"acme.red": 3}).warm_up()


def test_a_size_that_the_model_does_not_take_is_found_when_warming_up(slot):
    with pytest.raises(ModelError, match="cannot be run"):
        slot(size=100).warm_up()


@pytest.mark.parametrize("outputs", [{}, {"acme.red": -1}])
def test_outputs_that_make_no_sense_stop_the_start(slot, outputs):
    with pytest.raises(ConfigError, match="needs outputs"):
        slot(outputs=outputs)


def test_a_removed_file_is_missing_and_an_altered_one_is_altered(slot, tmp_path):
    detector = slot()
    (tmp_path / "own.onnx").write_bytes(b"something else")
    with pytest.raises(ModelAlteredError):
        detector.detect(PICTURE, {})
    (tmp_path / "own.onnx").unlink()
    with pytest.raises(ModelMissingError, match="own"):
        detector.detect(PICTURE, {})


def test_a_reference_picture_may_come_with_a_prompt(slot):
    assert slot(stages=("reference",)).stages == {Stage.REFERENCE, Stage.PROMPT}
    assert slot(stages=("upload",)).stages == {Stage.UPLOAD}


def test_the_version_changes_with_what_a_score_depends_on(slot):
    versions = {
        slot().version,
        slot(size=100).version,
        slot(mean_colour_model(logits=True)).version,
        slot(activation="softmax").version,
    }
    assert len(versions) == 4
    assert slot().version == slot(stages=("upload",)).version


def test_no_slot_no_detector():
    assert OnnxSlotDetector.from_settings(Settings()) == []


def test_a_prompt_is_refused(slot):
    with pytest.raises(DetectorError):
        slot().detect(Prompt("tea"), {})


def test_a_slot_without_a_digest_is_refused(tmp_path):
    with pytest.raises(ValidationError):
        OnnxSlot(name="own", file=tmp_path / "x", outputs=OUTPUTS)
