from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from wam_ros.core import SE2, ConfigError, EgoState, Observation, Plan, Route, Trajectory, VehicleDescription
from wam_ros.core.geometry import Array
from wam_ros.core.resources import resource
from wam_ros.planning import BicyclePath, Horizon, MonitorLimits, PlanMonitor, Violation

CAR = VehicleDescription.load(resource("config/vehicle/passenger_car.yaml"))
MONITOR = PlanMonitor(CAR)
TIMES = Horizon().times
POSE = SE2(-40.0, 25.0, 2.5)
ROUTE = Route.from_points("odom", POSE.apply([[-50.0, 0.0], [300.0, 0.0]]))
FIELDS = ("times", "positions", "headings", "speeds", "accelerations", "heading_rates")


def driven(speed: float, acceleration: float = 0.0, bend: float = 0.0, start: SE2 = POSE) -> tuple[Plan, EgoState]:
    """Ego and plan of constant acceleration on one arc."""
    ego = EgoState(5, "odom", start, speed, acceleration, bend * speed)
    s = speed * TIMES + 0.5 * acceleration * TIMES**2
    speeds = speed + acceleration * TIMES
    poses = BicyclePath(start, 1.0, np.full(1000, bend)).poses(s)
    still = np.zeros(8)
    path = Trajectory("odom", 5, TIMES, poses[:, :2], poses[:, 2], speeds, still + acceleration, still + bend * speeds)
    return Plan(path, "test"), ego


def along(speeds: ArrayLike, ego_speed: float) -> tuple[Plan, EgoState]:
    """Ego and plan straight ahead whose mean speeds between waypoints are given."""
    ego = EgoState(5, "odom", POSE, ego_speed)
    s = 0.5 * np.cumsum(np.broadcast_to(speeds, 8))
    positions = POSE.apply(np.column_stack([s, np.zeros(8)]))
    return Plan(Trajectory.from_waypoints(ego, TIMES, positions, np.full(8, POSE.yaw)), "test"), ego


def found(
    plan: Plan, ego: EgoState, route: Route | None = None, monitor: PlanMonitor = MONITOR
) -> tuple[Violation, ...]:
    return monitor.check(plan, Observation(ego.stamp_ns, ego, route=route))


def names(violations: tuple[Violation, ...]) -> list[str]:
    return [violation.check for violation in violations]


def changed(plan: Plan, **fields: Any) -> Plan:
    return replace(plan, trajectory=replace(plan.trajectory, **fields))


@pytest.mark.parametrize(
    ("speed", "acceleration", "bend"),
    [(10.0, 0.0, 0.0), (8.0, -2.0, 0.02), (0.0, 3.5, 0.0), (30.0, -7.0, 0.0), (4.0, 0.0, -0.24), (10.0, 0.0, 0.05),
     (0.0, 0.0, 0.0), (-2.0, 0.0, 0.1), (36.0, 0.0, 0.0)],
)  # fmt: skip
def test_what_the_bicycle_drives_within_its_limits_is_accepted(speed, acceleration, bend):
    plan, ego = driven(speed, acceleration, bend)
    assert found(plan, ego) == ()


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.floats(0.0, 0.4), st.integers(0, 2**16))
def test_noise_of_positions_near_standstill_is_no_alarm(speed, seed):
    plan, ego = driven(speed)
    noisy = plan.trajectory.positions + np.random.default_rng(seed).uniform(-0.02, 0.02, (8, 2))
    assert found(changed(plan, positions=noisy), ego) == ()


def test_a_standing_plan_may_have_any_tiny_steps():
    plan, ego = driven(0.0)
    positions = plan.trajectory.positions + 1e-9 * np.arange(16).reshape(8, 2)[::-1]
    assert found(changed(plan, positions=positions), ego) == ()


def test_every_check_fires_alone():
    straight, ego = driven(10.0)
    on_arc, _ = driven(10.0, bend=0.02)
    forward = np.array([np.cos(POSE.yaw), np.sin(POSE.yaw)])
    cases = {
        "frame": (replace(straight, trajectory=replace(straight.trajectory, frame_id="map")), ego, None),
        "stamp": (changed(straight, stamp_ns=6), ego, None),
        "confidence": (replace(straight, waypoint_confidence=np.linspace(0.5, 1.2, 8)), ego, None),
        "start": (changed(straight, positions=straight.trajectory.positions + 6.0 * forward), ego, None),
        "speed": (*along(37.0, 36.2), None),
        "reverse": (*along([0.0, -0.3, -0.6, -0.9, -1.0, -1.0, -1.0, -1.0], 0.0), None),
        "acceleration": (*along(2.0 + 2.6 * np.arange(8), 0.8), None),
        "jerk": (*along([20.0, 22.0, 18.0, 20.0, 22.0, 18.0, 20.0, 22.0], 19.7), None),
        "curvature": (*driven(2.0, bend=0.42), None),
        "lateral_acceleration": (*driven(10.0, bend=0.065), None),
        "declared_speed": (changed(straight, speeds=straight.trajectory.speeds + 2.0 * (TIMES == 2.0)), ego, None),
        "declared_heading": (
            changed(straight, headings=straight.trajectory.headings + 0.5 * (TIMES == 2.0)),
            ego,
            None,
        ),
        "route": (on_arc, ego, ROUTE),
    }
    for check, (plan, where, route) in cases.items():
        assert names(found(plan, where, route)) == [check], check


@pytest.mark.parametrize(
    ("case", "text"),
    [
        (along(2.0 + 2.6 * np.arange(8), 0.8), r"acceleration 5\.2 m/s\^2 at waypoint \d, limit 5$"),
        (along([27.0, 22.0, 17.0, 12.0, 7.0, 2.0, 0.0, 0.0], 29.5), r"m/s\^2 braking at waypoint \d, limit 9\.5$"),
        (driven(10.0, bend=0.065), r"lateral_acceleration 6\.\d* m/s\^2 at .*, limit 6$"),
        (along(37.0, 36.2), r"speed 37 m/s at waypoint \d, limit 36\.5$"),
        (along([0.0, -0.3, -0.6, -0.9, -1.0, -1.0, -1.0, -1.0], 0.0), r"reverse 1 m/s backwards at .*, limit 0\.3$"),
    ],
)
def test_texts_name_value_waypoint_and_limit(case, text):
    violations = found(*case)
    assert violations
    assert any(re.search(text, violation.text) for violation in violations), violations


def test_too_few_waypoints_and_other_times_are_the_wrong_horizon():
    plan, ego = driven(10.0)
    short = {name: getattr(plan.trajectory, name)[:7] for name in FIELDS}
    (violation,) = found(changed(plan, **short), ego)
    assert violation == ("horizon", "7 waypoints, wanted 8")
    (violation,) = found(changed(plan, times=TIMES + 0.01 * (TIMES == 2.0)), ego)
    assert violation == ("horizon", "time of waypoint 4 is 2.01 s, wanted 2 s")
    assert found(plan, ego, monitor=PlanMonitor(CAR, horizon=Horizon(8, 0.25)))[0].check == "horizon"


@pytest.mark.parametrize("times", [[0.5, 1.0, 1.0, 2.0, 2.5, 3.0, 3.5, 4.0], TIMES[::-1], TIMES - 0.5])
def test_times_that_do_not_increase_are_named(times):
    plan, ego = driven(10.0)
    assert names(found(changed(plan, times=times), ego)) == ["time"]


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("index", [0, 3, 7])
def test_a_value_that_is_not_finite_is_named(field, value, index):
    plan, ego = driven(10.0)
    values = getattr(plan.trajectory, field).copy()
    values[index] = value
    (violation,) = found(changed(plan, **{field: values}), ego, ROUTE)
    assert violation.check == "finite"
    assert violation.text.startswith(f"{field} of waypoint {index + 1} is ")


def test_a_confidence_that_is_not_a_number_is_named():
    plan, ego = driven(10.0)
    assert names(found(replace(plan, confidence=float("nan")), ego)) == ["confidence"]
    confidences = np.full(8, 0.9)
    assert found(replace(plan, waypoint_confidence=confidences, confidence=0.5), ego) == ()
    confidences[2] = np.nan
    (violation,) = found(replace(plan, waypoint_confidence=confidences), ego)
    assert violation == ("confidence", "confidence of waypoint 3 is nan, wanted in [0, 1]")


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.data())
def test_garbage_never_raises_and_is_never_accepted(data):
    count = data.draw(st.integers(1, 10))
    value = st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.sampled_from([1e300, -1e300, 1e9, np.nan]))

    def draw(n: int) -> Array:
        return np.array(data.draw(st.lists(value, min_size=n, max_size=n)))

    path = Trajectory(
        "odom", 5, draw(count), 1e6 + draw(2 * count).reshape(-1, 2), *(draw(count) for _ in range(4))
    )  # 1e6 keeps hypothesis from drawing the one acceptable plan, standing at the origin
    ego = EgoState(5, "odom", SE2(0.0, 0.0, 0.0), 0.0)
    plan = Plan(path, "garbage", waypoint_confidence=draw(count), confidence=data.draw(st.floats()))
    assert found(plan, ego, ROUTE)
    regular = replace(path, times=0.5 * np.arange(1, count + 1))
    assert found(Plan(regular, "garbage"), ego, ROUTE)


@pytest.mark.parametrize("value", [1e300, -1e300, 1.7e308])
@pytest.mark.parametrize("field", FIELDS[1:4])
def test_absurd_finite_values_are_refused_without_a_warning(field, value):
    plan, ego = driven(10.0)
    values = getattr(plan.trajectory, field).copy()
    values[4] = value
    if field == "headings":
        assert isinstance(found(changed(plan, headings=values), ego, ROUTE), tuple)
    else:
        assert found(changed(plan, **{field: values}), ego, ROUTE)


def test_the_route_counts_from_the_egos_own_distance():
    plan, ego = driven(10.0, start=POSE @ SE2(0.0, 6.0, 0.0))
    assert found(plan, ego, ROUTE) == ()
    away, ego = driven(10.0, start=POSE @ SE2(0.0, 6.0, 0.15))
    (violation,) = found(away, ego, ROUTE)
    assert violation.check == "route"
    assert violation.text.endswith("m off the route at waypoint 8, limit 10")
    assert found(away, ego) == ()


def test_an_ego_in_reverse_may_go_on_but_no_faster():
    plan, ego = driven(-2.0)
    assert found(plan, ego) == ()
    assert names(found(plan, replace(ego, speed=-1.5))) == ["reverse"]


def test_when_the_start_is_off_the_rest_is_judged_by_itself():
    plan, ego = driven(10.0)
    there = replace(ego, pose=ego.pose @ SE2(0.0, 30.0, 1.0))
    assert names(found(plan, there)) == ["start"]
    bent, _ = driven(10.0, bend=0.08)
    assert names(found(bent, there)) == ["start", "lateral_acceleration"]


def test_the_start_may_be_anywhere_the_ego_can_get():
    for acceleration in (-8.0, 0.0, 3.5):
        plan, ego = driven(20.0, acceleration if acceleration > -5.0 else -4.9)
        assert "start" not in names(found(plan, replace(ego, acceleration=0.0)))
    (violation, *_) = found(*along([10.0] * 8, 20.0))
    assert violation.check == "start"
    assert violation.text.startswith("waypoint 1 is 5.00 m ahead and ")


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_short_horizons_are_checked_too(steps):
    monitor = PlanMonitor(CAR, horizon=Horizon(steps))
    plan, ego = driven(10.0, -1.0, 0.01)
    short = changed(plan, **{name: getattr(plan.trajectory, name)[:steps] for name in FIELDS})
    assert found(short, ego, ROUTE, monitor) == ()
    far = changed(short, positions=short.trajectory.positions + 20.0)
    assert found(far, ego, ROUTE, monitor)


def test_the_default_tolerances_can_be_widened_but_not_be_nonsense():
    plan, ego = driven(10.0, bend=0.065)
    assert found(plan, ego, monitor=PlanMonitor(CAR, MonitorLimits(lateral_acceleration=3.0))) == ()
    with pytest.raises(ConfigError, match=r"monitor limit jerk = -1\.0, wanted a number of at least 0"):
        MonitorLimits(jerk=-1.0)
    with pytest.raises(ConfigError, match="monitor limit speed = nan"):
        MonitorLimits(speed=float("nan"))


def test_a_bend_between_the_ego_and_its_first_waypoint_counts_in_full():
    # From the heading at t0 to a chord at 0.2 rad is an arc of 0.4 rad over 5 m: 0.08 / m at 10 m/s.
    plan, _ = driven(10.0, start=POSE @ SE2(0.0, 0.0, 0.2))
    _, ego = driven(10.0)
    (violation,) = found(plan, ego)
    assert violation == ("lateral_acceleration", "lateral_acceleration 8 m/s^2 at the start, limit 6")
