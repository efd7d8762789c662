"""Whatever the scene, there is a plan, it is finite and drivable."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from test.planning.expert import roads
from test.planning.expert.small_world import CAR
from wam_ros.core import SE2, Actor, ActorKind, EgoState, LightState, Observation, Plan, Scene
from wam_ros.planning import PlanMonitor
from wam_ros.planning.expert import ExpertSettings, PrivilegedExpert

LANES = roads.crossing()
ROUTES = [
    roads.over(LANES, "in_east", f"east_{turn}", f"out_{out}")
    for turn, out in (("straight", "east"), ("left", "north"), ("right", "south"))
]
EXPERT, MONITOR, LIMITS = PrivilegedExpert(CAR), PlanMonitor(CAR), ExpertSettings()

places = st.builds(
    SE2,
    st.floats(-150.0, 150.0),
    st.floats(-150.0, 150.0),
    st.floats(-math.pi, math.pi),
)
near = st.builds(SE2, st.floats(-60.0, 60.0), st.floats(-8.0, 8.0), st.floats(-math.pi, math.pi))
actors = st.lists(
    st.tuples(st.sampled_from(list(ActorKind)), st.one_of(near, places), st.floats(0.4, 12.0), st.floats(-1.0, 20.0)),
    max_size=12,
)
states = st.sampled_from(list(LightState))


@settings(max_examples=150, deadline=None)
@given(
    route=st.sampled_from(ROUTES),
    pose=st.one_of(near, places),
    speed=st.floats(-0.2, 16.0),
    acceleration=st.floats(-6.0, 3.0),
    turning=st.floats(-0.12, 0.12),
    others=actors,
    shown=st.tuples(states, states, states, states),
)
def test_there_is_always_a_drivable_plan(route, pose, speed, acceleration, turning, others, shown):
    ego = EgoState(0, "map", pose, speed, acceleration, turning * max(speed, 0.0) / max(1.0, (speed / 4.0) ** 2))
    crowd = tuple(
        Actor(index, kind, at, length, min(length, 2.0), 1.6, fast)
        for index, (kind, at, length, fast) in enumerate(others)
    )
    lights = tuple(roads.light(LANES, arm, state) for arm, state in zip(roads.ARMS, shown))
    path = EXPERT.plan(Scene(0, ego, crowd, lights), LANES, route)
    assert MONITOR.check(Plan(path, "expert"), Observation(0, ego)) == ()
    assert (path.speeds >= 0.0).all()
    assert (path.accelerations >= -LIMITS.hard_deceleration - 1e-9).all()
    assert (path.accelerations[1:] <= max(2.2, acceleration) + 1e-9).all()


@settings(max_examples=60, deadline=None)
@given(
    route=st.sampled_from(ROUTES),
    along=st.floats(5.0, 200.0),
    speed=st.floats(0.0, 4.5),
    shown=states,
)
def test_on_the_lane_alone_plans_are_comfortable(route, along, speed, shown):
    assume(shown in {LightState.GREEN, LightState.OFF} or not 100.0 < along < 118.0)  # too near the line to be calm
    x, y = route.line.position(along)
    pose = SE2(float(x), float(y), float(route.line.heading(along)))
    ego = EgoState(0, "map", pose, speed, 0.0, speed * float(route.line.curvature(along)))
    path = EXPERT.plan(Scene(0, ego, (), (roads.light(LANES, "east", shown),)), LANES, route)
    assert np.abs(path.speeds * path.heading_rates).max() < 2.6
    assert path.accelerations.max() < 2.2
    accelerations = np.concatenate([[0.0], path.accelerations])
    assert np.abs(np.diff(accelerations)).max() / 0.5 < 4.13
