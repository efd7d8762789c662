from __future__ import annotations

import json
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from wam_ros.core.geometry import Array
from wam_ros.core.observation import Observation
from wam_ros.core.plan import Plan, PlanStatus, Trajectory
from wam_ros.core.timing import NS_PER_S, Deadline
from wam_ros.evaluation.open_loop import EvaluatedDrive, PlannedFrame, evaluate_drive
from wam_ros.evaluation.open_loop_summary import bag_rows, calibrate_frames, summarise_frames
from wam_ros.evaluation.recorded_drive import RecordedDrive
from wam_ros.planning import ConstantVelocityPlanner
from wam_ros.planning.catalog import load_vehicle
from wam_ros.planning.expert import PrivilegedExpert

from .made_drives import BEGUN_NS, car, drive, ego, stamp

COUNT = 100
EXPERT = PrivilegedExpert(load_vehicle("passenger_car"))


class Poses(NamedTuple):
    positions: Array
    headings: Array
    valid: NDArray[np.bool_]


class Straight:
    """The path of `made_drives`, known for COUNT steps of 0.1 s."""

    def at(self, stamp_ns: int, times: ArrayLike) -> Poses:
        wanted = (stamp_ns - BEGUN_NS) / NS_PER_S + np.asarray(times, dtype=np.float64)
        known = wanted <= 0.1 * (COUNT - 1) + 1e-9
        positions = np.stack([-10.0 + 8.0 * wanted, 0.0 * wanted], axis=1)
        return Poses(np.where(known[:, None], positions, np.nan), np.where(known, 0.0, np.nan), known)


def plan(index: int, aside: float = 0.0, turned: float = 0.0, **more) -> Plan:
    """Straight on, `aside` [m] to the left of it, heading `turned` [rad] away."""
    made = ConstantVelocityPlanner().plan(Observation(stamp(index), ego(index)), Deadline.unlimited())
    path = made.trajectory
    shifted: Trajectory = replace(
        path, positions=path.positions + np.array([0.0, aside]), headings=path.headings + turned
    )
    return replace(made, trajectory=shifted, **more)


def frames(**more) -> list[PlannedFrame]:
    return [PlannedFrame(stamp(index), ego(index), plan(index, **more)) for index in range(COUNT)]


def evaluated(planned: list[PlannedFrame], truth: RecordedDrive | None = None) -> EvaluatedDrive:
    return evaluate_drive("a drive", planned, Straight(), truth, EXPERT, why_unscored="" if truth else "no truth")


def test_plans_as_driven_have_no_error() -> None:
    summary = summarise_frames([evaluated(frames())])
    assert (summary["ade_m"], summary["fde_m"]) == pytest.approx((0.0, 0.0), abs=1e-6)
    assert summary["heading_error_rad"] == 0.0
    assert (summary["frames"], summary["n_fde"]) == (100, 60)
    assert summary["n"] == sum(row["n"] for row in summary["by_horizon"]) == 95 + 90 + 85 + 80 + 75 + 70 + 65 + 60
    assert summary["pdms"] is None
    assert summary["sub_scores"] == {"v1": {}, "v2": {}}


def test_errors_by_horizon_and_in_the_tables_of_nuscenes() -> None:
    summary = summarise_frames([evaluated(frames(aside=1.0, turned=0.1))])
    assert [row["time_s"] for row in summary["by_horizon"]] == [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0]
    assert [row["error_m"] for row in summary["by_horizon"]] == pytest.approx([1.0] * 8, abs=1e-6)
    assert summary["heading_error_rad"] == pytest.approx(0.1)
    lidar = np.hypot(0.943713 * (np.cos(0.1) - 1.0), 1.0 + 0.943713 * np.sin(0.1))
    rows = {row["protocol"]: row for row in summary["nuscenes"]}
    assert rows["ST-P3"]["l2_m"] == pytest.approx(dict.fromkeys(("1s", "2s", "3s", "avg"), lidar), abs=1e-4)
    assert (rows["ST-P3"]["samples"], rows["VAD"]["samples"], rows["UniAD"]["samples"]) == (60, 70, 95)
    assert rows["UniAD"]["l2_m"]["3s"] == pytest.approx(lidar * 70 / 95, abs=1e-4)  # masked steps stay in the mean
    assert rows["ST-P3"]["box_collision"] is None


def test_collisions_are_told_where_the_others_are_known() -> None:
    # At 0.95 m beside the car's side the true path is clear, 1.5 m further left it is not.
    truth = drive(COUNT, actors=lambda _: [car(1, 40.0, 3.0)])
    clear, hit = (
        {row["protocol"]: row for row in summarise_frames([evaluated(frames(aside=aside), truth)])["nuscenes"]}
        for aside in (0.0, 1.5)
    )
    for protocol in ("ST-P3", "VAD", "UniAD"):
        assert clear[protocol]["box_collision"]["3s"] == 0.0
        assert hit[protocol]["box_collision"]["3s"] > 0.02


def test_navsim_scores_of_frames_half_a_second_apart() -> None:
    result = evaluated(frames(), drive(COUNT))
    scored = [index for index, frame in enumerate(result.frames) if frame.scores is not None]
    assert scored == [15, 20, 25, 30, 35, 40, 45, 50, 55]
    summary = summarise_frames([result])
    assert summary["frames_scored"] == 9
    assert 0.85 < summary["pdms"] <= 1.0
    assert summary["sub_scores"]["v2"]["extended_comfort"] == 1.0
    assert summary["sub_scores"]["v1"]["drivable_area_compliance"] == 1.0


def test_the_human_filter_shows_in_one_total_only() -> None:
    result = evaluated(frames(), drive(COUNT, actors=lambda _: [car(1, 45.0)]))  # the driven path leads through it
    summary = summarise_frames([result])
    assert summary["epdms_unfiltered"] < 0.5 < summary["epdms"]
    assert summary["pdms"] < 0.5


def test_confidence_is_told_by_bins_and_calibrated_against_the_simulation() -> None:
    near = [index < COUNT // 2 for index in range(COUNT)]
    planned = [
        PlannedFrame(
            stamp(index),
            ego(index),
            plan(
                index,
                aside=0.1 if good else 4.0,
                confidence=0.9 if good else 0.3,
                waypoint_confidence=np.full(8, 0.95 if good else 0.05),
            ),
        )
        for index, good in enumerate(near)
    ]
    drives = [evaluated(planned, drive(COUNT, actors=lambda _: [car(1, 75.0, 4.0)]))]
    summary = summarise_frames(drives)
    bins = {(row["low"], row["high"]): row for row in summary["by_confidence"]}
    assert sum(row["frames"] for row in bins.values()) == COUNT
    ades = [row["ade_m"] for row in summary["by_confidence"] if row["frames"]]
    assert ades == pytest.approx([4.0, 0.1], abs=1e-5)
    assert summary["confidence_calibrated"] is False
    figures = calibrate_frames(drives)
    assert figures is not None
    told = figures.as_dict()
    assert told["waypoints"]["ece"] == pytest.approx(0.05)
    assert told["ause"] == pytest.approx(0.0, abs=1e-6)
    assert told["overall"]["auroc"] == 1.0


def test_without_confidence_there_is_no_calibration() -> None:
    result = evaluated(frames())
    assert calibrate_frames([result]) is None
    assert summarise_frames([result])["by_confidence"] == []


def test_statuses_and_rows_by_bag() -> None:
    stop = frames()
    for index in (3, 4):
        text = f"{index}.5 m off the route"
        stop[index] = replace(stop[index], plan=plan(index).with_status(PlanStatus.STOP, text))
    rows = bag_rows([evaluated(stop), evaluated(frames(), drive(COUNT))])
    assert rows[0]["statuses"] == {"FULL": 98, "ANYTIME": 0, "REUSED": 0, "STOP": 2}
    assert rows[0]["reasons"] == {"# m off the route": 2}
    assert [row["why_unscored"] for row in rows] == ["no truth", ""]
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows


def test_frames_without_a_state_and_empty_drives_are_no_trouble() -> None:
    lost = [replace(frame, ego=None) for frame in frames()[:30]]
    summary = summarise_frames([evaluated(lost, drive(COUNT)), evaluated([])])
    assert (summary["frames"], summary["frames_scored"], summary["nuscenes"]) == (30, 0, [])
    nothing = summarise_frames([evaluated([])])
    assert (nothing["ade_m"], nothing["by_horizon"], nothing["ci95"]) == (None, [], {})


def test_intervals_are_over_stretches_of_ten_seconds() -> None:
    one = evaluated(frames(aside=1.0))
    assert summarise_frames([one])["ci95"] == {}
    both = summarise_frames([one, evaluated(frames(aside=3.0))], seed=4)
    low, high = both["ci95"]["ade_m"]
    assert both["ade_m"] == pytest.approx(2.0, abs=1e-6)
    assert low <= both["ade_m"] <= high
    assert both["ci95"] == summarise_frames([one, evaluated(frames(aside=3.0))], seed=4)["ci95"]
