"""Frames of a drive whose truth is known as NAVSIM scenarios: map, traffic, lights, expert and driven path.

It scores nothing and knows no files; `scenario_content` is what a file holds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from wam_ros.core.ego import EgoState
from wam_ros.core.errors import InputError
from wam_ros.core.geometry import SE2, Array, wrap_angle
from wam_ros.core.plan import Trajectory
from wam_ros.core.protocols import Expert
from wam_ros.core.scene import Actor, ActorKind, LightState, Scene
from wam_ros.core.timing import NS_PER_S
from wam_ros.evaluation.recorded_drive import RecordedDrive
from wam_ros.evaluation.scenario_map import ScenarioMap
from wam_ros.metrics.navsim.scenario import Agent, AgentKind, PreviousFrame, Scenario, SignalledConnector, StartState

PROPOSAL_DT = 0.5
PROPOSAL_TIMES = PROPOSAL_DT * np.arange(1, 9)
"""(8,) of the poses of a proposal [s]."""

_MAP_RADIUS = 100.0  # m
_PAST = (-1.5, -1.0, -0.5, 0.0)  # s
_KEYFRAMES = tuple(0.5 * step for step in range(11))  # s; v1 looks 5 s ahead, v2 4 s
_FUTURE_S = 4.0
_SAME_TIME_S = 0.04  # a frame 0.55 s old is too old to be the one before
_BEHIND, _AHEAD = 30.0, 200.0  # m of the route
_KINDS: dict[ActorKind, AgentKind] = {
    ActorKind.VEHICLE: "VEHICLE",
    ActorKind.BICYCLE: "BICYCLE",
    ActorKind.PEDESTRIAN: "PEDESTRIAN",
    ActorKind.STATIC: "GENERIC_OBJECT",
}


class ScenarioExporter:
    """Makes scenarios of the frames of one drive.

    The expert's plan is the reference that progress is measured by, the driven path is the human's. NAVSIM's own car
    is simulated whatever drove: it is longer and wider than most.

    Args:
        drive: The truth.
        expert: Plans the reference.
        scenario_map: Of the drive's lanes, where it is made already.

    """

    def __init__(self, drive: RecordedDrive, expert: Expert, scenario_map: ScenarioMap | None = None) -> None:
        self.drive = drive
        self._expert = expert
        self._map = ScenarioMap(drive.map) if scenario_map is None else scenario_map

    def can_export(self, stamp_ns: int) -> bool:
        """Whether there is a scene of this stamp [ns] with 1.5 s before and 4 s after it."""
        first, last = _moved(stamp_ns, _PAST[0]), _moved(stamp_ns, _FUTURE_S)
        return self.drive.scene_at(stamp_ns) is not None and self.drive.unbroken(first, last)

    def scenario(self, stamp_ns: int, proposals: Array, previous: PreviousFrame | None = None) -> Scenario:
        """The scene of a stamp [ns] with proposals (N, 8, 3), see `proposal`.

        Args:
            stamp_ns: A stamp that `can_export`.
            proposals: In the frame of base_link.
            previous: The frame half a second before with as many proposals, see `start`.

        Raises:
            InputError: The stamp cannot be exported, or the proposals have another shape.

        """
        scene = self.drive.scene_at(stamp_ns)
        if scene is None or not self.can_export(stamp_ns):
            msg = f"{stamp_ns} ns: wanted a scene with {-_PAST[0]} s of the drive before and {_FUTURE_S} s after it"
            raise InputError(msg)
        reference = self._expert.plan(scene, self.drive.map, self.drive.route)
        later = [(offset, seen) for offset in _KEYFRAMES if (seen := self.drive.near(_moved(stamp_ns, offset)))]
        return Scenario(
            ego=start(scene.ego, self._seconds(stamp_ns)),
            centerline=self._centerline(scene.ego.pose),
            areas=self._map.near(scene.ego.pose.position, _MAP_RADIUS),
            route_lane_ids=self._route_lanes,
            agents=tuple(_agents([seen for _, seen in later], stamp_ns)),
            lights=tuple(self._lights(later)),
            reference=proposal(reference, scene.ego),
            proposals=proposals,
            proposal_dt=PROPOSAL_DT,
            ego_past=self._past(stamp_ns),
            human=self._human(scene),
            previous=previous,
        )

    def previous(self, stamp_ns: int, proposals: Array) -> PreviousFrame | None:
        """The frame of a stamp [ns] with its proposals (N, 8, 3) as the one before another; None without a scene."""
        scene = self.drive.scene_at(stamp_ns)
        return None if scene is None else PreviousFrame(start(scene.ego, self._seconds(stamp_ns)), proposals)

    def _seconds(self, stamp_ns: int) -> float:
        """Since the first scene: seconds since an epoch would lose digits."""
        return (stamp_ns - self.drive.stamps[0]) / NS_PER_S

    @cached_property
    def _route_lanes(self) -> frozenset[str]:
        return self._map.route_lanes(self.drive.route)

    def _centerline(self, pose: SE2) -> Array:
        """(C, 2) of the route around the ego, so that a route that crosses itself is no riddle."""
        line = self.drive.route.line
        here = _arc_length(line.points, line.arc_lengths, pose)
        low, high = max(here - _BEHIND, 0.0), min(here + _AHEAD, line.length)
        inner = line.arc_lengths[(line.arc_lengths > low) & (line.arc_lengths < high)]
        return line.position(np.concatenate([[low], inner, [high]]))

    def _lights(self, later: list[tuple[float, Scene]]) -> list[SignalledConnector]:
        """The connectors that are red at some keyframe; what is seen holds until the next."""
        red: dict[str, list[tuple[float, float]]] = {}
        for offset, scene in later:
            names = {name for light in scene.lights if light.state is LightState.RED for name in light.lanes}
            for name in sorted(names & set(self.drive.map.lanes)):
                spans = red.setdefault(name, [])
                if spans and spans[-1][1] == offset:
                    spans[-1] = (spans[-1][0], offset + PROPOSAL_DT)
                else:
                    spans.append((offset, offset + PROPOSAL_DT))
        return [SignalledConnector(name, self._map.polygon(name), tuple(red[name])) for name in sorted(red)]

    def _past(self, stamp_ns: int) -> Array:
        """(4, 7)."""
        states = [(offset, self._ego(_moved(stamp_ns, offset))) for offset in _PAST]
        return np.array(
            [(t, e.pose.x, e.pose.y, e.pose.yaw, e.speed, e.acceleration, e.lateral_acceleration) for t, e in states]
        )

    def _human(self, scene: Scene) -> Array:
        """(8, 3) what was driven."""
        poses = [self._ego(_moved(scene.stamp_ns, float(offset))).pose for offset in PROPOSAL_TIMES]
        return _in_ego_frame(
            scene.ego.pose, np.array([(pose.x, pose.y) for pose in poses]), np.array([pose.yaw for pose in poses])
        )

    def _ego(self, stamp_ns: int) -> EgoState:
        state = self.drive.ego_at(stamp_ns)
        assert state is not None  # `can_export` has looked
        return state


def stamp_before(stamps: Iterable[int], stamp_ns: int) -> int | None:
    """Of stamps [ns] that which lies half a second before another, to 0.04 s; None = there is none."""
    wanted = _moved(stamp_ns, -PROPOSAL_DT)
    nearest = min(stamps, key=lambda stamp: abs(stamp - wanted), default=None)
    return None if nearest is None or abs(nearest - wanted) > _SAME_TIME_S * NS_PER_S else nearest


def start(ego: EgoState, time_s: float) -> StartState:
    """A state as NAVSIM starts from it: its own data has no steering angle and no sideways speed either."""
    pose = ego.pose
    return StartState(pose.x, pose.y, pose.yaw, ego.speed, ego.acceleration, ego.lateral_acceleration, time_s=time_s)


def proposal(trajectory: Trajectory, ego: EgoState) -> Array:
    """(8, 3) x, y, heading of base_link in its frame at t0, every 0.5 s, of a plan made in the frame of `ego`."""
    if len(trajectory) != len(PROPOSAL_TIMES) or not np.allclose(trajectory.times, PROPOSAL_TIMES, atol=1e-6):
        trajectory = trajectory.resampled(replace(ego, stamp_ns=trajectory.stamp_ns), ego.stamp_ns, PROPOSAL_TIMES)
    return _in_ego_frame(ego.pose, trajectory.positions, trajectory.headings)


def scenario_content(scenario: Scenario) -> dict[str, Any]:
    """What a scenario file holds, ready for JSON; `parse_scenario` reads it back."""
    previous = scenario.previous
    return {
        "ego": _start_content(scenario.ego),
        "ego_past": None if scenario.ego_past is None else scenario.ego_past.tolist(),
        "centerline": scenario.centerline.tolist(),
        "map": [{"id": area.id, "type": area.layer, "polygon": area.polygon.tolist()} for area in scenario.areas],
        "route_lane_ids": sorted(scenario.route_lane_ids),
        "agents": [
            {
                "id": agent.id,
                "type": agent.kind,
                "length": agent.length,
                "width": agent.width,
                "states": agent.keyframes.tolist(),
            }
            for agent in scenario.agents
        ],
        "traffic_lights": [
            {
                "lane_connector_id": light.lane_connector_id,
                "polygon": light.polygon.tolist(),
                "red": [list(span) for span in light.red],
            }
            for light in scenario.lights
        ],
        "reference": scenario.reference.tolist(),
        "human": None if scenario.human is None else scenario.human.tolist(),
        "proposals": scenario.proposals.tolist(),
        "proposal_dt": scenario.proposal_dt,
        "previous": None
        if previous is None
        else {"ego": _start_content(previous.ego), "proposals": previous.proposals.tolist()},
    }


def _start_content(ego: StartState) -> dict[str, float]:
    return {name: value for name, value in vars(ego).items() if value is not None}


def _agents(scenes: list[Scene], stamp_ns: int) -> list[Agent]:
    """Everybody seen at two keyframes or more: NAVSIM takes one who is seen once for standing there all the time."""
    seen: dict[int, list[tuple[int, Actor]]] = {}
    for scene in scenes:
        for actor in scene.actors:
            seen.setdefault(actor.id, []).append((scene.stamp_ns, actor))
    return [_agent(sightings, stamp_ns) for _, sightings in sorted(seen.items()) if len(sightings) > 1]


def _agent(sightings: list[tuple[int, Actor]], stamp_ns: int) -> Agent:
    first = sightings[0][1]
    keyframes = [
        (
            max((stamp - stamp_ns) / NS_PER_S, 0.0),
            actor.pose.x,
            actor.pose.y,
            actor.pose.yaw,
            actor.speed * math.cos(actor.pose.yaw),
            actor.speed * math.sin(actor.pose.yaw),
        )
        for stamp, actor in sightings
    ]
    return Agent(str(first.id), _KINDS[first.kind], first.length, first.width, np.array(keyframes))


def _in_ego_frame(pose: SE2, positions: Array, headings: Array) -> Array:
    """(T, 3) of positions (T, 2) and headings (T,) in the frame of a pose."""
    return np.column_stack([pose.inverse().apply(positions), wrap_angle(headings - pose.yaw)])


def _arc_length(points: Array, arc_lengths: Array, pose: SE2) -> float:
    """Of the route's point that is nearest in place and direction [m]."""
    steps = np.diff(points, axis=0)
    turned = np.abs(wrap_angle(np.arctan2(steps[:, 1], steps[:, 0]) - pose.yaw))
    gaps = np.hypot(points[:-1, 0] - pose.x, points[:-1, 1] - pose.y)
    return float(arc_lengths[int(np.argmin(gaps + 4.0 * turned))])


def _moved(stamp_ns: int, seconds: float) -> int:
    return stamp_ns + round(seconds * NS_PER_S)
