"""Speed and curvature profiles fitted to poses: two regularised least-squares problems, solved for a whole batch.

The unknowns and weights are those of nuPlan's LQR tracker as NAVSIM batches it.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from wam_ros.core.geometry import Array
from wam_ros.metrics.navsim.layout import DT, STEPS

_ACCELERATION_WEIGHT = 1e-4
_CURVATURE_RATE_WEIGHT = 1e-2
_FIRST_CURVATURE_WEIGHT = 1e-10


def speed_profile(forward: Array) -> Array:
    """Speeds (N, 40) [m/s] that explain the forward displacements (N, 40) [m].

    minimise over v0, a_0 .. a_38:  sum_i (forward_i - dt v_i)^2 + 1e-4 |R a|^2,  v_i = v0 + dt sum_{j<i} a_j

    NAVSIM documents R as differences of acceleration, but its batched code leaves R = [-a_0 .. -a_36, a_38 - a_37]:
    a ridge on the acceleration itself. The scores of the public board come from that, so it is kept.
    """
    speeds: Array = forward @ _speed_from_displacement().T
    return speeds


def acceleration_penalty() -> Array:
    """R (38, 39): the rows of the penalty on the accelerations, see `speed_profile`."""
    rows = np.zeros((STEPS - 2, STEPS - 1))
    np.fill_diagonal(rows, -1.0)
    rows[-1, -1] = 1.0
    return rows


@lru_cache(maxsize=1)
def _speed_from_displacement() -> Array:
    """(40, 40): the fit is linear in the displacements, and its normal matrix is the same for every path."""
    # Columns: v0, then a_0 .. a_38; headings drop out of the normal matrix because cos^2 + sin^2 = 1.
    model = np.tri(STEPS) * DT
    model[:, 1:] *= DT
    penalty = np.zeros((STEPS - 2, STEPS))
    penalty[:, 1:] = acceleration_penalty()
    normal = model.T @ model + _ACCELERATION_WEIGHT * penalty.T @ penalty
    matrix: Array = (model / DT) @ np.linalg.solve(normal, model.T)
    matrix.setflags(write=False)
    return matrix


def curvature_profile(turns: Array, speeds: Array) -> Array:
    """Curvatures (N, 40) [1/m] that explain the turns (N, 40) [rad] at the speeds (N, 40) [m/s].

    minimise over kappa_0 .. kappa_39:
        sum_i (turn_i - v_i dt kappa_i)^2 + 1e-2 sum_i ((kappa_{i+1} - kappa_i) / dt)^2 + 1e-10 kappa_0^2

    In these unknowns the normal matrix is tridiagonal. It is eliminated from the far end as a ladder of conductances,
    so that only positive terms are added and a standing vehicle (nearly singular) loses no digits.
    """
    coupling = _CURVATURE_RATE_WEIGHT / DT**2
    weights = speeds.T * DT  # (40, N)
    conductance = weights * weights
    source = weights * turns.T
    to_ground, drive = np.empty_like(conductance), np.empty_like(source)
    to_ground[-1], drive[-1] = conductance[-1], source[-1]
    for i in range(STEPS - 2, -1, -1):
        passed = coupling / (coupling + to_ground[i + 1])
        to_ground[i] = conductance[i] + passed * to_ground[i + 1]
        drive[i] = source[i] + passed * drive[i + 1]
    curvatures = np.empty_like(source)
    curvatures[0] = drive[0] / (to_ground[0] + _FIRST_CURVATURE_WEIGHT)
    for i in range(1, STEPS):
        curvatures[i] = (drive[i] + coupling * curvatures[i - 1]) / (coupling + to_ground[i])
    return curvatures.T
