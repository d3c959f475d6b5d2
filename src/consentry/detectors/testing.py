"""The contract test of a detector, to inherit: name the type, get the tests.

    class TestUmbrellas(DetectorContract):
        detector = Umbrellas

It needs no pytest to be imported; pytest finds the methods.
"""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from consentry.config import ModelOverride, Settings
from consentry.detectors._attributes import attribute_faults
from consentry.detectors.contract import Detector, Example, Prepares
from consentry.errors import ConsentryError, ModelError
from consentry.findings import Finding
from consentry.media.picture import Picture

__all__ = ["DetectorContract"]

_THREADS = 8


class DetectorContract:
    """Inherit it and name the type of the detector.

    Attributes:
        detector: the class under test.
        models: names of the models (of `consentry models list`) that it cannot do without.
        without_examples: set it only for a slot whose operator alone knows what it sees; then
            `examples` must be overridden.
    """

    detector: ClassVar[type[Detector]]
    models: ClassVar[tuple[str, ...]] = ()
    without_examples: ClassVar[bool] = False

    def settings(self) -> Settings:
        """Settings that ask for at least one detector of the type."""
        return Settings()

    def settings_without_models(self) -> Settings:
        """The same settings, with every one of `models` missing."""
        nowhere = ModelOverride(file=Path("there/is/no/such/file.onnx"), sha256="0" * 64)
        lost = dict.fromkeys(self.models, nowhere)
        return self.settings().model_copy(update={"models": lost})

    def examples(self) -> Sequence[Example]:
        """What the detector is shown."""
        return self.detector.get_examples()

    def test_attributes_are_well_formed(self) -> None:
        """Name, version, kind, stages, needs and categories are as the contract says."""
        for one in self._made():
            faults = attribute_faults(one)
            _claim(not faults, f"{one!r}: {'; '.join(faults)}")

    def test_names_are_distinct(self) -> None:
        """Two detectors of one type do not share a name."""
        names = [one.name for one in self._made()]
        _claim(len(names) == len(set(names)), f"names are not distinct: {names}")

    def test_has_examples(self) -> None:
        """There is something to show."""
        _claim(bool(self.examples()), "there is no example")
        given = bool(self.detector.get_examples())
        _claim(given or self.without_examples, "get_examples gives none")

    def test_examples_hold(self) -> None:
        """What an example expects is found, and what it rules out is not."""
        for one, example in self._pairs():
            found = one.detect(example.subject, example.seen)
            for category, (low, high) in example.expects.items():
                scores = [finding.score for finding in found if finding.category == category]
                hit = any(low <= score <= high for score in scores)
                _claim(hit, f"{category} should score {low} to {high}, but scored {scores}")
            wrong = {finding.category for finding in found} & example.absent
            _claim(not wrong, f"found what should be absent: {wrong}")

    def test_findings_keep_the_contract(self) -> None:
        """Findings are of declared categories, in the detector's name, within the picture."""
        for one, example in self._pairs():
            for finding in one.detect(example.subject, example.seen):
                _claim(isinstance(finding, Finding), f"{finding!r} is no Finding")
                _claim(finding.category in one.categories, f"{finding.category} is not declared")
                _claim(finding.detector == one.name, f"the finding is signed {finding.detector}")
                _claim(_fits(finding, example.subject), f"{finding.where} is not in the picture")

    def test_same_subject_same_findings(self) -> None:
        """Looking twice gives the same, and so does a second detector of the same settings."""
        for one, example in self._pairs():
            first = _plain(one, example)
            _claim(_plain(one, example) == first, "looking twice gave different findings")
        firsts = [_plain(one, example) for one, example in self._pairs()]
        seconds = [_plain(one, example) for one, example in self._pairs()]
        _claim(firsts == seconds, "a second detector gave different findings")

    def test_threads_do_not_disturb_each_other(self) -> None:
        """Eight threads at once get what one alone gets, the very first time too."""
        for one in self._made():
            shown = list(self.examples()) * _THREADS
            with ThreadPoolExecutor(_THREADS) as pool:
                together = list(pool.map(lambda example, one=one: _plain(one, example), shown))
            alone = [_plain(one, example) for example in shown]
            _claim(together == alone, "threads gave different findings")

    def test_preparing_changes_nothing(self) -> None:
        """Told of many subjects beforehand, a detector finds what it finds without."""
        for one in self._made():
            shown = list(self.examples())
            alone = [_plain(one, example) for example in shown]
            if isinstance(one, Prepares):
                one.prepare([example.subject for example in shown])
                together = [_plain(one, example) for example in shown]
                _claim(_alike(alone, together), "preparing gave different findings")

    def test_keeps_nothing_of_the_subject(self) -> None:
        """After `detect` returned, neither the subject nor its pixels are held."""
        for one, example in self._pairs():
            subject, watches = _watched(example.subject)
            found = one.detect(subject, example.seen)
            del subject
            gc.collect()
            _claim(all(watch() is None for watch in watches), "the subject is still held")
            del found

    def test_can_be_warmed_up_twice(self) -> None:
        """Warming up again does no harm."""
        for one in self._made():
            one.warm_up()
            one.warm_up()

    def test_is_built_without_its_models(self) -> None:
        """`from_settings` is quick: it does not even open them."""
        _claim(bool(self._made(self.settings_without_models())), "there is no detector")

    def test_says_so_when_a_model_is_missing(self) -> None:
        """Without its models it raises; it never gives an empty answer instead."""
        if not self.models:
            return
        for one in self._made(self.settings_without_models()):
            _claim(_raises(ModelError, one.warm_up), "warm_up hides that its model is missing")
            for example in self.examples():
                honest = _raises(ConsentryError, one.detect, example.subject, example.seen)
                _claim(honest, "detect answers although its model is missing")

    def _made(self, settings: Settings | None = None) -> list[Detector]:
        made = list(self.detector.from_settings(settings or self.settings()))
        _claim(bool(made), "the settings ask for no detector of this type")
        return made

    def _pairs(self) -> Iterator[tuple[Detector, Example]]:
        return ((one, example) for one in self._made() for example in self.examples())


def _claim(condition: bool, otherwise: str) -> None:  # noqa: FBT001  the condition is the point
    if not condition:
        raise AssertionError(otherwise)


def _plain(one: Detector, example: Example) -> list[dict[str, Any]]:
    return [finding.as_json() for finding in one.detect(example.subject, example.seen)]


def _alike(
    ones: Sequence[Sequence[dict[str, Any]]], others: Sequence[Sequence[dict[str, Any]]]
) -> bool:
    """Whether they differ in nothing but a rounding of scores: sums in another order round."""
    rounded = [
        [[{**found, "score": round(found["score"], 2)} for found in each] for each in several]
        for several in (ones, others)
    ]
    return rounded[0] == rounded[1]


def _raises(kind: type[Exception], call: Any, *arguments: object) -> bool:  # noqa: ANN401  any callable
    try:
        call(*arguments)
    except kind:
        return True
    return False


def _fits(finding: Finding, subject: object) -> bool:
    box = (finding.where or {}).get("box")
    if box is None or not isinstance(subject, Picture):
        return True
    x, y, width, height = box
    whole = all(type(value) is int for value in box)
    fits = x >= 0 and y >= 0 and x + width <= subject.width and y + height <= subject.height
    return whole and fits and width > 0 and height > 0


def _watched(subject: Any) -> tuple[Any, list[weakref.ref[Any]]]:  # noqa: ANN401  prompt or picture
    """A copy of `subject` that can be watched, and what tells whether it is still held."""
    kind = type("Watched", (type(subject),), {})
    copy: Any = object.__new__(kind)
    watches: list[weakref.ref[Any]] = [weakref.ref(copy)]
    for field in fields(subject):
        value = getattr(subject, field.name)
        if isinstance(value, np.ndarray):
            value = value.copy()
            watches.append(weakref.ref(value))
        object.__setattr__(copy, field.name, value)
    return copy, watches
