"""How far a command may be from the one before: the vehicle's limits of place, rate and jerk. No state in it."""

from __future__ import annotations

from wam_ros.core.timing import NS_PER_S
from wam_ros.core.vehicle import VehicleCommand, VehicleDescription


def limited_steering(wanted: float, vehicle: VehicleDescription, last: VehicleCommand | None, stamp_ns: int) -> float:
    """The nearest steering angle that can be commanded at `stamp_ns` after `last` [rad]."""
    wanted = min(max(wanted, -vehicle.max_steering_angle), vehicle.max_steering_angle)
    if last is None:
        return wanted
    turn = vehicle.max_steering_rate * _elapsed(last, stamp_ns)
    return min(max(wanted, last.steering_angle - turn), last.steering_angle + turn)


def limited_acceleration(
    wanted: float, vehicle: VehicleDescription, last: VehicleCommand | None, stamp_ns: int
) -> float:
    """The nearest acceleration that can be commanded at `stamp_ns` after `last` [m/s^2].

    Braking harder is allowed at once, and so is going back to comfortable braking.
    """
    wanted = min(max(wanted, -vehicle.max_deceleration), vehicle.max_acceleration)
    if last is None:
        return wanted
    rise = vehicle.max_jerk * _elapsed(last, stamp_ns)
    return min(wanted, max(last.acceleration, -vehicle.comfort_deceleration) + rise)


def _elapsed(last: VehicleCommand, stamp_ns: int) -> float:
    return max((stamp_ns - last.stamp_ns) / NS_PER_S, 0.0)
