"""The commands that reach the bridge, by the tick that they answer. Knows no topic and no world."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wam_ros.carla_bridge.actuation import Actuator
from wam_ros.control.patience import Patience
from wam_ros.core.vehicle import VehicleCommand

Apply = Callable[[Actuator, float], None]


@dataclass(frozen=True)
class Received:
    """A command: how to apply it to a vehicle of a given speed, and when it came [ns, monotonic]."""

    apply: Apply
    received_ns: int


def of_command(command: VehicleCommand) -> Apply:
    """How to apply a command of ours."""
    return lambda actuator, speed: actuator.apply(command, speed)


def of_control(fields: Any) -> Apply:
    """How to apply throttle, brake and so on; the fields are those of carla_msgs/CarlaEgoVehicleControl."""
    return lambda actuator, _speed: actuator.apply_control(fields)


class CommandInbox:
    """Keeps the newest command, and the one that answers the tick that is waited for.

    In lockstep each missed command shortens the wait for the next: so a vehicle whose driver has died stands soon, also
    on the wall clock.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience = Patience(patience_s)
        self._tick_ns: int | None = None
        self._answer: Received | None = None
        self.newest: Received | None = None
        self.taken = 0
        self.missed = 0

    @property
    def patience_s(self) -> float:
        """How long to wait for the next command [s]."""
        return self._patience.wait_s

    def expect(self, tick_ns: int) -> None:
        """From now on a command stamped with this tick is the answer."""
        self._tick_ns, self._answer = tick_ns, None

    def put(self, apply: Apply, stamp_ns: int | None, received_ns: int) -> None:
        """A command came; one without a stamp (None) answers whatever tick is waited for."""
        received = Received(apply, received_ns)
        self.newest = received
        self._patience.heard()
        if stamp_ns is None or stamp_ns == self._tick_ns:
            self._answer = received

    @property
    def answered(self) -> bool:
        """Whether the expected command is there."""
        return self._answer is not None

    def take_answer(self) -> Received | None:
        """The command of the expected tick; None = it was missed."""
        return self._counted(self._answer)

    def take_newest(self, now_ns: int, max_age_ns: int) -> Received | None:
        """The newest command, if it is not older than that; None = it was missed."""
        newest = self.newest
        return self._counted(newest if newest is not None and now_ns - newest.received_ns <= max_age_ns else None)

    def _counted(self, command: Received | None) -> Received | None:
        if command is None:
            self.missed += 1
            self._patience.missed()
        else:
            self.taken += 1
        return command
