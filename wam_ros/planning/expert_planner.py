"""The privileged expert at the planner's socket: it plans from the simulator's truth of the observation's moment."""

from __future__ import annotations

import threading
from typing import Protocol

from wam_ros.core.camera import CanonicalCamera
from wam_ros.core.errors import PlannerError
from wam_ros.core.lane_graph import LaneGraph
from wam_ros.core.observation import Observation
from wam_ros.core.plan import Plan
from wam_ros.core.protocols import Expert
from wam_ros.core.scene import Scene
from wam_ros.core.timing import Deadline

NAME = "privileged_expert"
_KEPT = 20  # scenes
_LONGEST_WAIT_S = 1.0  # where the deadline is further away, or there is none


class Truth(Protocol):
    """Where the expert's knowledge comes from."""

    @property
    def lanes(self) -> LaneGraph | None:
        """The map; None = it is not known yet."""

    def scene_at(self, stamp_ns: int, deadline: Deadline) -> Scene | None:
        """The scene of a stamp [ns], waited for until the deadline if need be; None = there is none."""


class ExpertPlanner:
    """An expert as a Planner. No vehicle can run it: it needs the truth of a simulated world."""

    name = NAME
    weights_hash = ""
    provenance = "it sees the simulator's truth, which no vehicle has"
    camera: CanonicalCamera | None = None

    def __init__(self, expert: Expert, truth: Truth) -> None:
        self._expert = expert
        self.truth = truth

    def warm_up(self) -> None:
        """Nothing is slow the first time."""

    def reset(self) -> None:
        """Nothing is remembered of the drive."""

    def plan(self, observation: Observation, deadline: Deadline) -> Plan:
        """The expert's plan.

        Raises:
            PlannerError: There is no route, no map, or no truth of the observation's stamp.

        """
        lanes = self.truth.lanes
        if observation.route is None or lanes is None:
            msg = "no route" if observation.route is None else "no map: is a CARLA bridge running?"
            raise PlannerError(msg)
        scene = self.truth.scene_at(observation.stamp_ns, deadline)
        if scene is None:
            msg = f"no truth of {observation.stamp_ns} ns: is a CARLA bridge running?"
            raise PlannerError(msg)
        return Plan(self._expert.plan(scene, lanes, observation.route), self.name)


class TruthBuffer:
    """The map and the latest scenes by stamp, put in by one thread and waited for by another."""

    def __init__(self) -> None:
        self.lanes: LaneGraph | None = None
        self._scenes: dict[int, Scene] = {}
        self._new = threading.Condition()

    def add(self, scene: Scene) -> None:
        """Keep a scene; the oldest of more than a few are dropped."""
        with self._new:
            self._scenes[scene.stamp_ns] = scene
            while len(self._scenes) > _KEPT:
                self._scenes.pop(next(iter(self._scenes)))
            self._new.notify_all()

    def scene_at(self, stamp_ns: int, deadline: Deadline) -> Scene | None:
        """The scene of a stamp [ns], waited for until the deadline, at most a second; None = it did not come."""
        with self._new:
            wait_s = min(max(deadline.remaining_s(), 0.0), _LONGEST_WAIT_S)
            self._new.wait_for(lambda: stamp_ns in self._scenes, wait_s)
            return self._scenes.get(stamp_ns)


class KnowsScene(Protocol):
    """A world that knows its truth."""

    def scene(self) -> Scene | None:
        """The truth of now."""


class EnvironmentTruth:
    """The truth of a world in this process; it holds for the present tick only."""

    def __init__(self, environment: KnowsScene, lanes: LaneGraph) -> None:
        self.lanes: LaneGraph | None = lanes
        self._environment = environment

    def scene_at(self, stamp_ns: int, _deadline: Deadline) -> Scene | None:
        """The scene of now, if `stamp_ns` is now."""
        scene = self._environment.scene()
        return scene if scene is not None and scene.stamp_ns == stamp_ns else None
