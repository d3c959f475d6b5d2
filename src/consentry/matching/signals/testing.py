"""The contract test of signal types, to inherit: name the type, get the tests.

class TestPdq(SignalContract):
    signal_type = Pdq()
"""

from __future__ import annotations

import re
from typing import ClassVar

import numpy as np
import pytest

from consentry.errors import SignalError
from consentry.matching.signals.contract import (
    HashesBytes,
    HashesPixels,
    Signal,
    SignalType,
    Unhashable,
)

__all__ = ["SignalContract"]


class SignalContract:
    """What every signal type must hold."""

    signal_type: ClassVar[SignalType]

    def test_it_has_a_plain_name_and_a_distance(self) -> None:
        """Banks and answers carry the name."""
        assert isinstance(self.signal_type, SignalType)  # noqa: S101  a test
        assert re.fullmatch(r"[a-z][a-z0-9_]*", self.signal_type.name)  # noqa: S101  a test
        assert self.signal_type.max_distance >= 0  # noqa: S101  a test

    def test_its_examples_are_parsed_to_themselves(self) -> None:
        """One spelling is stored, and parsing it again changes nothing."""
        for example in self.signal_type.get_examples():
            for spelling in (example.value, *example.spelt):
                assert self.signal_type.parse(spelling) == example.value  # noqa: S101  a test

    def test_its_examples_are_as_far_apart_as_they_say(self) -> None:
        """In both directions, and nothing from itself."""
        examples = self.signal_type.get_examples()
        assert any(example.distances for example in examples)  # noqa: S101  a test
        for example in examples:
            assert self.signal_type.distance(example.value, example.value) == 0  # noqa: S101  a test
            for other, expected in example.distances.items():
                assert self.signal_type.distance(example.value, other) == expected  # noqa: S101  a test
                assert self.signal_type.distance(other, example.value) == expected  # noqa: S101  a test

    def test_it_refuses_what_is_malformed(self) -> None:
        """With a named error that says what to do."""
        malformed = [text for e in self.signal_type.get_examples() for text in e.malformed]
        assert malformed  # noqa: S101  a test
        for text in malformed:
            with pytest.raises(SignalError) as raised:
                self.signal_type.parse(text)
            assert raised.value.hint  # noqa: S101  a test

    def test_nothing_to_see_is_unhashable_and_not_a_hash(self) -> None:
        """An empty file, a picture of one colour."""
        outcomes = []
        if isinstance(self.signal_type, HashesBytes):
            outcomes.append(self.signal_type.hash_bytes(b""))
        if isinstance(self.signal_type, HashesPixels):
            outcomes.append(self.signal_type.hash_pixels(np.full((90, 90, 3), 128, np.uint8)))
        for outcome in outcomes:
            assert isinstance(outcome, Unhashable)  # noqa: S101  a test
            assert outcome.type == self.signal_type.name  # noqa: S101  a test
            assert outcome.reason  # noqa: S101  a test

    def test_what_it_hashes_it_can_parse(self) -> None:
        """Its own hashes are well-formed and equal for equal content."""
        noise = np.random.default_rng(1).integers(0, 256, (8, 8, 3), np.uint8)
        pixels = np.kron(noise, np.ones((24, 24, 1), np.uint8))
        outcomes = []
        if isinstance(self.signal_type, HashesBytes):
            outcomes += [self.signal_type.hash_bytes(b"abc"), self.signal_type.hash_bytes(b"abc")]
        if isinstance(self.signal_type, HashesPixels):
            outcomes += [self.signal_type.hash_pixels(pixels) for _ in range(2)]
        for outcome in outcomes:
            assert isinstance(outcome, Signal)  # noqa: S101  a test
            assert self.signal_type.parse(outcome.value) == outcome.value  # noqa: S101  a test
        assert len({str(outcome) for outcome in outcomes[:2]}) <= 1  # noqa: S101  a test
