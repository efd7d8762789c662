"""The sockets: what a planner, a controller, an expert and an environment must offer, and nothing of how."""

from __future__ import annotations

from typing import Protocol

from wam_ros.core.camera import CanonicalCamera
from wam_ros.core.ego import EgoState
from wam_ros.core.lane_graph import LaneGraph
from wam_ros.core.observation import Observation, Route
from wam_ros.core.plan import Plan, Trajectory
from wam_ros.core.scene import Scene
from wam_ros.core.timing import Deadline
from wam_ros.core.vehicle import VehicleCommand


class Planner(Protocol):
    """Makes a plan from an observation."""

    @property
    def name(self) -> str:
        """Told in every message."""

    @property
    def weights_hash(self) -> str:
        """Hash of its weights; empty where it has none."""

    @property
    def provenance(self) -> str:
        """What made the weights, for people: says so where nobody trained them; empty where there are none."""

    @property
    def camera(self) -> CanonicalCamera | None:
        """The camera that its images are warped to, or None if it takes no image."""

    def warm_up(self) -> None:
        """Do once what makes the first plan slow; called before the node becomes active."""

    def reset(self) -> None:
        """Forget what was remembered between observations: a new drive begins."""

    def plan(self, observation: Observation, deadline: Deadline) -> Plan:
        """A complete plan in the frame of `observation.ego`, by the deadline if it can be helped.

        Raises:
            PlannerError: No plan can be made; the caller falls back.

        """


class Environment(Protocol):
    """A world to drive in: the embedded one, a CARLA server, a bag. Its clock stands still between `apply` calls."""

    @property
    def tick_s(self) -> float:
        """How far `apply` moves the world's clock [s]."""

    def reset(self) -> Observation:
        """Start anew and give the first observation.

        Raises:
            WamError: The world cannot be started; the text says what to do.

        """

    def ego(self) -> EgoState:
        """The own vehicle now."""

    def observe(self) -> Observation:
        """What is seen now: ego state, route, instruction, and an image of each camera that is due at this tick."""

    def apply(self, command: VehicleCommand) -> bool:
        """Go on by one tick under a command; False once the drive has ended."""

    def scene(self) -> Scene | None:
        """The privileged truth, where the world knows it."""

    def close(self) -> None:
        """Leave the world as it was found; no other call may follow."""


class Controller(Protocol):
    """Turns plans into commands."""

    def reset(self) -> None:
        """Forget what was remembered: a new drive begins."""

    def control(self, ego: EgoState, plan: Plan | None) -> VehicleCommand:
        """The command that follows `plan` from `ego`; None = there is no plan to follow. Never raises on bad plans."""


class Expert(Protocol):
    """Plans from privileged truth."""

    def plan(self, scene: Scene, lanes: LaneGraph, route: Route) -> Trajectory:
        """A trajectory in the frame of `scene.ego`."""
