"""Drives of the privileged expert through towns with traffic, judged; for tuning by hand and for tests.

    python -m test.planning.expert.drives --town grid_small --routes 10 --seed 1

prints a line per route and a summary. A collision is at fault by the rule of NAVSIM's NC (facts: metrics 1.5).
"""

from __future__ import annotations

import argparse
import math
import pickle
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from wam_ros.carla_server.environment import EmbeddedEnvironment
from wam_ros.carla_server.towns.town import Town
from wam_ros.carla_server.world.world import WorldSettings
from wam_ros.control import TrajectoryController
from wam_ros.core import SE2, Actor, EgoState, LaneGraph, LightState, Plan, Scene, VehicleCommand, VehicleDescription
from wam_ros.core.geometry import Array
from wam_ros.core.resources import resource
from wam_ros.core.sensor_rig import SensorRig
from wam_ros.planning import Fallback, PlanMonitor
from wam_ros.planning.expert import PrivilegedExpert
from wam_ros.planning.expert_planner import EnvironmentTruth, ExpertPlanner
from wam_ros.planning.route_planner import PlannedRoute, RoutePlanner
from wam_ros.runtime.checked_planner import CheckedPlanner
from wam_ros.runtime.loop import DriveLoop, DriveTick, LoopSettings

CAR = VehicleDescription.load(resource("config/vehicle/passenger_car.yaml"))
RIG = SensorRig.load(resource("config/sensors/front_camera.yaml"))
TICK = 0.05  # s
_STOPPED = 0.05  # m/s, by NAVSIM
_SAME_CONTACT = 5.0  # s
_HARD = -4.05  # m/s^2, NAVSIM's comfort bound
_STANDING = 0.2  # m/s
_BLOCKED = 90.0  # s without moving


class Shaken:
    """A controller whose commands are spoilt now and then, so that the ego comes off its lane; for `--shake`."""

    def __init__(self, controller: TrajectoryController, seed: int) -> None:
        self._controller = controller
        self._rng = random.Random(seed)
        self._tick = 0
        self._until, self._next, self._angle, self._extra = 0, 100, 0.0, 0.0

    def reset(self) -> None:
        self._controller.reset()

    def control(self, ego: EgoState, plan: Plan | None) -> VehicleCommand:
        command = self._controller.control(ego, plan)
        self._tick += 1
        if self._tick >= self._next:
            self._until = self._tick + self._rng.randint(8, 30)
            self._next = self._tick + self._rng.randint(80, 240)
            # At most about 3.5 m/s^2 aside.
            most = min(0.4, 3.5 * CAR.wheelbase / max(ego.speed, 2.0) ** 2)
            self._angle = self._rng.uniform(-most, most)
            self._extra = self._rng.choice([0.0, 0.0, -2.0, 1.0])
        if self._tick >= self._until:
            return command
        return replace(
            command,
            steering_angle=command.steering_angle + self._angle,
            acceleration=command.acceleration + self._extra,
            speed=max(0.0, ego.speed + 0.5 * (command.acceleration + self._extra)),
        )


@dataclass
class Judge:
    """Watches one drive."""

    environment: EmbeddedEnvironment
    planned: PlannedRoute
    lanes: LaneGraph
    keep: bool = False
    egos: list[EgoState] = field(default_factory=list)
    scenes: list[Scene] = field(default_factory=list)
    contacts: dict[int, float] = field(default_factory=dict)
    at_fault: list[str] = field(default_factory=list)
    not_at_fault: list[str] = field(default_factory=list)
    red: list[str] = field(default_factory=list)
    off_lane: float = 0.0
    refused: list[str] = field(default_factory=list)
    _seen: int = 0
    _still: float = 0.0

    def on_tick(self, tick: DriveTick) -> str | None:
        scene = tick.scene
        assert scene is not None
        ego, now = tick.ego, tick.index * TICK
        if tick.answer is not None and (tick.answer.rejected or not tick.answer.planned):
            self.refused.append(f"{now:.1f}s {tick.answer.plan.reason}")
        if self.egos:
            self._lights(self.egos[-1], ego, scene, now)
            center = ego.pose @ SE2(CAR.rear_axle_to_center, 0.0, 0.0)
            if not self.lanes.contains(center.position):
                self.off_lane += math.dist(ego.pose.position, self.egos[-1].pose.position)
        self._collisions(ego, scene, now)
        self.egos.append(ego)
        if self.keep:
            self.scenes.append(scene)
        self._still = self._still + TICK if ego.speed < _STANDING else 0.0
        return "blocked" if self._still > _BLOCKED else None

    def _lights(self, before: EgoState, ego: EgoState, scene: Scene, now: float) -> None:
        first, second = front_of(before.pose), front_of(ego.pose)
        for light in scene.lights:
            if light.state is LightState.RED and not set(light.lanes).isdisjoint(self.planned.lane_ids):
                a, b = light.stop_line
                if _crosses(first, second, a + 0.2 * (a - b), b + 0.2 * (b - a)):
                    self.red.append(f"{now:.1f}s {light.id}")

    def _collisions(self, ego: EgoState, scene: Scene, now: float) -> None:
        new, self._seen = self.environment.collisions[self._seen :], len(self.environment.collisions)
        others = {actor.id: actor for actor in scene.actors}
        for collision in new:
            other = collision.second if collision.first == self.environment.ego_id else collision.first
            last = self.contacts.get(other, -math.inf)
            self.contacts[other] = now
            if now - last < _SAME_CONTACT:
                continue
            before = self.egos[-1] if self.egos else ego
            actor = others.get(other)
            name, blamed = ("building", True) if actor is None else blame(before, ego, actor, self.lanes)
            kind = "thing" if actor is None else actor.kind.value
            (self.at_fault if blamed else self.not_at_fault).append(f"{now:.1f}s {kind} {other} {name}")


def front_of(pose: SE2) -> Array:
    """Middle of the front bumper."""
    return (pose @ SE2(CAR.wheelbase + CAR.front_overhang, 0.0, 0.0)).position


def blame(before: EgoState, ego: EgoState, actor: Actor, lanes: LaneGraph) -> tuple[str, bool]:
    """NAVSIM's class of a collision and whether it is at fault."""
    if abs(before.speed) <= _STOPPED:
        return "stopped-ego", False
    if abs(actor.speed) <= _STOPPED:
        return "stopped-track", True
    dx, dy = ego.pose.inverse().apply(actor.pose.position)
    if abs(math.atan2(dy, dx)) > math.radians(150.0):
        return "rear", False
    half = CAR.width / 2.0
    bumper = [ego.pose @ SE2(CAR.wheelbase + CAR.front_overhang, y, 0.0) for y in np.linspace(-half, half, 9)]
    slack = 0.3
    for point in bumper:
        x, y = actor.pose.inverse().apply(point.position)
        if abs(x) < actor.length / 2.0 + slack and abs(y) < actor.width / 2.0 + slack:
            return "front", True
    corners = [
        ego.pose @ SE2(x, y, 0.0)
        for x in (-CAR.rear_overhang, CAR.wheelbase + CAR.front_overhang)
        for y in (-half, half)
    ]
    inside = any(
        all(lane.centerline.project(corner.position).distance <= lane.width / 2.0 for corner in corners)
        for lane in lanes.lanes.values()
    )
    return "lateral", not inside


def _crosses(a: Array, b: Array, c: Array, d: Array) -> bool:
    def side(p: Array, q: Array, r: Array) -> float:
        return float((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]))

    return side(a, b, c) * side(a, b, d) < 0.0 and side(c, d, a) * side(c, d, b) < 0.0


@dataclass(frozen=True)
class Outcome:
    """How a drive went."""

    index: int
    reason: str
    duration: float
    progress: float
    length: float
    standing: float
    at_fault: tuple[str, ...]
    not_at_fault: tuple[str, ...]
    red: tuple[str, ...]
    off_lane: float
    refused: tuple[str, ...]
    least_acceleration: float
    hard_share: float
    most_lateral: float
    jerk: float
    plan_ms: float

    @property
    def completed(self) -> bool:
        return self.reason == "goal"

    def __str__(self) -> str:
        speed = self.progress / max(self.duration, 1e-9)
        return (
            f"{self.index:3d} {self.reason:10s} {self.progress:5.0f}/{self.length:.0f} m {self.duration:6.1f} s "
            f"{speed:4.1f} m/s standing {self.standing:4.0f} s | at fault {len(self.at_fault)} "
            f"other {len(self.not_at_fault)} red {len(self.red)} off {self.off_lane:.1f} m refused "
            f"{len(self.refused)} | a >= {self.least_acceleration:5.2f} hard {100 * self.hard_share:.1f} % "
            f"lat {self.most_lateral:.2f} jerk {self.jerk:.1f} | {self.plan_ms:.1f} ms  "
            + "; ".join([*self.at_fault, *("(" + each + ")" for each in self.not_at_fault), *self.red])
        )


def drive_route(
    town: Town,
    planned: PlannedRoute,
    settings: WorldSettings,
    index: int = 0,
    expert: PrivilegedExpert | None = None,
    time_limit: float = 300.0,
    keep: Path | None = None,
    *,
    shake: bool = False,
) -> Outcome:
    """One route, from its start to the goal or a failure."""
    expert = PrivilegedExpert(CAR) if expert is None else expert
    environment = EmbeddedEnvironment(town, settings, CAR, RIG, planned, camera=False)
    judge = Judge(environment, planned, town.lanes, keep=keep is not None)
    planner = ExpertPlanner(expert, EnvironmentTruth(environment, town.lanes))
    checked = CheckedPlanner(planner, PlanMonitor(CAR), Fallback(CAR))
    controller = TrajectoryController(CAR)
    loop = DriveLoop(
        environment,
        checked,
        Shaken(controller, settings.seed) if shake else controller,
        LoopSettings(time_limit=time_limit),
        observers=(judge,),
    )
    try:
        end = loop.run()
        progress = environment.progress
        if environment.goal_reached:
            progress = planned.length
    finally:
        environment.close()
    if keep is not None:
        keep.write_bytes(pickle.dumps((judge.scenes, planned.route.line.points, planned.lane_ids)))
    a = np.array([ego.acceleration for ego in judge.egos])
    v = np.array([ego.speed for ego in judge.egos])
    lateral = np.array([ego.yaw_rate * ego.speed for ego in judge.egos])
    jerk = np.abs(np.convolve(np.diff(a) / TICK, np.full(6, 1 / 6.0), "valid"))  # over 0.3 s
    return Outcome(
        index,
        end.reason,
        end.duration,
        progress,
        planned.length,
        float((v < _STANDING).sum() * TICK),
        tuple(judge.at_fault),
        tuple(judge.not_at_fault),
        tuple(judge.red),
        judge.off_lane,
        tuple(judge.refused),
        float(a.min()),
        float((a < _HARD).mean()),
        float(np.abs(lateral).max()),
        float(np.percentile(jerk, 99.5)),
        1e3 * end.parts_s.get("plan", 0.0) / max(end.plans, 1),
    )


def drive_town(
    town: Town,
    routes: int,
    seed: int,
    length: float = 500.0,
    vehicles: int = 25,
    pedestrians: int = 15,
    only: Sequence[int] = (),
    keep: Path | None = None,
    *,
    shake: bool = False,
) -> list[Outcome]:
    """Random routes through one town, each with traffic of its own seed."""
    rng = random.Random(seed)
    planner, expert = RoutePlanner(town.lanes), PrivilegedExpert(CAR)
    outcomes = []
    for index in range(routes):
        planned = planner.random_route(rng, length)
        if only and index not in only:
            continue
        settings = WorldSettings(seed=1000 * seed + index, vehicles=vehicles, pedestrians=pedestrians)
        file = None if keep is None else keep / f"{town.name}_{seed}_{index}.pickle"
        begun = time.perf_counter()
        outcome = drive_route(town, planned, settings, index, expert, keep=file, shake=shake)
        outcomes.append(outcome)
        print(f"{outcome} [{time.perf_counter() - begun:.0f} s]", flush=True)
        for text in outcome.refused[:3]:
            print("      refused:", text[:250])
    return outcomes


def summary(outcomes: Sequence[Outcome]) -> str:
    """One line of all."""
    driven = sum(outcome.progress for outcome in outcomes)
    return (
        f"{sum(outcome.completed for outcome in outcomes)} of {len(outcomes)} completed, "
        f"{sum(len(outcome.at_fault) for outcome in outcomes)} at fault, "
        f"{sum(len(outcome.not_at_fault) for outcome in outcomes)} other collisions, "
        f"{sum(len(outcome.red) for outcome in outcomes)} red, "
        f"{driven / max(sum(outcome.duration for outcome in outcomes), 1e-9):.1f} m/s over {driven / 1e3:.1f} km, "
        f"off lane {sum(outcome.off_lane for outcome in outcomes):.1f} m, "
        f"refused {sum(len(outcome.refused) for outcome in outcomes)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--town", default="grid_small")
    parser.add_argument("--routes", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--length", type=float, default=500.0)
    parser.add_argument("--vehicles", type=int, default=25)
    parser.add_argument("--pedestrians", type=int, default=15)
    parser.add_argument("--only", type=int, nargs="*", default=())
    parser.add_argument("--keep", type=Path, help="folder for the scenes of each drive")
    parser.add_argument("--shake", action="store_true", help="spoil commands now and then")
    args = parser.parse_args()
    if args.keep is not None:
        args.keep.mkdir(parents=True, exist_ok=True)
    outcomes = drive_town(
        Town.load(args.town),
        args.routes,
        args.seed,
        args.length,
        args.vehicles,
        args.pedestrians,
        tuple(args.only),
        args.keep,
        shake=args.shake,
    )
    print(summary(outcomes))


if __name__ == "__main__":
    main()
