"""The contract test must catch what breaks the contract."""

import threading

import numpy as np
import pytest

from consentry.config import Settings
from consentry.detectors.contract import Example
from consentry.detectors.testing import DetectorContract
from consentry.errors import ModelMissingError
from consentry.findings import Finding, Stage
from consentry.media.picture import Picture
from consentry.models.locate import read_verified

BRIGHT = Picture.from_pixels(np.full((20, 30, 3), 250, np.uint8))
DARK = Picture.from_pixels(np.zeros((20, 30, 3), np.uint8))


class Bright:
    """Sees whether a picture is bright: good in every respect."""

    name = "bright"
    version = "1"
    kind = "picture"
    stages = frozenset({Stage.UPLOAD})
    needs = ()
    categories = frozenset({"acme.bright"})

    def __init__(self, settings):
        self.settings = settings

    @classmethod
    def from_settings(cls, settings):
        return [cls(settings)]

    def warm_up(self):
        read_verified("yunet", self.settings)

    def detect(self, subject, _seen):
        self.warm_up()
        if subject.pixels.mean() < 128:
            return []
        return [Finding("acme.bright", 1.0, self.name, {"box": [0, 0, 3, 3]})]

    @classmethod
    def get_examples(cls):
        return [
            Example(BRIGHT, expects={"acme.bright": (0.9, 1.0)}),
            Example(DARK, absent=frozenset({"acme.bright"})),
        ]


class TestBright(DetectorContract):
    detector = Bright
    models = ("yunet",)


class Undeclared(Bright):
    categories = frozenset({"acme.other"})


class Moody(Bright):
    score = 0.9

    def detect(self, subject, seen):
        Moody.score = 1.9 - Moody.score
        return [Finding(f.category, Moody.score, f.detector) for f in super().detect(subject, seen)]


class Homesick(Bright):
    def detect(self, subject, seen):
        at_home = threading.current_thread() is threading.main_thread()
        score = 1.0 if at_home else 0.9
        return [Finding(f.category, score, f.detector) for f in super().detect(subject, seen)]


class Keeping(Bright):
    kept = ()

    def detect(self, subject, seen):
        Keeping.kept = (subject.pixels,)
        return super().detect(subject, seen)


class Beyond(Bright):
    def detect(self, subject, seen):
        box = {"box": [28, 0, 3, 3]}
        return [
            Finding(f.category, f.score, f.detector, box) for f in super().detect(subject, seen)
        ]


class Forging(Bright):
    def detect(self, subject, seen):
        return [Finding(f.category, f.score, "faces") for f in super().detect(subject, seen)]


class Blind(Bright):
    def detect(self, _subject, _seen):
        return []


class Glaring(Bright):
    def detect(self, _subject, _seen):
        return [Finding("acme.bright", 1.0, self.name)]


class Silent(Bright):
    def detect(self, subject, seen):
        try:
            return super().detect(subject, seen)
        except ModelMissingError:
            return []


class Quiet(Bright):
    def warm_up(self):
        pass

    def detect(self, subject, seen):
        Bright.warm_up(self)
        return super().detect(subject, seen)


class Eager(Bright):
    @classmethod
    def from_settings(cls, settings):
        read_verified("yunet", settings)
        return [cls(settings)]


class Nobody(Bright):
    @classmethod
    def from_settings(cls, _settings):
        return []


class Unnamed(Bright):
    name = "UPPER"


class Shy(Bright):
    @classmethod
    def get_examples(cls):
        return []


@pytest.mark.parametrize(
    ("bad", "test"),
    [
        (Undeclared, "test_findings_keep_the_contract"),
        (Beyond, "test_findings_keep_the_contract"),
        (Forging, "test_findings_keep_the_contract"),
        (Moody, "test_same_subject_same_findings"),
        (Homesick, "test_threads_do_not_disturb_each_other"),
        (Keeping, "test_keeps_nothing_of_the_subject"),
        (Blind, "test_examples_hold"),
        (Glaring, "test_examples_hold"),
        (Silent, "test_says_so_when_a_model_is_missing"),
        (Quiet, "test_says_so_when_a_model_is_missing"),
        (Unnamed, "test_attributes_are_well_formed"),
        (Nobody, "test_attributes_are_well_formed"),
        (Shy, "test_has_examples"),
    ],
)
def test_a_bad_detector_is_caught(bad, test):
    class Suite(DetectorContract):
        detector = bad
        models = ("yunet",)

    with pytest.raises(AssertionError):
        getattr(Suite(), test)()


def test_a_detector_that_opens_its_model_too_early_is_caught():
    class Suite(DetectorContract):
        detector = Eager
        models = ("yunet",)

    with pytest.raises(ModelMissingError):
        Suite().test_is_built_without_its_models()


def test_it_can_be_used_without_any_settings_of_ones_own():
    assert TestBright().settings() == Settings()
