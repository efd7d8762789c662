"""The time grid, the packed state vector and the vehicle that NAVSIM fixes for everybody."""

from __future__ import annotations

from typing import Final, Literal

Version = Literal["v1", "v2"]
"""v1 = PDMS of NAVSIM v1.1, v2 = EPDMS of NAVSIM v2.2."""

DT: Final = 0.1
"""Time between states [s]."""
STEPS: Final = 40
"""Steps simulated: 4 s."""
STATES: Final = STEPS + 1

# Columns of a state (11,): rear axle; speeds and accelerations along and across the body.
X, Y, HEADING, VX, VY, AX, AY, STEERING, STEERING_RATE, YAW_RATE, YAW_ACCELERATION = range(11)
STATE_SIZE: Final = 11

# The vehicle of every NAVSIM score (nuPlan's Pacifica) [m]. It is part of the benchmark's definition, so it is not
# a VehicleDescription that a user could exchange.
WHEELBASE: Final = 3.089
LENGTH: Final = 4.049 + 1.127
HALF_LENGTH: Final = LENGTH / 2.0
HALF_WIDTH: Final = 1.1485
REAR_AXLE_TO_CENTER: Final = HALF_LENGTH - 1.127
