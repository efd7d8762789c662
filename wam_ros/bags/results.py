"""Reads the result of a replay: the published trajectories and their timing, by the stamps of the images."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from wam_ros.bags.observations import BagObservations
from wam_ros.bags.reader import BagReader
from wam_ros.bags.summary import PublishedPlan, ReplaySummary
from wam_ros.bags.topics import RESULTS, BagTopics, pick_topics
from wam_ros.core.errors import BagError
from wam_ros.core.from_messages import stamp_to_ns
from wam_ros.core.plan import PlanStatus
from wam_ros.core.timing import NS_PER_S


def published_plans(path: Path, given: Mapping[str, str] | None = None) -> list[PublishedPlan]:
    """The trajectories of a result bag in order of recording, each with the PlanTiming of the same stamp.

    Args:
        path: The bag.
        given: Topics of the parts `trajectory` and `timing`; what is not given is found by type.

    A trajectory without PlanTiming counts as not planned, and its overrun as not measured.

    Raises:
        BagError: The bag cannot be read, or has no trajectory topic.

    """
    with BagReader(path) as reader:
        topics = pick_topics(reader.topics, RESULTS, given)
        if topics.trajectory is None:
            msg = f"{path}: no wam_ros/msg/Trajectory in it; it has {', '.join(reader.topics) or 'no topics'}"
            raise BagError(msg)
        trajectories: list[Any] = []
        timings: dict[int, Any] = {}
        for topic, _, message in reader.messages([t for t in (topics.trajectory, topics.timing) if t is not None]):
            if topic == topics.trajectory:
                trajectories.append(message)
            else:
                timings[stamp_to_ns(message.header.stamp)] = message
    return [_published(path, message, timings.get(stamp_to_ns(message.header.stamp))) for message in trajectories]


def summarize(
    result: Path,
    source: Path,
    *,
    source_topics: BagTopics | None = None,
    result_topics: Mapping[str, str] | None = None,
    waypoints: int | None = None,
) -> ReplaySummary:
    """The summary of a recorded result bag, against images and odometry of the bag that was replayed.

    Raises:
        BagError: One of the two cannot be read or lacks a topic.

    """
    plans = published_plans(result, result_topics)
    with BagObservations(source, source_topics) as observations:
        return ReplaySummary.from_plans(plans, observations.image_stamps(), observations.truth, waypoints)


def _published(path: Path, message: Any, timing: Any | None) -> PublishedPlan:
    at = stamp_to_ns(message.header.stamp)
    if int(message.status) not in set(PlanStatus):
        msg = f"{path}: trajectory of {at} ns has status {message.status}, which this version does not know"
        raise BagError(msg)
    points = message.points
    return PublishedPlan(
        stamp_ns=at,
        status=PlanStatus(int(message.status)),
        times=np.array([stamp_to_ns(point.time_from_start) / NS_PER_S for point in points]),
        positions=np.array([[p.pose.position.x, p.pose.position.y] for p in points]).reshape(-1, 2),
        planned=timing is not None and bool(timing.planned),
        rejected=timing is not None and bool(timing.rejected),
        latency_ms=_measured(message.latency_ms),
        overrun_ms=None if timing is None else _measured(timing.overrun_ms),
    )


def _measured(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
