"""One scene to score: what NAVSIM's scorer is given, as checked dataclasses. Knows nothing of files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from wam_ros.core.errors import InputError
from wam_ros.core.geometry import Array, frozen_array, require_finite

Layer = Literal["ROADBLOCK", "LANE", "LANE_CONNECTOR", "INTERSECTION", "CARPARK_AREA", "DRIVABLE_AREA"]
LAYERS: tuple[str, ...] = get_args(Layer)
AgentKind = Literal["VEHICLE", "PEDESTRIAN", "BICYCLE", "TRAFFIC_CONE", "BARRIER", "CZONE_SIGN", "GENERIC_OBJECT"]
AGENT_KINDS: tuple[str, ...] = get_args(AgentKind)
ROAD_USERS: frozenset[str] = frozenset({"VEHICLE", "PEDESTRIAN", "BICYCLE"})
"""Kinds that move; hitting one costs the whole score, hitting another kind half of it."""

_PREVIOUS_FRAME_AGE = 0.5  # s
_OLDEST_PREVIOUS_FRAME = 0.55  # s, exclusive (metrics of NAVSIM v2.2)
_GRID = 0.1  # s


@dataclass(frozen=True)
class StartState:
    """The measured state from which the proposals are simulated: rear axle, world frame.

    Fields:
        x, y: [m].
        heading: [rad].
        vx: Speed along the body [m/s].
        ax, ay: Acceleration along and across the body [m/s^2].
        steering: Angle of the front wheels [rad]; NAVSIM's own data always has 0.
        time_s: Time of the frame [s], or None where it does not matter.

    """

    x: float
    y: float
    heading: float
    vx: float
    ax: float = 0.0
    ay: float = 0.0
    steering: float = 0.0
    time_s: float | None = None

    def __post_init__(self) -> None:
        require_finite(**{name: value for name, value in vars(self).items() if value is not None})


@dataclass(frozen=True, eq=False)
class Agent:
    """Another road user or an object, by keyframes.

    Fields:
        id: Unique name.
        kind: What it is.
        length, width: Of its box [m].
        keyframes: (K, 6) t [s] from 0 on, x, y [m] of the centre, heading [rad], velocity x, y [m/s], world frame.

    """

    id: str
    kind: AgentKind
    length: float
    width: float
    keyframes: Array

    def __post_init__(self) -> None:
        if self.kind not in AGENT_KINDS:
            msg = f"agent {self.id!r}: type {self.kind!r}, wanted one of {', '.join(AGENT_KINDS)}"
            raise InputError(msg)
        if not (0.0 < self.length < np.inf and 0.0 < self.width < np.inf):
            msg = f"agent {self.id!r}: length {self.length} m, width {self.width} m, wanted positive"
            raise InputError(msg)
        keyframes = _finite(self.keyframes, f"agent {self.id!r}: states", (None, 6))
        if not len(keyframes):
            msg = f"agent {self.id!r}: states is empty, wanted at least one keyframe"
            raise InputError(msg)
        times = keyframes[:, 0]
        if times[0] < 0.0 or (np.diff(times) <= 0.0).any():
            msg = f"agent {self.id!r}: times of its states {times.tolist()} must rise from 0 s on"
            raise InputError(msg)
        object.__setattr__(self, "keyframes", keyframes)

    @property
    def is_road_user(self) -> bool:
        """Whether it is a vehicle, pedestrian or bicycle; all else counts as a static object."""
        return self.kind in ROAD_USERS


@dataclass(frozen=True, eq=False)
class MapArea:
    """A polygon (M, 2) [m] of one map layer, world frame."""

    id: str
    layer: Layer
    polygon: Array

    def __post_init__(self) -> None:
        if self.layer not in LAYERS:
            msg = f"map area {self.id!r}: type {self.layer!r}, wanted one of {', '.join(LAYERS)}"
            raise InputError(msg)
        object.__setattr__(self, "polygon", _polygon(self.polygon, f"map area {self.id!r}"))


@dataclass(frozen=True, eq=False)
class SignalledConnector:
    """A lane connector with a traffic light: its polygon (M, 2) [m] and the times [t0, t1) [s] of red."""

    lane_connector_id: str
    polygon: Array
    red: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        name = f"traffic light of {self.lane_connector_id!r}"
        object.__setattr__(self, "polygon", _polygon(self.polygon, name))
        for start, end in self.red:
            if not start <= end:
                msg = f"{name}: red from {start} s to {end} s, wanted the earlier time first"
                raise InputError(msg)

    def is_red(self, time_s: float) -> bool:
        """Whether it shows red at a time [s]."""
        return any(start <= time_s < end for start, end in self.red)


@dataclass(frozen=True, eq=False)
class PreviousFrame:
    """The frame before, for extended comfort: its start and its proposals (N, T, 3), one per proposal of this frame."""

    ego: StartState
    proposals: Array

    def __post_init__(self) -> None:
        object.__setattr__(self, "proposals", _finite(self.proposals, "previous.proposals", (None, None, 3)))


@dataclass(frozen=True, eq=False)
class Scenario:
    """A scene, its reference and the proposals to score.

    Poses of proposals, reference and human are x, y [m], heading [rad] of the rear axle in the frame of the rear axle
    at the start; pose i is at (i + 1) * proposal_dt.

    Fields:
        ego: Where all of them start.
        centerline: (C, 2) of the route [m], world frame.
        areas: The map.
        route_lane_ids: Ids of lanes and lane connectors on the route.
        agents: The others; ids differ.
        lights: Signalled lane connectors.
        reference: (T, 3) the plan whose progress is the yardstick (PDM-Closed in NAVSIM).
        proposals: (N, T, 3).
        proposal_dt: Time between poses [s].
        ego_past: (H, 7) t <= 0 [s], x, y, heading, vx, ax, ay of the rear axle, world frame; None = no history.
        human: (T, 3) what the human drove, for the human filter; None = no filter (synthetic scenes).
        previous: The frame before, or None.

    """

    ego: StartState
    centerline: Array
    areas: tuple[MapArea, ...]
    route_lane_ids: frozenset[str]
    agents: tuple[Agent, ...]
    lights: tuple[SignalledConnector, ...]
    reference: Array
    proposals: Array
    proposal_dt: float
    ego_past: Array | None = None
    human: Array | None = None
    previous: PreviousFrame | None = None

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "centerline", _finite(self.centerline, "centerline", (None, 2)))
        if len(self.centerline) < 2:
            msg = f"centerline has {len(self.centerline)} point(s), wanted at least 2"
            raise InputError(msg)
        require_positive("proposal_dt", self.proposal_dt)
        put(self, "reference", _poses(self.reference, "reference", (None, 3)))
        put(self, "proposals", _poses(self.proposals, "proposals", (None, None, 3)))
        if self.human is not None:
            put(self, "human", _poses(self.human, "human", (None, 3)))
        if self.ego_past is not None:
            put(self, "ego_past", _past(self.ego_past))
        ids = [agent.id for agent in self.agents]
        repeated = sorted({name for name in ids if ids.count(name) > 1})
        if repeated:
            msg = f"agents: ids repeat: {', '.join(repeated)}"
            raise InputError(msg)
        if self.previous is not None:
            if len(self.previous.proposals) != len(self.proposals):
                msg = (
                    f"previous.proposals has {len(self.previous.proposals)} entries, "
                    f"wanted one for each of the {len(self.proposals)} proposals"
                )
                raise InputError(msg)
            self.previous_age_steps()

    def previous_age_steps(self) -> int:
        """How many steps of 0.1 s the previous frame lies back; 5 where the frames carry no times.

        Raises:
            InputError: It is not older than this frame, or 0.55 s old or more.

        """
        if self.previous is None:
            msg = "the scenario has no previous frame"
            raise InputError(msg)
        now, then = self.ego.time_s, self.previous.ego.time_s
        age = _PREVIOUS_FRAME_AGE if now is None or then is None else now - then
        steps = round(age / _GRID)
        if not (age < _OLDEST_PREVIOUS_FRAME and steps > 0):
            msg = f"previous.ego.time_s: the previous frame is {age:.3f} s old, wanted within (0.05, 0.55) s"
            raise InputError(msg)
        return steps


def require_positive(name: str, value: float) -> None:
    """Refuse a value that is not a positive finite number.

    Raises:
        InputError: It is not.

    """
    if not 0.0 < value < np.inf:
        msg = f"{name} = {value}, wanted a positive number"
        raise InputError(msg)


def _finite(values: Array, name: str, shape: tuple[int | None, ...]) -> Array:
    array: Array = frozen_array(values, name, shape)
    if not np.isfinite(array).all():
        msg = f"{name} holds values that are not finite"
        raise InputError(msg)
    return array


def _poses(values: Array, name: str, shape: tuple[int | None, ...]) -> Array:
    array = _finite(values, name, shape)
    if 0 in array.shape:
        msg = f"{name} is empty, wanted at least one pose"
        raise InputError(msg)
    return array


def _polygon(values: Array, name: str) -> Array:
    polygon = _finite(values, f"{name}: polygon", (None, 2))
    if len(polygon) < 3:
        msg = f"{name}: polygon has {len(polygon)} corner(s), wanted at least 3"
        raise InputError(msg)
    return polygon


def _past(values: Array) -> Array:
    past = _finite(values, "ego_past", (None, 7))
    times = past[:, 0]
    if len(past) < 2 or times[-1] > 0.0 or (np.diff(times) <= 0.0).any():
        msg = f"ego_past: times {times.tolist()} must be at least two, rising, and end at 0 s or before"
        raise InputError(msg)
    return past
