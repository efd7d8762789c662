"""Scores proposals of one scene by PDMS v1.1 and EPDMS v2.2. A batch equals a loop of singles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from wam_ros.core.errors import InputError
from wam_ros.core.geometry import Array, frozen_array
from wam_ros.metrics.navsim.aggregate import EpdmSubScores, PdmSubScores
from wam_ros.metrics.navsim.collisions import no_at_fault_collisions, time_to_collision, traffic_light_compliance
from wam_ros.metrics.navsim.comfort import comfort, extended_comfort, history_comfort, past_states
from wam_ros.metrics.navsim.road_map import RoadMap
from wam_ros.metrics.navsim.rollout import Rollout, ego_boxes
from wam_ros.metrics.navsim.route_scores import (
    drivable_area_compliance,
    driving_direction_compliance,
    ego_progress,
    lane_keeping,
    raw_progress,
)
from wam_ros.metrics.navsim.scenario import Scenario, require_positive
from wam_ros.metrics.navsim.simulation import simulate, start_states
from wam_ros.metrics.navsim.traffic import Traffic


@dataclass(frozen=True, eq=False)
class Internals:
    """What lies behind the sub-scores, each (N,).

    Fields:
        progress_raw_m: Metres along the centreline, at least 0.
        t_collision_s, t_ttc_s: First collision at fault and first TTC violation [s], infinite without one.
        steps_multiple_lanes, steps_nondrivable, steps_oncoming: Of the 41 states, how many are there.

    """

    progress_raw_m: Array
    t_collision_s: Array
    t_ttc_s: Array
    steps_multiple_lanes: Array
    steps_nondrivable: Array
    steps_oncoming: Array


@dataclass(frozen=True, eq=False)
class PdmScores:
    """v1.1 of N proposals."""

    sub_scores: PdmSubScores
    score: Array
    internals: Internals


@dataclass(frozen=True, eq=False)
class EpdmScores:
    """v2.2 of N proposals.

    Fields:
        raw: Sub-scores as they are. Use these as a reward: the human filter can pay for violations.
        filtered: After the human filter; the same without a human.
        extended_comfort: EC (N,), or None without a frame before.
        epdms: (N,) total of `filtered` and EC.
        pdms_without_ec: (N,) total of `raw` without EC: the scorer's own column in NAVSIM.

    """

    raw: EpdmSubScores
    filtered: EpdmSubScores
    extended_comfort: Array | None
    epdms: Array
    pdms_without_ec: Array
    internals: Internals


class NavsimScorer:
    """One scene, made ready for many proposals.

    The reference and the human are simulated and scored once. `rollout` is shared by both versions.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self._road_map = RoadMap(scenario.areas, scenario.route_lane_ids)
        self._centerline = shapely.LineString(scenario.centerline)
        shapely.prepare(self._centerline)
        self._past = None if scenario.ego_past is None else past_states(scenario.ego_past)
        self._traffic = Traffic.of(scenario.agents, ego_boxes(start_states(scenario.ego, 1)))
        reference = self.rollout(scenario.reference[None])
        self._reference_raw = float(raw_progress(reference, self._centerline)[0])
        collisions = no_at_fault_collisions(reference, self._traffic.long, reference.encounters)[0]
        self._reference_product_v1 = float((collisions * drivable_area_compliance(reference))[0])
        alone = np.ones(1)
        self._reference_product_v2 = float(self._multipliers(reference, alone)[0].product[0])
        self._human = None
        if scenario.human is not None:
            self._human = self._multipliers(self.rollout(scenario.human[None]), alone)[0]

    def rollout(self, proposals: Array | None = None, proposal_dt: float | None = None) -> Rollout:
        """What the vehicle drives for proposals (N, T, 3) in the ego frame, by default those of the scenario.

        Raises:
            InputError: The proposals have another shape or are not finite.

        """
        poses = self.scenario.proposals if proposals is None else checked_proposals(proposals, "proposals")
        dt = self.scenario.proposal_dt if proposal_dt is None else proposal_dt
        require_positive("proposal_dt", dt)
        return Rollout.of(simulate(poses, dt, self.scenario.ego), self._road_map, self._traffic)

    def pdms(self, rollout: Rollout) -> PdmScores:
        """v1.1 of a rollout."""
        raw = raw_progress(rollout, self._centerline)
        collisions, t_collision = no_at_fault_collisions(rollout, self._traffic.long, rollout.encounters)
        ttc, t_ttc = time_to_collision(rollout, rollout.encounters, len(self.scenario.agents), "v1")
        drivable = drivable_area_compliance(rollout)
        sub_scores = PdmSubScores(
            no_at_fault_collisions=collisions,
            drivable_area_compliance=drivable,
            ego_progress=ego_progress(
                raw, collisions * drivable, self._reference_raw, self._reference_product_v1, "v1"
            ),
            time_to_collision_within_bound=ttc,
            comfort=comfort(rollout.states),
            driving_direction_compliance=driving_direction_compliance(rollout, "v1"),
        )
        return PdmScores(sub_scores, sub_scores.pdms(), _internals(rollout, raw, t_collision, t_ttc))

    def epdms(self, rollout: Rollout, previous: Array | None = None) -> EpdmScores:
        """v2.2 of a rollout; `previous` are the states (N, 41, 11) of the frame before, one for each proposal."""
        raw_metres = raw_progress(rollout, self._centerline)
        partial, t_collision, t_ttc = self._multipliers(rollout, history_comfort(rollout.states, self._past))
        progress = ego_progress(raw_metres, partial.product, self._reference_raw, self._reference_product_v2, "v2")
        raw = EpdmSubScores(**{**vars(partial), "ego_progress": progress})
        filtered = raw if self._human is None else raw.forgiven(self._human)
        comfort_of_both = None
        if previous is not None:
            if previous.shape != rollout.states.shape:
                msg = f"previous states of shape {previous.shape}, wanted {rollout.states.shape}"
                raise InputError(msg)
            comfort_of_both = extended_comfort(rollout.states, previous, self.scenario.previous_age_steps())
        return EpdmScores(
            raw=raw,
            filtered=filtered,
            extended_comfort=comfort_of_both,
            epdms=filtered.epdms(comfort_of_both),
            pdms_without_ec=raw.epdms(None),
            internals=_internals(rollout, raw_metres, t_collision, t_ttc),
        )

    def previous_states(self, proposals: Array | None = None) -> Array | None:
        """States (N, 41, 11) of proposals of the frame before, by default all of its; None without such a frame."""
        previous = self.scenario.previous
        if previous is None:
            return None
        poses = previous.proposals if proposals is None else checked_proposals(proposals, "previous proposals")
        return simulate(poses, self.scenario.proposal_dt, previous.ego)

    def _multipliers(self, rollout: Rollout, comfortable: Array) -> tuple[EpdmSubScores, Array, Array]:
        """v2 sub-scores with full progress, and the times of the first collision and TTC violation."""
        contacts = rollout.encounters_v2(self._traffic)
        collisions, t_collision = no_at_fault_collisions(rollout, self._traffic.short, contacts)
        ttc, t_ttc = time_to_collision(rollout, contacts, len(self.scenario.agents), "v2")
        scene = self.scenario
        scores = EpdmSubScores(
            no_at_fault_collisions=collisions,
            drivable_area_compliance=drivable_area_compliance(rollout),
            driving_direction_compliance=driving_direction_compliance(rollout, "v2"),
            traffic_light_compliance=traffic_light_compliance(rollout, scene.lights, scene.route_lane_ids),
            ego_progress=np.ones(len(rollout.states)),
            time_to_collision_within_bound=ttc,
            lane_keeping=lane_keeping(rollout, self._centerline),
            history_comfort=comfortable,
        )
        return scores, t_collision, t_ttc


def checked_proposals(proposals: Array, name: str) -> Array:
    """Proposals (N, T, 3) as a read-only array.

    Raises:
        InputError: They have another shape, are empty or not finite.

    """
    poses: Array = frozen_array(proposals, name, (None, None, 3))
    if 0 in poses.shape or not np.isfinite(poses).all():
        msg = f"{name} of shape {poses.shape}: empty, or values that are not finite"
        raise InputError(msg)
    return poses


def _internals(rollout: Rollout, raw: Array, t_collision: Array, t_ttc: Array) -> Internals:
    areas = rollout.areas
    return Internals(
        progress_raw_m=raw,
        t_collision_s=t_collision,
        t_ttc_s=t_ttc,
        steps_multiple_lanes=areas.multiple_lanes.sum(axis=1),
        steps_nondrivable=areas.non_drivable.sum(axis=1),
        steps_oncoming=areas.oncoming.sum(axis=1),
    )
