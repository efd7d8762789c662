"""Step-driven replay: a bag through planner, monitor and fallback in this process. No clock, no threads, no ROS graph.

The same bag, the same weights and a planner of fixed steps give the same bytes. Nothing is measured in milliseconds:
times in the result are NaN.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from wam_ros.bags.definitions import MESSAGES, base_typestore
from wam_ros.bags.observations import BagFrame, BagObservations
from wam_ros.bags.plan_messages import TIMING_TYPE, TRAJECTORY_TYPE, timing_message
from wam_ros.bags.reader import BagReader
from wam_ros.bags.summary import PublishedPlan, ReplaySummary
from wam_ros.bags.topics import INPUTS, BagTopics
from wam_ros.bags.writer import BagWriter
from wam_ros.core.protocols import Planner
from wam_ros.runtime.checked_planner import Answer, CheckedPlanner
from wam_ros.runtime.service import Monitor, Replacements

TRAJECTORY_TOPIC = str(BagTopics().trajectory)
TIMING_TOPIC = str(BagTopics().timing)

_FRAME_WITHOUT_ODOMETRY = "odom"


class ReplayedFrame(NamedTuple):
    """One image and what answers it."""

    frame: BagFrame
    answer: Answer


def replay_frames(
    observations: BagObservations, planner: Planner, monitor: Monitor, fallback: Replacements
) -> Iterator[ReplayedFrame]:
    """Plan for every image of a bag in order; each gets exactly one complete plan."""
    planner.warm_up()
    checked = CheckedPlanner(planner, monitor, fallback)
    checked.reset()
    frame_id = observations.odometry_frame or _FRAME_WITHOUT_ODOMETRY
    for frame in observations.frames():
        if frame.new_drive:
            checked.reset()
        yield ReplayedFrame(frame, _answer(frame, checked, frame_id))


def replay_in_process(
    bag: Path,
    planner: Planner,
    monitor: Monitor,
    fallback: Replacements,
    out: Path,
    *,
    topics: BagTopics | None = None,
    include_inputs: bool = False,
    waypoints: int | None = None,
    allow_uncalibrated: bool = False,
    progress: Callable[[ReplayedFrame], None] | None = None,
) -> ReplaySummary:
    """Replay a bag into a result bag with wam_ros/Trajectory and wam_ros/PlanTiming for every image.

    Args:
        bag: The drive.
        planner: Makes the plans; reset first.
        monitor: Checks them.
        fallback: Makes what is published instead; reset first.
        out: The result bag to make; must not exist. What is in it lies at the times at which the images were recorded.
        topics: Of the drive; None = found by type.
        include_inputs: Whether to copy every message of the drive into the result, byte for byte.
        waypoints: How many a complete plan has; None = as many as the longest has.
        allow_uncalibrated: Whether images without calibration are given to the planner.
        progress: Called after each frame.

    Raises:
        BagError: The drive cannot be read, or the result not be written.

    """
    with BagObservations(bag, topics, allow_uncalibrated=allow_uncalibrated) as observations:
        result = BagWriter(out, flush_period_s=None)
        try:
            copied = _announce(result, bag, observations.topics) if include_inputs else []
            plans: list[PublishedPlan] = []
            outputs: list[_Message] = []
            for replayed in replay_frames(observations, planner, monitor, fallback):
                outputs += _messages(replayed)
                plans.append(_published(replayed))
                if progress is not None:
                    progress(replayed)
            _write(result, bag, copied, outputs)
            summary = ReplaySummary.from_plans(plans, observations.image_stamps(), observations.truth, waypoints)
        except BaseException:
            result.discard()
            raise
        result.close()
    return summary


class _Message(NamedTuple):
    """A message to be written."""

    recorded_ns: int
    topic: str
    raw: bytes | memoryview


def _answer(frame: BagFrame, checked: CheckedPlanner, frame_id: str) -> Answer:
    if frame.observation is not None:
        return checked.answer(frame.observation)
    if frame.ego is not None:
        return checked.replaced(replace(frame.ego, stamp_ns=frame.stamp_ns), frame.reason)
    return checked.standstill(frame_id, frame.stamp_ns, frame.reason)


def _announce(result: BagWriter, bag: Path, topics: BagTopics) -> list[str]:
    """Announce the inputs that are copied; gives their names."""
    names = {getattr(topics, part) for part in INPUTS}
    with BagReader(bag) as reader:
        copied = [topic for topic in reader.topics.values() if topic.name in names]
    for topic in copied:
        result.add_topic(topic.name, topic.type_name, latched=topic.latched)
    return [topic.name for topic in copied]


def _messages(replayed: ReplayedFrame) -> list[_Message]:
    frame, answer = replayed
    z = frame.ego.z if frame.ego is not None else 0.0
    store = base_typestore()
    trajectory = store.serialize_cdr(MESSAGES.trajectory(answer.plan, z), TRAJECTORY_TYPE)
    timing = store.serialize_cdr(timing_message(answer), TIMING_TYPE)
    return [
        _Message(frame.recorded_ns, TRAJECTORY_TOPIC, trajectory),
        _Message(frame.recorded_ns, TIMING_TOPIC, timing),
    ]


def _published(replayed: ReplayedFrame) -> PublishedPlan:
    answer = replayed.answer
    path = answer.plan.trajectory
    return PublishedPlan(
        replayed.frame.stamp_ns,
        answer.plan.status,
        path.times,
        path.positions,
        planned=answer.planned,
        rejected=answer.rejected,
    )


def _write(result: BagWriter, bag: Path, copied: Sequence[str], outputs: Sequence[_Message]) -> None:
    """Write inputs and outputs in order of time; at the same time the inputs come first."""
    result.add_topic(TRAJECTORY_TOPIC, TRAJECTORY_TYPE)
    result.add_topic(TIMING_TOPIC, TIMING_TYPE)
    with BagReader(bag) as reader:
        inputs = (_Message(at, topic, raw) for topic, at, raw in reader.raw(copied))
        for message in heapq.merge(inputs, outputs, key=lambda message: message.recorded_ns):
            result.write(message.topic, message.raw, message.recorded_ns)
