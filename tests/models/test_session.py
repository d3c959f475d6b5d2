import numpy as np
import pytest

from consentry.config import Settings
from consentry.errors import ModelError
from consentry.models.locate import read_verified
from consentry.models.session import Session


def test_bytes_that_are_no_model_are_refused():
    with pytest.raises(ModelError, match="cannot be loaded"):
        Session("words", b"no weights", Settings())


def test_an_input_that_does_not_fit_is_refused():
    session = Session("age-v1", read_verified("age-v1", Settings()), Settings())
    with pytest.raises(ModelError, match="cannot be run"):
        session.run(np.zeros((1, 3, 8, 8), np.float32))


def test_an_output_that_is_not_there_is_named():
    session = Session("age-v1", read_verified("age-v1", Settings()), Settings())
    with pytest.raises(ModelError, match="lacks shoe-size"):
        session.expect("probabilities", "shoe-size")
