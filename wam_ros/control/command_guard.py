"""The last check before the actuators. It knows the vehicle and the commands before, not where they came from."""

from __future__ import annotations

import math
from dataclasses import dataclass

from wam_ros.control.command_limits import limited_acceleration, limited_steering
from wam_ros.core.errors import ConfigError
from wam_ros.core.timing import NS_PER_MS, NS_PER_S
from wam_ros.core.vehicle import VehicleCommand, VehicleDescription

_ROUNDING = 1e-5  # what 32 bits round off is no intervention
_FUTURE_NS = 50 * NS_PER_MS  # clocks may differ by this much


@dataclass(frozen=True)
class GuardedCommand:
    """What may go to the actuators.

    Fields:
        command: Finite and within the limits.
        interventions: What was changed, in words; empty = nothing.
        braked: Whether the command was replaced by braking.

    """

    command: VehicleCommand
    interventions: tuple[str, ...] = ()
    braked: bool = False


class CommandGuard:
    """Lets good commands through, cuts what is out of limits, and brakes instead of what cannot be trusted.

    A command whose values are not finite, or that is older than `max_age`, or from the future, is replaced by
    comfortable braking with the last steering angle.

    Raises:
        ConfigError: `max_age` [s] is not positive; infinite lets commands of any age through.

    """

    def __init__(self, vehicle: VehicleDescription, max_age: float = 0.2) -> None:
        if not max_age > 0.0:
            msg = f"max_age = {max_age} s, wanted a positive number"
            raise ConfigError(msg)
        self.vehicle = vehicle
        self._max_age = max_age
        self._last: VehicleCommand | None = None

    def reset(self) -> None:
        """Forget the commands before: the next one may be anywhere within the limits."""
        self._last = None

    def check(
        self, stamp_ns: int, steering_angle: float, speed: float, acceleration: float, now_ns: int
    ) -> GuardedCommand:
        """What may be sent at `now_ns` of a command made from the state of `stamp_ns`; units as in VehicleCommand."""
        values = {"steering_angle": steering_angle, "speed": speed, "acceleration": acceleration}
        refused = [f"{name} is {value}: braking" for name, value in values.items() if not math.isfinite(value)]
        age = (now_ns - stamp_ns) / NS_PER_S
        if age > self._max_age:
            refused.append(f"command is {age:.3f} s old, limit {self._max_age:g} s: braking")
        elif math.isfinite(self._max_age) and now_ns - stamp_ns < -_FUTURE_NS:
            refused.append(f"command is from the future, by {-age:.3f} s: braking")
        if refused:
            return self._passed(self._braking(now_ns), tuple(refused), braked=True)
        car, last = self.vehicle, self._last
        command = VehicleCommand(
            stamp_ns,
            limited_steering(steering_angle, car, last, stamp_ns),
            min(max(speed, 0.0), car.max_speed),
            limited_acceleration(acceleration, car, last, stamp_ns),
        )
        cut = tuple(
            f"{name} {value:.3f} cut to {getattr(command, name):.3f}"
            for name, value in values.items()
            if abs(value - getattr(command, name)) > _ROUNDING
        )
        return self._passed(command, cut, braked=False)

    def _braking(self, now_ns: int) -> VehicleCommand:
        steering = 0.0 if self._last is None else self._last.steering_angle
        return VehicleCommand(now_ns, steering, 0.0, -self.vehicle.comfort_deceleration)

    def _passed(self, command: VehicleCommand, interventions: tuple[str, ...], *, braked: bool) -> GuardedCommand:
        self._last = command
        return GuardedCommand(command, interventions, braked)
