"""Result files with made-up drives, in the shape that `wam evaluate` writes; none of their figures was measured."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from wam_ros.evaluation.calibration import OutcomeSamples, WaypointSamples, calibration_figures
from wam_ros.evaluation.result import SCORES, Moment, Outcome, RouteEvent, RouteResult, Row, write_result
from wam_ros.evaluation.stamp import Stamp
from wam_ros.evaluation.summary import summarise

TOWN = "grid_small"
BLOCK, BLOCKS = 80.0, 4
KINDS = ("collision_vehicle", "red_light", "off_lane", "collision_static", "stopped_at_green", "collision_pedestrian")


def closed_loop(
    path: Path,
    planner: str = "route_follower",
    *,
    skill: float = 0.7,
    routes: int = 6,
    towns: Sequence[str] = (TOWN,),
    confident: bool = False,
    pictures: bool = True,
    **stamp: Any,
) -> Path:
    """Write a result of a planner of that skill, 0 to 1."""
    rng = np.random.default_rng(sum(map(ord, planner)))
    rows = [
        _route(rng, towns[number % len(towns)], number // len(towns), skill, confident, pictures).as_row()
        for number in range(routes)
    ]
    write_result(
        path,
        "closed_loop",
        stamp=_stamp(planner, {"towns": list(towns), "plan_delay_s": 0.1, "planning_period_s": 0.1, **stamp}),
        summary=summarise(rows),
        routes=rows,
        calibration=_calibration(rng) if confident else None,
        town_maps={town: {"lanes": _lanes()} for town in towns},
    )
    return path


def open_loop(path: Path, planner: str = "route_follower", error: float = 0.4) -> Path:
    """Write an open-loop result of a planner that is wrong by `error` m per second."""
    rng = np.random.default_rng(sum(map(ord, planner)))
    figures = {
        "frames": 240,
        "ade_m": 1.5 * error,
        "fde_m": 4.0 * error,
        "heading_error_rad": 0.04,
        "n": 1900,
        "n_fde": 230,
        "statuses": {"FULL": 236, "ANYTIME": 0, "REUSED": 3, "STOP": 1},
        "reasons": {"image is late by 120 ms": 4},
        "frames_scored": 46,
        "pdms": 0.71,
        "epdms": 0.66,
        "epdms_unfiltered": 0.64,
        "sub_scores": {"v1": {"no_at_fault_collisions": 0.93, "ego_progress": 0.6}, "v2": {"EC": None, "LK": 0.9}},
    }
    summary = {
        "bags": 2,
        **figures,
        "by_horizon": [
            {"time_s": 0.5 * i, "n": 240 - i, "error_m": 0.5 * i * error, "heading_error_rad": 0.01 * i}
            for i in range(1, 9)
        ],
        "by_confidence": [
            {
                "low": low,
                "high": low + 0.2,
                "frames": 0 if low == 0.0 else 60,
                "ade_m": None if low == 0.0 else (2.0 - low) * error,
                "fde_m": None if low == 0.0 else (5.0 - low) * error,
                "heading_error_rad": None,
                "pdms": None if low == 0.0 else 0.5 + low / 2.0,
            }
            for low in (0.0, 0.2, 0.4, 0.6, 0.8)
        ],
        "confidence_calibrated": True,
        "nuscenes": [
            {
                "protocol": name,
                "samples": 200,
                "l2_m": {at: error * i for i, at in enumerate(("1s", "2s", "3s", "avg"), 1)},
                "box_collision": None,
                "point_collision": None,
            }
            for name in ("ST-P3", "UniAD")
        ],
        "ci95": {"ade_m": [1.2 * error, 1.9 * error], "pdms": [0.6, 0.8]},
    }
    bags = [
        {"id": "drive_a", **figures, "why_unscored": ""},
        {"id": "drive_b", **figures, "pdms": None, "why_unscored": "the bag holds no objects"},
    ]
    write_result(
        path,
        "open_loop",
        stamp=_stamp(planner, {"towns": [], "bags": ["drive_a", "drive_b"], "plan_delay_s": 0.0}),
        summary=summary,
        routes=bags,
        calibration=_calibration(rng),
    )
    return path


def _stamp(planner: str, more: dict[str, Any]) -> dict[str, Any]:
    task = {
        "planner": planner,
        "provenance": f"{planner} of a made-up result",
        "privileged": planner == "expert",
        "weights_hash": "sha256:0123456789abcdef" if planner == "wam_diff" else None,
        "seed": 7,
        "metric_version": "made up",
        "decode": {"steps": 8},
        **more,
    }
    return Stamp(
        task, "2 cores, no GPU", f"wam evaluate closed-loop --planner {planner}", "2030-01-01T00:00:00+00:00"
    ).as_dict()


def _lanes() -> list[Row]:
    """Two lanes for each street of a grid; junctions in between."""
    end = BLOCK * (BLOCKS - 1)
    lines = [
        ([[start, offset + side], [stop, offset + side]], False)
        for offset in np.arange(BLOCKS) * BLOCK
        for side in (-1.75, 1.75)
        for start, stop in ((-20.0, end + 20.0),)
    ]
    lines += [([[y, x] for x, y in points], junction) for points, junction in lines]
    return [{"points": [[float(x), float(y)] for x, y in points], "width": 3.5, "junction": j} for points, j in lines]


def _corners(index: int) -> list[tuple[float, float]]:
    """A way through the grid that differs by index."""
    rng = np.random.default_rng(index)
    x, y = float(rng.integers(BLOCKS)) * BLOCK, 0.0
    corners = [(x, -15.0)]
    for turn in range(3):
        y += BLOCK
        corners.append((x, y - BLOCK if turn == 0 else corners[-1][1]))
        x = (x + BLOCK) if x < BLOCK * 1.5 else (x - BLOCK)
        corners.append((x, corners[-1][1]))
        corners.append((x, min(y, BLOCK * (BLOCKS - 1))))
    return corners


def _route(
    rng: np.random.Generator, town: str, index: int, skill: float, confident: bool, pictures: bool
) -> RouteResult:
    corners = np.array(_corners(index))
    gaps = np.hypot(*np.diff(corners, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(gaps)])
    length = float(along[-1])
    share = float(np.clip(rng.normal(skill + 0.15, 0.3), 0.05, 1.0))
    if skill < 0.9 and index == 3:
        return RouteResult(
            f"{town}/{index}", town, 100 + index, 200 + index, "crashed", "PlannerError: <b>no</b> plan & no reason"
        )
    times = np.arange(0.0, share * length / 6.0, 0.5)
    speeds = np.clip(8.0 * np.abs(np.sin(times / 7.0)) + rng.normal(0.0, 0.3, len(times)), 0.0, None)
    driven = np.minimum(np.cumsum(speeds) * 0.5, share * length)
    xs, ys = np.interp(driven, along, corners[:, 0]), np.interp(driven, along, corners[:, 1])
    number = int(rng.poisson(6.0 * (1.0 - skill)))
    events = []
    for i in sorted(rng.integers(len(times), size=number).tolist()):
        kind = str(rng.choice(KINDS))
        events.append(
            RouteEvent(
                kind,
                float(times[i]),
                float(xs[i]),
                float(ys[i]),
                bool(rng.random() < 0.8),
                12 if "coll" in kind else None,
                f"{speeds[i]:.1f} m/s into <car> 12",
                float(speeds[i]),
            )
        )
    plans = len(times) * 5
    walls = np.exp(rng.normal(math.log(45.0 if confident else 0.8), 0.25, plans)).tolist()
    penalty = 0.75 ** sum(event.at_fault for event in events)
    outcome: Outcome = "goal" if share >= 1.0 else ("blocked", "deviation", "time limit")[index % 3]
    return RouteResult(
        id=f"{town}/{index}",
        town=town,
        traffic_seed=100 + index,
        route_seed=200 + index,
        outcome=outcome,
        length_m=length,
        route_completion=100.0 * share,
        duration_s=float(times[-1]) if len(times) else 0.0,
        driven_m=float(driven[-1]) if len(times) else 0.0,
        mean_speed=float(speeds.mean()) if len(times) else 0.0,
        scores={name: 100.0 * share * penalty ** (1.0 + 0.2 * i) for i, name in enumerate(SCORES)},
        success=share >= 1.0 and not events,
        efficiency=80.0,
        comfort=0.4,
        events=events,
        plans=plans,
        late_plans=int(0.1 * plans) if confident else 0,
        plan_ms={"p50": float(np.quantile(walls, 0.5)), "p99": float(np.quantile(walls, 0.99))} if walls else None,
        plan_times_ms=walls,
        virtual_times_ms=[80.0 + float(v) for v in rng.normal(0.0, 8.0, plans)] if confident else None,
        statuses={"FULL": plans - 12, "ANYTIME": 9, "REUSED": 2, "STOP": 1} if confident else {"FULL": plans},
        reasons={"deadline: 6 of 8 steps": 9, "image <late> by 120 ms; previous plan, 100 ms old, moved to now": 3}
        if confident
        else {},
        steps={"4": 3, "6": 9, "8": plans - 12} if confident else {"1": plans},
        confidence=[(float(t), 0.9, 0) for t in times[:5]] if confident else [],
        route=corners.tolist(),
        path=[[float(v) for v in row] for row in np.stack([times, xs, ys, speeds], axis=1)],
        moments=[Moment(e.time_s, e.kind, e.detail, _picture(e.kind)) for e in events[:3]] if pictures else [],
    )


def _calibration(rng: np.random.Generator) -> dict[str, Any]:
    """Of beliefs that are a little too high."""
    times, number = np.array([0.5, 1.0, 2.0, 4.0]), 300
    believed = rng.beta(4.0, 1.5, (number, len(times)))
    errors = (
        np.where(rng.random(believed.shape) < believed**1.3, 0.2, 2.0) * times * rng.uniform(0.5, 1.0, believed.shape)
    )
    overall = rng.beta(6.0, 1.0, number)
    drives = np.arange(number) // 60
    figures = calibration_figures(
        WaypointSamples(times, 0.5 * times, believed, errors, np.ones_like(believed, dtype=bool), drives),
        OutcomeSamples(overall, rng.random(number) > overall**0.8, drives),
    )
    assert figures is not None
    return figures.as_dict()


def _picture(kind: str) -> str:
    image = np.full((180, 480, 3), 90, np.uint8)
    cv2.fillPoly(image, [np.array([[200, 90], [280, 90], [430, 180], [50, 180]])], (60, 60, 60))
    cv2.polylines(
        image, [np.array([[240, 178], [238, 140], [245, 100]])], isClosed=False, color=(80, 220, 80), thickness=6
    )
    cv2.putText(image, kind, (10, 25), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (255, 255, 255), 1, cv2.LINE_AA)
    return "data:image/jpeg;base64," + base64.b64encode(cv2.imencode(".jpg", image)[1].tobytes()).decode()
