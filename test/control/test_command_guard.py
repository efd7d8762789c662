from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from test.control.closed_loop import ns
from wam_ros.control import CommandGuard, GuardedCommand
from wam_ros.core import ConfigError, VehicleDescription


def check(guard: CommandGuard, time: float = 0.0, *, now: float | None = None, **values: float) -> GuardedCommand:
    command = {"steering_angle": 0.0, "speed": 5.0, "acceleration": 0.0, **values}
    return guard.check(ns(time), **command, now_ns=ns(time if now is None else now))


def test_a_good_command_passes_unchanged(vehicle: VehicleDescription) -> None:
    found = check(CommandGuard(vehicle), 1.0, now=1.15, steering_angle=0.3, speed=9.0, acceleration=-1.5)
    assert (found.interventions, found.braked) == ((), False)
    command = found.command
    assert (command.stamp_ns, command.steering_angle, command.speed, command.acceleration) == (ns(1.0), 0.3, 9.0, -1.5)


@pytest.mark.parametrize("name", ["steering_angle", "speed", "acceleration"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_becomes_braking(vehicle: VehicleDescription, name: str, value: float) -> None:
    guard = CommandGuard(vehicle)
    check(guard, 0.0, steering_angle=0.2)
    found = check(guard, 0.05, **{name: value})
    assert found.braked
    assert found.interventions == (f"{name} is {value}: braking",)
    assert found.command.acceleration == -vehicle.comfort_deceleration
    assert found.command.speed == 0.0
    assert found.command.steering_angle == 0.2, "the last steering angle is kept"


@pytest.mark.parametrize(
    ("now", "text"), [(0.201, "command is 0.201 s old, limit 0.2 s: braking"), (-0.1, "from the future, by 0.100 s")]
)
def test_a_command_of_another_time_becomes_braking(vehicle: VehicleDescription, now: float, text: str) -> None:
    found = check(CommandGuard(vehicle, 0.2), 0.0, now=now, acceleration=1.0)
    assert found.braked
    assert text in found.interventions[0]
    assert found.command.acceleration == -vehicle.comfort_deceleration
    assert check(CommandGuard(vehicle, math.inf), 0.0, now=now, acceleration=1.0).interventions == ()


@pytest.mark.parametrize("sign", [1, -1])
def test_the_vehicle_is_never_asked_for_more_than_it_can(vehicle: VehicleDescription, sign: int) -> None:
    found = check(CommandGuard(vehicle), steering_angle=2.0 * sign, speed=99.0 * sign, acceleration=50.0 * sign)
    assert not found.braked
    assert found.command.steering_angle == sign * vehicle.max_steering_angle
    assert found.command.speed == (vehicle.max_speed if sign > 0 else 0.0)
    assert found.command.acceleration == (vehicle.max_acceleration if sign > 0 else -vehicle.max_deceleration)
    assert [text.split()[0] for text in found.interventions] == ["steering_angle", "speed", "acceleration"]


def test_steering_has_a_rate(vehicle: VehicleDescription) -> None:
    guard = CommandGuard(vehicle)
    check(guard, 0.0, steering_angle=0.1)
    found = check(guard, 0.05, steering_angle=-0.5)
    assert found.command.steering_angle == pytest.approx(0.1 - 0.05 * vehicle.max_steering_rate)
    assert "steering_angle -0.500 cut to 0.070" in found.interventions[0]


def test_acceleration_has_a_jerk_but_braking_has_none(vehicle: VehicleDescription) -> None:
    guard = CommandGuard(vehicle)
    check(guard, 0.0, acceleration=0.0)
    found = check(guard, 0.05, acceleration=3.0)
    assert found.command.acceleration == pytest.approx(0.05 * vehicle.max_jerk)
    assert check(guard, 0.1, acceleration=-8.0).interventions == ()
    assert check(guard, 0.15, acceleration=-1.5).command.acceleration == pytest.approx(-1.5)


def test_a_new_drive_may_begin_anywhere(vehicle: VehicleDescription) -> None:
    guard = CommandGuard(vehicle)
    check(guard, 5.0, steering_angle=-0.5)
    guard.reset()
    assert check(guard, 1.0, steering_angle=0.5).interventions == ()


@pytest.mark.parametrize("seed", range(4))
def test_whatever_comes_what_goes_is_safe(vehicle: VehicleDescription, seed: int) -> None:
    rng, guard = np.random.default_rng(seed), CommandGuard(vehicle)
    last: Any = None
    for tick in range(400):
        wild = [float(rng.choice([rng.normal(0.0, 10.0 ** rng.uniform(-2, 9)), math.nan, 0.1])) for _ in range(3)]
        late = float(rng.choice([0.0, 0.0, 0.5]))
        found = check(
            guard, 0.05 * tick, now=0.05 * tick + late, steering_angle=wild[0], speed=wild[1], acceleration=wild[2]
        )
        command = found.command
        assert abs(command.steering_angle) <= vehicle.max_steering_angle
        assert 0.0 <= command.speed <= vehicle.max_speed
        assert -vehicle.max_deceleration <= command.acceleration <= vehicle.max_acceleration
        if last is not None:
            elapsed = max((command.stamp_ns - last.stamp_ns) / 1e9, 0.0)
            turn = abs(command.steering_angle - last.steering_angle)
            assert turn <= vehicle.max_steering_rate * elapsed + 1e-9
        last = command


def test_an_impossible_age_is_refused(vehicle: VehicleDescription) -> None:
    with pytest.raises(ConfigError, match="max_age = 0"):
        CommandGuard(vehicle, 0.0)
    with pytest.raises(ConfigError, match="max_age = nan"):
        CommandGuard(vehicle, math.nan)
