"""NAVSIM's smoothing over time: Savitzky-Golay on its time grid, rounded."""

from __future__ import annotations

import numpy as np

from wam_ros.core.geometry import Array
from wam_ros.metrics.navsim.layout import DT
from wam_ros.metrics.savitzky_golay import savitzky_golay

_DECIMALS = 8


def smooth(values: Array, window: int, degree: int, derivative: int = 0) -> Array:
    """Values (N, K) on the 0.1 s grid smoothed over time, or a derivative of them, rounded to 8 decimals.

    NAVSIM smooths accelerations with an even window of 8, which leads by half a sample.
    """
    smoothed: Array = np.round(savitzky_golay(values, window, degree, derivative, step=DT), _DECIMALS)
    return smoothed
