"""Logistic regression of several heads at once, and its calibration, in NumPy only."""

from __future__ import annotations

from collections import deque
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["calibrate", "fit"]

Floats: TypeAlias = NDArray[np.float32]

_MEMORY: Final = 8
_ROUNDS: Final = 120
_SMALL: Final = 1e-4


def fit(rows: Floats, wanted: Floats, weights: Floats, penalty: float) -> tuple[Floats, Floats]:
    """Weights (features, heads) and bias (heads,) of the least penalised log loss.

    L-BFGS with a step that is halved until the loss falls (J. Nocedal, Mathematics of Computation
    35, 1980).

    Args:
        rows: float32, shape (n, features).
        wanted: 0 or 1, shape (n, heads).
        weights: of each row for each head, from 0 (not counted), shape (n, heads).
        penalty: of the squared weights; the bias has none.
    """
    start = np.zeros((rows.shape[1] + 1, wanted.shape[1]), np.float32)
    found = _descend(start, rows, wanted, weights, penalty)
    return found[:-1], found[-1]


def calibrate(raised: Floats, wanted: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Slope and offset for each head that turn scores into probabilities (J. Platt, 1999).

    Args:
        raised: scores of rows that were left out of training, shape (n, heads).
        wanted: 0 or 1, the same shape.
        weights: of each, the same shape.
    """
    slopes, offsets = [], []
    for head in range(raised.shape[1]):
        column = np.ascontiguousarray(raised[:, head : head + 1])
        slope, offset = fit(column, wanted[:, [head]], weights[:, [head]], 1e-3)
        slopes.append(slope[0, 0])
        offsets.append(offset[0])
    return np.array(slopes, np.float32), np.array(offsets, np.float32)


def _loss(
    found: Floats, rows: Floats, wanted: Floats, weights: Floats, penalty: float
) -> tuple[float, Floats]:
    raised = np.clip(rows @ found[:-1] + found[-1], -30.0, 30.0)
    chances = 1.0 / (1.0 + np.exp(-raised))
    loss = float(np.sum(weights * (np.logaddexp(0.0, raised) - wanted * raised)))
    slope = weights * (chances - wanted)
    gradient = np.concatenate([rows.T @ slope + 2 * penalty * found[:-1], slope.sum(0)[None]])
    return loss + penalty * float(np.sum(found[:-1] ** 2)), gradient.astype(np.float32)


def _descend(
    found: Floats, rows: Floats, wanted: Floats, weights: Floats, penalty: float
) -> Floats:
    past: deque[tuple[Floats, Floats]] = deque(maxlen=_MEMORY)
    loss, gradient = _loss(found, rows, wanted, weights, penalty)
    for _ in range(_ROUNDS):
        direction = _direction(gradient, past)
        size = 1.0 if past else 1.0 / max(1.0, float(np.linalg.norm(gradient)))
        while size > _SMALL * _SMALL:
            tried = found + np.float32(size) * direction
            new_loss, new_gradient = _loss(tried, rows, wanted, weights, penalty)
            if new_loss < loss:
                break
            size /= 2
        else:
            return found
        past.append((tried - found, new_gradient - gradient))
        if loss - new_loss < _SMALL * _SMALL * max(1.0, loss):
            return tried
        found, loss, gradient = tried, new_loss, new_gradient
    return found


def _direction(gradient: Floats, past: deque[tuple[Floats, Floats]]) -> Floats:
    """The two loops of L-BFGS."""
    turned = gradient.astype(np.float64)
    shares = []
    for step, change in reversed(past):
        share = float(np.sum(step * turned)) / max(float(np.sum(step * change)), 1e-12)
        turned = turned - share * change
        shares.append(share)
    if past:
        step, change = past[-1]
        turned = turned * (float(np.sum(step * change)) / max(float(np.sum(change**2)), 1e-12))
    for (step, change), share in zip(past, reversed(shares), strict=True):
        back = float(np.sum(change * turned)) / max(float(np.sum(step * change)), 1e-12)
        turned = turned + (share - back) * step
    return np.asarray(-turned, np.float32)
