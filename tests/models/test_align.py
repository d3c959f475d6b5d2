import numpy as np
import pytest

from consentry.errors import ModelError
from consentry.models.align import CHIP_POINTS, CHIP_SIDE, chip


def landmarks(scale, angle, shift):
    """Five landmarks whose eyes and mouth lie in the picture as a chip that was turned so."""
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * scale
    four = np.array(CHIP_POINTS) @ turn.T + shift
    return np.insert(four, 2, (0, 0), axis=0), turn


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.3, 3.7])
@pytest.mark.parametrize("angle", [0.0, 0.4, -0.8])
def test_each_pixel_of_a_chip_comes_from_where_it_should(scale, angle):
    rows, columns = np.mgrid[0:256, 0:256]
    ramp = np.stack([columns, rows, np.zeros_like(rows)], axis=2).astype(np.uint8)
    shift = np.array([128.0, 128.0]) - landmarks(scale, angle, 0)[1] @ [32, 32]
    points, turn = landmarks(scale, angle, shift)
    cut = chip(ramp, points)
    assert cut.shape == (CHIP_SIDE, CHIP_SIDE, 3)
    for at in ((32, 32), (20, 40), (44, 25)):
        expected = turn @ (np.array(at) + 0.5) + shift - 0.5
        assert np.abs(cut[at[1], at[0], :2] - expected).max() < 1.5


def test_beyond_the_edge_it_is_black():
    points, _ = landmarks(1.0, 0.0, np.array([-32.0, 0.0]))
    cut = chip(np.full((64, 64, 3), 200, np.uint8), points)
    assert (cut[:, :30] == 0).all()
    assert (cut[:, 34:] == 200).all()


def test_a_face_outside_of_the_picture_is_black():
    points, _ = landmarks(1.0, 0.0, np.array([500.0, 500.0]))
    assert not chip(np.full((64, 64, 3), 200, np.uint8), points).any()


def test_landmarks_that_fall_together_are_refused():
    with pytest.raises(ModelError, match="fall together"):
        chip(np.zeros((64, 64, 3), np.uint8), np.full((5, 2), 7.0))
