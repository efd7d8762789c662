"""Savitzky-Golay smoothing as one matrix, with the ends of mode "interp" and the half-sample lead of even windows."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from wam_ros.core.geometry import Array


def savitzky_golay(values: Array, window: int, degree: int, derivative: int = 0, *, step: float) -> Array:
    """Values (..., K), `step` [s] apart, smoothed over time, or a derivative of them.

    A polynomial of the given degree is fitted to each window of samples (at most K) and evaluated in its middle; at
    both ends the fit of the outermost window is evaluated at each sample. The middle of an even window lies half a
    sample later than the sample it is written to.
    """
    count = values.shape[-1]
    smoothed: Array = values @ _operator(count, min(window, count), degree, derivative, step).T
    return smoothed


@lru_cache(maxsize=32)
def _operator(count: int, window: int, degree: int, derivative: int, step: float) -> Array:
    """(K, K) matrix that smooths K samples."""
    operator = np.zeros((count, count))
    half = window // 2
    middle = (window - 1) / 2.0
    for i in range(count):
        if i < half:
            first, at = 0, float(i)
        elif i >= count - half:
            first, at = count - window, float(i - (count - window))
        else:
            first, at = i - (window - 1) // 2, middle
        operator[i, first : first + window] = _weights(window, degree, derivative, at) / step**derivative
    operator.setflags(write=False)
    return operator


def _weights(window: int, degree: int, derivative: int, at: float) -> Array:
    """(window,) weights of the samples at 0 .. window - 1 in the derivative of their fit at a position."""
    # Powers about the point of evaluation, so that the derivative is one coefficient.
    powers = (np.arange(window)[:, None] - at) ** np.arange(degree + 1)
    coefficients: Array = np.linalg.pinv(powers)[derivative]
    return coefficients * math.factorial(derivative)
