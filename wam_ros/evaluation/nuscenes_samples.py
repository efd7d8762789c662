"""Recorded frames as samples of nuScenes' open-loop table: L2 everywhere, collisions where the others are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wam_ros.core.geometry import SE2, Array
from wam_ros.core.scene import Actor, ActorKind
from wam_ros.core.timing import NS_PER_S
from wam_ros.evaluation.open_loop import EvaluatedDrive, EvaluatedFrame
from wam_ros.evaluation.recorded_drive import RecordedDrive
from wam_ros.metrics.nuscenes.open_loop import Columns, score_open_loop
from wam_ros.metrics.nuscenes.sample import STEPS, Obstacles, Sample

_TIMES = 0.5 * np.arange(1, STEPS + 1)
_PAST_S = 1.0  # two frames of nuScenes
_LIDAR = 0.943713  # m ahead of the rear axle, on nuScenes' cars
_CATEGORIES = {
    ActorKind.VEHICLE: "vehicle.car",
    ActorKind.BICYCLE: "vehicle.bicycle",
    ActorKind.PEDESTRIAN: "human.pedestrian.adult",
    ActorKind.STATIC: "movable_object.barrier",
}


def nuscenes_rows(drives: Sequence[EvaluatedDrive]) -> list[dict[str, Any]]:
    """A row for each protocol; none where no plan has waypoints at 0.5, 1.0 .. 3.0 s.

    L2 is that of a point 0.94 m ahead of base_link, where nuScenes' LiDAR is. Collisions are null where the truth of a
    drive is not known: an empty road would count as none. Plans are taken at every frame, not at 2 Hz.
    """
    plans, samples = [], []
    for drive in drives:
        for frame in drive.frames:
            if frame.frame.ego is not None and _fits(frame):
                plans.append(_lidar_points(frame, frame.frame.plan.trajectory.headings, true=False))
                samples.append(_sample(frame, drive))
    if not samples:
        return []
    known = all(drive.truth is not None for drive in drives)
    return [
        {
            "protocol": scores.protocol,
            "samples": scores.samples,
            "l2_m": _columns(scores.l2),
            "box_collision": _columns(scores.box_collision) if known else None,
            "point_collision": _columns(scores.point_collision) if known else None,
        }
        for scores in score_open_loop(np.array(plans), samples)
    ]


def _columns(columns: Columns) -> dict[str, float]:
    return {"1s": columns.at_1s, "2s": columns.at_2s, "3s": columns.at_3s, "avg": columns.average}


def _fits(frame: EvaluatedFrame) -> bool:
    times = frame.frame.plan.trajectory.times
    return len(times) >= STEPS and bool(np.allclose(times[:STEPS], _TIMES, atol=1e-3)) and bool(frame.known[0])


def _sample(frame: EvaluatedFrame, drive: EvaluatedDrive) -> Sample:
    # What comes after a gap in the truth counts as after the end: a sample has none in between.
    valid = np.logical_and.accumulate(frame.known[:STEPS])
    begun = drive.frames[0].frame.stamp_ns
    return Sample(
        _lidar_points(frame, frame.true_headings, true=True),
        valid,
        Obstacles.none() if drive.truth is None else _obstacles(drive.truth, frame.frame.stamp_ns),
        has_past=frame.frame.stamp_ns - begun >= _PAST_S * NS_PER_S,
        rear_axle_to_lidar=_LIDAR,
    )


def _lidar_points(frame: EvaluatedFrame, headings: Array, *, true: bool) -> Array:
    """(6, 2) where the LiDAR is at each step [m], in its frame at the moment: x right, y ahead."""
    ego = frame.frame.ego
    assert ego is not None  # `nuscenes_rows` has looked
    positions = (frame.true_positions if true else frame.frame.plan.trajectory.positions)[:STEPS]
    ahead = np.stack([np.cos(headings[:STEPS]), np.sin(headings[:STEPS])], axis=1)
    return _in_lidar_frame(ego.pose, positions + _LIDAR * ahead)


def _in_lidar_frame(pose: SE2, points: Array) -> Array:
    x, y = np.moveaxis(pose.inverse().apply(points), -1, 0)
    return np.stack([-y, x - _LIDAR], axis=-1)


def _obstacles(truth: RecordedDrive, stamp_ns: int) -> Obstacles:
    """Everybody who is there at the moment or within 3 s; all count as seen and measured."""
    here = truth.near(stamp_ns)
    if here is None:
        return Obstacles.none()
    pose = here.ego.pose
    scenes = [here, *(truth.near(stamp_ns + round(float(time) * NS_PER_S)) for time in _TIMES)]
    by_step: list[dict[int, Actor]] = [
        {} if scene is None else {actor.id: actor for actor in scene.actors} for scene in scenes
    ]
    ids = sorted({name for actors in by_step for name in actors})
    boxes, present = np.zeros((len(ids), STEPS + 1, 5)), np.zeros((len(ids), STEPS + 1), dtype=np.bool_)
    categories = []
    for row, name in enumerate(ids):
        for step, actors in enumerate(by_step):
            actor = actors.get(name)
            if actor is not None:
                present[row, step] = True
                x, y = _in_lidar_frame(pose, actor.pose.position)
                yaw = actor.pose.yaw - pose.yaw + np.pi / 2.0
                boxes[row, step] = x, y, yaw, actor.length, actor.width
        first = next(actors[name] for actors in by_step if name in actors)
        categories.append(_CATEGORIES[first.kind])
    seen = present[:, 0]
    return Obstacles(tuple(categories), boxes, present, seen, seen)
