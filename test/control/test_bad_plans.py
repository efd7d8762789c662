"""Plans that cannot be followed: the controller brakes, says why, and never raises."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from test.control.closed_loop import TIMES, circle, drive, ego_of, fixed, ns, plan_of, straight, trajectory_of
from wam_ros.control import ControllerSettings, TrajectoryController
from wam_ros.core import (
    SE2,
    BicycleState,
    EgoState,
    Plan,
    PlanStatus,
    Trajectory,
    VehicleCommand,
    VehicleDescription,
)


def good(time: float = 0.0) -> Plan:
    return plan_of(trajectory_of(straight(8.0), time))


def changed(**values: object) -> Plan:
    return plan_of(replace(good().trajectory, **values))  # type: ignore[arg-type]


def spoiled(name: str, value: float, index: int = 3) -> Plan:
    values = np.array(getattr(good().trajectory, name))
    values[index] = value
    return changed(**{name: values})


def ego(time: float = 0.1, speed: float = 8.0, y: float = 0.0) -> EgoState:
    return ego_of(BicycleState(SE2(8.0 * time, y, 0.0), speed), time, VEHICLE)


VEHICLE: VehicleDescription


@pytest.fixture(autouse=True)
def _the_vehicle(vehicle: VehicleDescription) -> None:
    global VEHICLE  # noqa: PLW0603  # read by the makers of egos above
    VEHICLE = vehicle


def within_limits(command: VehicleCommand, car: VehicleDescription) -> bool:
    return (
        abs(command.steering_angle) <= car.max_steering_angle
        and -car.max_deceleration <= command.acceleration <= car.max_acceleration
        and 0.0 <= command.speed <= car.max_speed
    )


CASES = {
    "no plan": (lambda: None, "no plan"),
    "too old": (lambda: good(-1.0), "plan is 1.10 s old, limit 1 s"),
    "future": (lambda: good(0.2), "plan from the future, by 0.100 s"),
    "frame": (lambda: changed(frame_id="map"), "plan in frame 'map', odometry in 'odom'"),
    "nan position": (lambda: spoiled("positions", math.nan), "not finite"),
    "inf speed": (lambda: spoiled("speeds", math.inf), "not finite"),
    "nan time": (lambda: spoiled("times", math.nan), "not finite"),
    "nan heading": (lambda: spoiled("headings", math.nan), "not finite"),
    "times go back": (lambda: spoiled("times", 0.5), "times do not increase"),
    "time zero": (lambda: spoiled("times", 0.0, 0), "times do not increase"),
    "far ahead": (lambda: spoiled("positions", 1e6), "plan asks for"),
    "absurd": (lambda: spoiled("positions", 1e300), "plan asks for"),
    "aside": (
        lambda: changed(positions=good().trajectory.positions + np.array([0.0, 3.5])),
        "plan is 3.5 m away, limit 3 m",
    ),
    "ended": (
        lambda: plan_of(Trajectory("odom", 0, [0.05], [[0.4, 0.0]], [0.0], [8.0], [0.0], [0.0])),  # type: ignore[arg-type]
        "plan ended 0.05 s ago",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_followed_is_braked_for(vehicle: VehicleDescription, case: str) -> None:
    make, reason = CASES[case]
    controller = TrajectoryController(vehicle)
    controller.control(ego(0.05), good())
    command = controller.control(ego(0.1), make())
    report = controller.report
    assert report is not None
    assert not report.following
    assert reason in report.reason
    assert command.acceleration == -vehicle.comfort_deceleration
    assert command.stamp_ns == ns(0.1)
    assert report.cross_track_error is None
    again = controller.control(ego(0.15), good())
    report = controller.report
    assert report is not None
    assert report.following, "a good plan is followed again"
    assert again.acceleration > command.acceleration


@pytest.mark.parametrize("side", [1, -1])
def test_plans_that_stop_coming_end_in_a_stop_on_the_same_curve(vehicle: VehicleDescription, side: int) -> None:
    pose_at = circle(20.0, 7.0, side)
    makes = fixed(pose_at)
    last = makes(ego(0.0), 1.9)

    def dying(state: EgoState, time: float) -> Plan:
        return makes(state, time) if time < 2.0 else last

    state = BicycleState(SE2(0.0, 0.0, 0.0), 7.0, 0.0, side * math.atan(vehicle.wheelbase / 20.0))
    found = drive(TrajectoryController(vehicle), dying, 10.0, state=state)
    assert found.states[-1].speed == 0.0
    assert found.reports[-1].reason == "plan is 8.05 s old, limit 1 s"
    assert found.commands[-1].acceleration == -vehicle.comfort_deceleration
    assert found.values("acceleration").min() >= -1.1 * vehicle.comfort_deceleration
    radii = np.hypot(*(np.array([s.pose.position for s in found.states]) - [0.0, side * 20.0]).T)
    assert np.abs(radii - 20.0).max() < 0.3
    assert found.commands[-1].steering_angle == pytest.approx(side * math.atan(vehicle.wheelbase / 20.0), rel=0.1)


def test_a_longer_age_can_be_allowed(vehicle: VehicleDescription) -> None:
    controller = TrajectoryController(vehicle, ControllerSettings(max_plan_age=3.0))
    controller.control(ego(2.0), good())
    assert controller.report is not None
    assert controller.report.following


def garbage(rng: np.random.Generator, time: float) -> Plan:
    scale = 10.0 ** rng.uniform(-3.0, 4.0)
    count = int(rng.integers(1, 12))

    def numbers(*shape: int) -> np.ndarray:
        values = rng.normal(0.0, scale, shape)
        if rng.random() < 0.2:
            values.flat[rng.integers(values.size)] = rng.choice([math.nan, math.inf, -math.inf, 1e308, 0.0])
        return values

    if rng.random() < 0.7:  # near enough to be followed
        base = trajectory_of(straight(rng.uniform(0.0, 12.0)), time, times=TIMES[:count])
        count = len(base)
        positions = base.positions + rng.normal(0.0, rng.choice([0.0, 0.3, 2.0]), (count, 2))
        times = base.times
    else:
        positions, times = numbers(count, 2), np.cumsum(np.abs(numbers(count)))
    stamp = ns(time) + int(rng.choice([0, 0, 0, -(10**8), 10**9, -(10**10)]))
    path = Trajectory(
        "odom", stamp, times, positions, numbers(count), np.abs(numbers(count)), numbers(count), numbers(count)
    )
    return plan_of(path, PlanStatus(int(rng.integers(4))))


@pytest.mark.parametrize("seed", range(6))
def test_garbage_never_raises_and_never_leaves_the_limits(vehicle: VehicleDescription, seed: int) -> None:
    rng = np.random.default_rng(seed)
    found = drive(
        TrajectoryController(vehicle),
        lambda _state, time: garbage(rng, time),
        12.0,
        state=BicycleState(SE2(0.0, 0.0, 0.0), 8.0),
        period=0.05,
    )
    assert all(within_limits(command, vehicle) for command in found.commands)
    steps = np.abs(np.diff([command.steering_angle for command in found.commands]))
    assert steps.max() <= vehicle.max_steering_rate * 0.05 + 1e-9
    followed = sum(report.following for report in found.reports)
    assert 10 < followed < len(found.reports), "both kinds happen"


@pytest.mark.parametrize("seed", range(3))
def test_leaping_odometry_never_raises(vehicle: VehicleDescription, seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    controller = TrajectoryController(vehicle)
    for _ in range(300):
        time = float(rng.choice([0.05, 0.1, 5.0, 100.0])) + float(rng.integers(20)) * 0.05
        far = 10.0 ** rng.uniform(-2.0, 12.0)
        state = EgoState(
            ns(time),
            str(rng.choice(["odom", "map"])),
            SE2(rng.normal(0.0, far), rng.normal(0.0, far), rng.uniform(-4.0, 4.0)),
            rng.normal(0.0, 10.0),
            yaw_rate=rng.normal(0.0, 2.0),
        )
        assert within_limits(controller.control(state, garbage(rng, time)), vehicle)
