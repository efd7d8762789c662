"""No at-fault collision (NC), time to collision within bound (TTC) and traffic light compliance (TLC)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely

from wam_ros.core.geometry import Array
from wam_ros.metrics.navsim.boxes import front_meets
from wam_ros.metrics.navsim.encounters import LOOKAHEADS, Encounters, valid_faults
from wam_ros.metrics.navsim.layout import DT, STATES, STEPS, Version
from wam_ros.metrics.navsim.rollout import Rollout
from wam_ros.metrics.navsim.scenario import SignalledConnector
from wam_ros.metrics.navsim.traffic import Tracks

_STOPPED_EGO_SPEED = 0.05  # m/s, inclusive (NC)
_TTC_STOPPED_SPEED = 0.005  # m/s, exclusive (TTC)
_TTC_STEPS: dict[Version, int] = {"v1": STATES, "v2": STATES - max(LOOKAHEADS)}
_LIGHT_PERIOD = 5  # steps for which a status holds: the logs have 2 Hz


def no_at_fault_collisions(rollout: Rollout, tracks: Tracks, contacts: Encounters) -> tuple[Array, Array]:
    """NC (N,) in {0, 0.5, 1} and the time (N,) of the first collision at fault [s], infinite without one.

    At fault: the other stands, or the front edge is hit, or a side is hit outside of a single lane. A collision
    without fault takes that agent out for the rest of the motion.
    """
    count = len(rollout.states)
    events = contacts.among(contacts.lookahead == 0)
    at = (events.proposal, events.step)
    ego_moves = rollout.speeds[at] > _STOPPED_EGO_SPEED
    stopped = tracks.stopped[events.agent]
    out_of_lane = rollout.areas.multiple_lanes[at] | rollout.areas.non_drivable[at]
    front = front_meets(rollout.boxes.pick(*at), tracks.boxes.pick(events.step, events.agent))
    fault = ego_moves & (stopped | (~events.behind & (out_of_lane | front)))
    counts = valid_faults(events, fault, count, len(tracks.stopped))
    scores, times = np.ones(count), np.full(count, np.inf)
    proposal = events.proposal[counts]
    np.minimum.at(scores, proposal, np.where(tracks.road_user[events.agent[counts]], 0.0, 0.5))
    np.minimum.at(times, proposal, events.step[counts] * DT)
    return scores, times


def time_to_collision(rollout: Rollout, contacts: Encounters, agents: int, version: Version) -> tuple[Array, Array]:
    """TTC (N,) in {0, 1} and the time (N,) of the first violation [s], infinite without one.

    Own boxes are moved ahead by 0, 0.3, 0.6, 0.9 s at their velocity and held against the others at that time. An
    agent ahead violates; outside of a single lane or in an intersection also one beside. Any other contact takes the
    agent out for the rest of the motion.
    """
    count = len(rollout.states)
    # A standing vehicle is not looked at, so it neither violates nor takes anybody out.
    moving = rollout.speeds[contacts.proposal, contacts.step] >= _TTC_STOPPED_SPEED
    events = contacts.among(moving & (contacts.step < _TTC_STEPS[version]))
    at = (events.proposal, events.step)
    areas = rollout.areas
    wide = areas.multiple_lanes[at] | areas.non_drivable[at] | areas.rear_axle_in_intersection[at]
    violation = events.ahead | (wide & ~events.behind)
    counts = valid_faults(events, violation, count, agents)
    scores, times = np.ones(count), np.full(count, np.inf)
    scores[events.proposal[counts]] = 0.0
    np.minimum.at(times, events.proposal[counts], events.step[counts] * DT)
    return scores, times


def traffic_light_compliance(
    rollout: Rollout, lights: Sequence[SignalledConnector], route_lane_ids: frozenset[str]
) -> Array:
    """TLC (N,) in {0, 1}: 0 if a box meets the polygon of a connector on the route while its light is red."""
    count = len(rollout.states)
    scores = np.ones(count)
    on_route = [light for light in lights if light.lane_connector_id in route_lane_ids]
    if not on_route:
        return scores
    corners = rollout.boxes.corners()
    low, high = corners.min(axis=-2), corners.max(axis=-2)  # (N, 41, 2)
    for light in on_route:
        polygon = shapely.Polygon(light.polygon)
        shapely.prepare(polygon)
        red = np.array([light.is_red(step // _LIGHT_PERIOD * _LIGHT_PERIOD * DT) for step in range(STEPS + 1)])
        near = red & ((high >= light.polygon.min(axis=0)) & (low <= light.polygon.max(axis=0))).all(axis=-1)
        near &= scores[:, None] > 0.0
        if near.any():
            crossed = shapely.intersects(polygon, shapely.polygons(corners[near]))
            scores[np.nonzero(near)[0][crossed]] = 0.0
    return scores
