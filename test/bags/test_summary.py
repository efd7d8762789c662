from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from test.bags.made_bags import START, straight_drive, write
from wam_ros.bags.definitions import message_from_fields
from wam_ros.bags.ground_truth import GroundTruth
from wam_ros.bags.plan_messages import TIMING_TYPE, TRAJECTORY_TYPE
from wam_ros.bags.results import published_plans, summarize
from wam_ros.bags.summary import PublishedPlan, ReplaySummary
from wam_ros.bags.writer import BagWriter
from wam_ros.core import SE2, BagError, EgoState, PlanStatus

S = 10**9
# 2 s straight on at 10 m/s, a sample each 0.1 s.
TRUTH = GroundTruth.from_states([EgoState(S + k * S // 10, "odom", SE2(1.0 * k, 0.0, 0.0), 10.0) for k in range(21)])


def _plan(stamp_s: float, errors: list[float], **changes) -> PublishedPlan:
    """Waypoints each 0.5 s, that far to the left of the truth."""
    times = np.arange(1, len(errors) + 1) / 2.0
    positions = np.stack([10.0 * (stamp_s - 1.0 + times), np.array(errors, dtype=float)], axis=1)
    values = {"status": PlanStatus.FULL, "planned": True, "rejected": False, **changes}
    return PublishedPlan(round(stamp_s * S), times=times, positions=positions.reshape(-1, 2), **values)


def test_a_case_reckoned_by_hand():
    plans = [
        _plan(1.0, [0.1, 0.2, 0.3, 0.4], latency_ms=10.0, overrun_ms=-70.0),  # truth to its end
        _plan(1.5, [1.0, 2.0, 3.0, 4.0], latency_ms=20.0, overrun_ms=1.9),  # truth for 3 of 4 waypoints
        _plan(
            2.0, [5.0, 6.0, 7.0, 8.0], status=PlanStatus.REUSED, rejected=True, latency_ms=30.0, overrun_ms=2.1
        ),  # 2 of 4
        _plan(2.5, [9.0, 9.0, 9.0], status=PlanStatus.STOP, planned=False),  # 1 of 3; a waypoint short
        _plan(7.7, [0.0, 0.0, 0.0, 0.0]),  # answers no image
    ]
    summary = ReplaySummary.from_plans(plans, [round(s * S) for s in (1.0, 1.5, 2.0, 2.5, 3.0)], TRUTH)
    counted = [0.1, 0.2, 0.3, 0.4, 1.0, 2.0, 3.0, 5.0, 6.0, 9.0]
    assert summary.as_dict() == {
        "frames": 5,
        "planned": 3,
        "rejected": 1,
        "incomplete": 1,
        "late": 1,
        "worst_overrun_ms": 2.1,
        "status_counts": {"FULL": 2, "ANYTIME": 0, "REUSED": 1, "STOP": 1},
        "latency_ms": {"p50": 20.0, "p99": pytest.approx(29.8)},
        "ade_m": pytest.approx(sum(counted) / 10.0),
        "fde_m": pytest.approx(0.4),
        "n": 10,
        "n_fde": 1,
        "unmatched": 1,
    }


def test_nothing_measured_is_null_and_not_zero():
    summary = ReplaySummary.from_plans([_plan(9.0, [0.0])], [9 * S], TRUTH)
    found = json.loads(summary.to_json())["summary"]
    assert (found["worst_overrun_ms"], found["latency_ms"], found["ade_m"], found["fde_m"], found["n"]) == (
        None,
        {"p50": None, "p99": None},
        None,
        None,
        0,
    )
    assert "not measured" in summary.table()


def test_the_table_tells_the_same_figures():
    summary = ReplaySummary.from_plans([_plan(1.0, [0.25, 0.75], latency_ms=12.5, overrun_ms=-3.5)], [S], TRUTH)
    lines = dict(
        line.split(maxsplit=1) for line in summary.table().replace("worst overrun", "worst_overrun").splitlines()
    )
    assert lines["frames"] == "1"
    assert lines["worst_overrun"] == "-3.500 ms"
    assert lines["ADE"] == "0.500 m (n = 2 waypoints with truth)"
    assert lines["FDE"] == "0.750 m (n = 1 plans with truth at their end)"
    assert lines["status"] == "FULL 1, ANYTIME 0, REUSED 0, STOP 0"


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_values_that_are_not_finite_make_a_message_incomplete(broken):
    summary = ReplaySummary.from_plans([_plan(1.0, [0.0, broken]), _plan(1.5, [0.0, 0.0])], [S, 3 * S // 2], TRUTH)
    assert summary.incomplete == 1


def test_wanted_number_of_waypoints_may_be_given():
    plans = [_plan(1.0, [0.0, 0.0]), _plan(1.5, [0.0]), _plan(1.7, [])]
    stamps = [plan.stamp_ns for plan in plans]
    assert [ReplaySummary.from_plans(plans, stamps, TRUTH, n).incomplete for n in (None, 1, 2, 3)] == [2, 1, 2, 3]


@settings(derandomize=True, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 25), st.floats(0.0, 5.0)), max_size=12), st.floats(0.0, 3.0))
def test_a_shift_of_every_waypoint_is_its_ade_and_fde(plans, shift):
    answers = [_plan(1.0 + 0.1 * k, [shift] * 3) for k, _ in plans]
    summary = ReplaySummary.from_plans(answers, [plan.stamp_ns for plan in answers], TRUTH)
    for value, count in ((summary.ade_m, summary.n), (summary.fde_m, summary.n_fde)):
        assert (value is None) == (count == 0)
        assert value is None or value == pytest.approx(shift, abs=1e-9)
    assert summary.n >= summary.n_fde


def _header(at_ns: int) -> dict[str, Any]:
    return {"stamp": {"sec": at_ns // S, "nanosec": at_ns % S}, "frame_id": "odom"}


def _trajectory(at_ns: int, xs: list[float], latency_ms: float, status: int = 0):
    turn = {"x": 0.0, "y": 0.0, "z": 0.0, "w": 1.0}
    points = [
        {
            "time_from_start": {"sec": k + 1, "nanosec": 0},
            "pose": {"position": {"x": x, "y": 0.0, "z": 0.0}, "orientation": turn},
            "velocity": 10.0,
            "acceleration": 0.0,
            "heading_rate": 0.0,
            "confidence": math.nan,
        }
        for k, x in enumerate(xs)
    ]
    fields = {
        "header": _header(at_ns),
        "points": points,
        "confidence": math.nan,
        "calibrated": False,
        "status": status,
        "reason": "",
        "steps_done": 1,
        "steps_planned": 1,
        "budget_ms": 80.0,
        "latency_ms": latency_ms,
        "input_age_ms": 0.0,
        "planner": "p",
        "weights_hash": "",
    }
    return message_from_fields(TRAJECTORY_TYPE, fields)


def _timing(at_ns: int, overrun_ms: float, *, planned: bool = True, rejected: bool = False):
    milliseconds = dict.fromkeys(("budget_ms", "wait_ms", "planner_ms", "monitor_ms"), 0.0)
    fields = {
        "header": _header(at_ns),
        "received_ns": 1,
        "published_ns": 2,
        "overrun_ms": overrun_ms,
        "planned": planned,
        "rejected": rejected,
        "steps_done": 1,
        "superseded": 0,
        **milliseconds,
    }
    return message_from_fields(TIMING_TYPE, fields)


def test_recorded_result_is_matched_to_the_images_by_stamp(tmp_path):
    source = write(tmp_path / "source", straight_drive(3.0))  # images at 5, 105, ... ms, 10 m/s
    stamps = [START + (100 * k + 5) * 10**6 for k in range(30)]
    with BagWriter(tmp_path / "result") as bag:
        bag.add_topic("/ns/planner/output/trajectory", TRAJECTORY_TYPE)
        bag.add_topic("/ns/planner/debug/timing", TIMING_TYPE)

        def publish(number: int, error: float, overrun_ms: float, **timing) -> None:
            at, x = stamps[number], 0.05 + number
            # Published 40 ms after the image, as recorders see it; the timing comes later still.
            message = _trajectory(at, [x + 10.0 + error, x + 20.0 + error], 40.0 + number)
            bag.write_message("/ns/planner/output/trajectory", message, at + 40_000_000)
            bag.write_message("/ns/planner/debug/timing", _timing(at, overrun_ms, **timing), at + 41_000_000)

        publish(0, 0.5, -40.0)
        publish(1, 0.5, 5.0, rejected=True)
        publish(15, 1.5, -1.0, planned=False)  # truth ends at 3 s: for its first waypoint only
        bag.write_message("/ns/planner/output/trajectory", _trajectory(stamps[20], [], 3.0, 3), stamps[20])
        bag.write_message("/ns/planner/output/trajectory", _trajectory(START - 5, [1.0, 2.0], 3.0, 3), stamps[20])
    summary = summarize(tmp_path / "result", source)
    assert (summary.frames, summary.planned, summary.rejected, summary.incomplete, summary.late) == (30, 2, 1, 1, 1)
    assert (summary.worst_overrun_ms, summary.unmatched, summary.n, summary.n_fde) == (5.0, 1, 5, 2)
    assert summary.ade_m == pytest.approx((4 * 0.5 + 1.5) / 5.0)
    assert summary.fde_m == pytest.approx(0.5)
    assert summary.status_counts == {"FULL": 3, "ANYTIME": 0, "REUSED": 0, "STOP": 1}
    assert summary.latency_p50_ms == pytest.approx(np.percentile([40.0, 41.0, 55.0, 3.0], 50))


def test_a_bag_without_trajectories_is_no_result(tmp_path):
    with pytest.raises(BagError, match="no wam_ros/msg/Trajectory in it; it has /camera"):
        published_plans(write(tmp_path / "source", straight_drive(1.0)))


def test_unknown_status_in_a_result_is_refused(tmp_path):
    with BagWriter(tmp_path / "result") as bag:
        bag.add_topic("/plan", TRAJECTORY_TYPE)
        bag.write_message("/plan", _trajectory(7, [1.0], 0.0, status=77), 7)
    with pytest.raises(BagError, match="trajectory of 7 ns has status 77"):
        published_plans(tmp_path / "result")
