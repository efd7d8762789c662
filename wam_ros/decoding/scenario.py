"""What the scenario-aware order looks at: plain values, no observation."""

from __future__ import annotations

import math
from dataclasses import dataclass

from wam_ros.core.errors import InputError

TURN_CURVATURE = 1.0 / 40.0  # 1/m; tighter curves than this are turns at any speed
TURN_LATERAL_ACCELERATION = 1.5  # m/s^2; a curve that asks for more at the present speed is a turn
SLOW_SPEED = 3.0  # m/s
_TURN_WORDS = frozenset({"left", "right", "turn left", "turn right"})


@dataclass(frozen=True)
class Scenario:
    """The moment, as far as the order of decoding cares.

    Fields:
        speed: [m/s] along the vehicle, negative in reverse.
        route_curvature: The curvature of largest magnitude along the route within the horizon [1/m], left positive;
            None without a route.
        instruction: Free text such as "left", or None.

    Raises:
        InputError: A speed or curvature that is not finite.

    """

    speed: float
    route_curvature: float | None = None
    instruction: str | None = None

    def __post_init__(self) -> None:
        for name, value in (("speed", self.speed), ("route_curvature", self.route_curvature)):
            if value is not None and not math.isfinite(value):
                msg = f"scenario with {name} = {value}"
                raise InputError(msg)

    @property
    def turning(self) -> bool:
        """Whether a turn lies ahead: told to, or a tight curve, or one that is tight at this speed."""
        if self.instruction is not None and self.instruction.strip().lower() in _TURN_WORDS:
            return True
        if self.route_curvature is None:
            return False
        curvature = abs(self.route_curvature)
        return curvature >= TURN_CURVATURE or curvature * self.speed**2 >= TURN_LATERAL_ACCELERATION

    @property
    def slow(self) -> bool:
        """Whether the vehicle stands or creeps."""
        return abs(self.speed) < SLOW_SPEED
