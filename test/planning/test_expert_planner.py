from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from wam_ros.core.ego import EgoState
from wam_ros.core.errors import PlannerError
from wam_ros.core.geometry import SE2
from wam_ros.core.lane_graph import Lane, LaneGraph
from wam_ros.core.observation import Observation, Route
from wam_ros.core.plan import Trajectory
from wam_ros.core.polyline import Polyline
from wam_ros.core.scene import Scene
from wam_ros.core.timing import Deadline
from wam_ros.planning.expert_planner import EnvironmentTruth, ExpertPlanner, TruthBuffer

LANE = Lane("1_0_-1", Polyline(np.array([[0.0, 0.0], [100.0, 0.0]])), 3.2, 13.9)
LANES = LaneGraph("map", {LANE.id: LANE})


def ego(stamp_ns: int) -> EgoState:
    return EgoState(stamp_ns, "map", SE2(1.0, 0.0, 0.0), 5.0)


def observation(stamp_ns: int, *, route: bool = True) -> Observation:
    line = Route.from_points("map", [[0.0, 0.0], [100.0, 0.0]]) if route else None
    return Observation(stamp_ns, ego(stamp_ns), route=line)


class Ahead:
    """An expert that drives straight on, and notes what it was shown."""

    def __init__(self):
        self.seen: list[Scene] = []

    def plan(self, scene: Scene, lanes: LaneGraph, route: Route) -> Trajectory:
        assert lanes is LANES
        self.seen.append(scene)
        times = 0.5 * np.arange(1, 9)
        points = scene.ego.pose.position + np.stack([5.0 * times, 0.0 * times], axis=1)
        return Trajectory.from_waypoints(scene.ego, times, points)


def test_it_plans_from_the_truth_of_the_observations_moment():
    expert, truth = Ahead(), TruthBuffer()
    truth.lanes = LANES
    for stamp in (100, 200, 300):
        truth.add(Scene(stamp, ego(stamp)))
    plan = ExpertPlanner(expert, truth).plan(observation(200), Deadline.unlimited())
    assert [scene.stamp_ns for scene in expert.seen] == [200]
    assert (plan.planner, plan.trajectory.stamp_ns, plan.confidence) == ("privileged_expert", 200, None)


def test_truth_that_comes_a_little_later_is_waited_for():
    expert, truth = Ahead(), TruthBuffer()
    truth.lanes = LANES
    later = threading.Timer(0.05, lambda: truth.add(Scene(200, ego(200))))
    later.start()
    plan = ExpertPlanner(expert, truth).plan(observation(200), Deadline.after(5.0))
    later.join()
    assert plan.trajectory.stamp_ns == 200


def test_without_route_map_or_truth_it_says_so_by_the_deadline():
    truth = TruthBuffer()
    planner = ExpertPlanner(Ahead(), truth)
    with pytest.raises(PlannerError, match="no map"):
        planner.plan(observation(200), Deadline.after(0.01))
    truth.lanes = LANES
    with pytest.raises(PlannerError, match="no route"):
        planner.plan(observation(200, route=False), Deadline.after(0.01))
    truth.add(Scene(100, ego(100)))
    begun = time.monotonic()
    with pytest.raises(PlannerError, match="no truth of 200 ns"):
        planner.plan(observation(200), Deadline.unlimited())
    assert time.monotonic() - begun < 30.0  # even without a deadline it does not wait for ever


def test_old_truth_is_dropped():
    truth = TruthBuffer()
    for stamp in range(100):
        truth.add(Scene(stamp, ego(stamp)))
    assert truth.scene_at(99, Deadline.after(0.0)) is not None
    assert truth.scene_at(0, Deadline.after(0.0)) is None


def test_the_truth_of_a_world_in_process_holds_for_its_present_tick_only():
    class World:
        def scene(self):
            return Scene(500, ego(500))

    truth = EnvironmentTruth(World(), LANES)
    scene = truth.scene_at(500, Deadline.unlimited())
    assert scene is not None
    assert scene.stamp_ns == 500
    assert truth.scene_at(400, Deadline.unlimited()) is None
