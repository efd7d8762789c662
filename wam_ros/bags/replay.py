"""Step-driven replay: a bag through planner, monitor and fallback in this process. No clock, no threads, no ROS graph.

The same bag, the same weights and a planner of fixed steps give the same bytes. Nothing is measured in milliseconds:
times in the result are NaN.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from wam_ros.bags.definitions import base_typestore, message_from_fields
from wam_ros.bags.observations import BagFrame, BagObservations
from wam_ros.bags.plan_messages import (
    NOT_MEASURED,
    TIMING_TYPE,
    TRAJECTORY_TYPE,
    timing_fields,
    trajectory_message,
)
from wam_ros.bags.reader import BagReader
from wam_ros.bags.summary import PublishedPlan, ReplaySummary
from wam_ros.bags.topics import INPUTS, BagTopics
from wam_ros.bags.writer import BagWriter
from wam_ros.core.errors import InputError, PlannerError
from wam_ros.core.observation import Observation
from wam_ros.core.plan import Plan
from wam_ros.core.protocols import Planner
from wam_ros.core.timing import Deadline
from wam_ros.planning.canonical_view import CanonicalView
from wam_ros.runtime.service import Monitor, Replacements, refusal

TRAJECTORY_TOPIC = str(BagTopics().trajectory)
TIMING_TOPIC = str(BagTopics().timing)

_FRAME_WITHOUT_ODOMETRY = "odom"


@dataclass(frozen=True, eq=False)
class ReplayedFrame:
    """One image and the plan that answers it.

    Fields:
        frame: The image.
        plan: What is published.
        planned: Whether the planner made a plan.
        rejected: Whether the monitor refused that plan.
        steps_done: Decoding steps of the planner's plan; 0 = it made none.

    """

    frame: BagFrame
    plan: Plan
    planned: bool
    rejected: bool
    steps_done: int = 0


def replay_frames(
    observations: BagObservations, planner: Planner, monitor: Monitor, fallback: Replacements
) -> Iterator[ReplayedFrame]:
    """Plan for every image of a bag in order; each gets exactly one complete plan."""
    planner.warm_up()
    planner.reset()
    fallback.reset()
    view = CanonicalView(planner.camera)
    frame_id = observations.odometry_frame or _FRAME_WITHOUT_ODOMETRY
    for frame in observations.frames():
        if frame.new_drive:
            planner.reset()
            fallback.reset()
        yield _replayed(frame, view, planner, monitor, fallback, frame_id)


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


def _replayed(
    frame: BagFrame, view: CanonicalView, planner: Planner, monitor: Monitor, fallback: Replacements, frame_id: str
) -> ReplayedFrame:
    observation = frame.observation
    if observation is None:
        if frame.ego is None:
            plan = fallback.standstill(frame_id, frame.stamp_ns, frame.reason)
        else:
            plan = fallback.replacement(replace(frame.ego, stamp_ns=frame.stamp_ns), frame.reason)
        return ReplayedFrame(frame, plan, planned=False, rejected=False)
    try:
        plan = planner.plan(_canonical(view, observation), Deadline.unlimited())
    except (InputError, PlannerError) as err:
        instead = fallback.replacement(observation, f"planner failed: {err}")
        return ReplayedFrame(frame, instead, planned=False, rejected=False)
    violations = monitor.check(plan, observation)
    if violations:
        instead = fallback.replacement(observation, refusal(violations))
        return ReplayedFrame(frame, instead, planned=True, rejected=True, steps_done=plan.steps_done)
    fallback.accept(plan, observation.ego)
    return ReplayedFrame(frame, plan, planned=True, rejected=False, steps_done=plan.steps_done)


def _canonical(view: CanonicalView, observation: Observation) -> Observation:
    return replace(observation, images={name: view(name, image) for name, image in observation.images.items()})


def _announce(result: BagWriter, bag: Path, topics: BagTopics) -> list[str]:
    """Announce the inputs that are copied; gives their names."""
    names = {getattr(topics, part) for part in INPUTS}
    with BagReader(bag) as reader:
        copied = [topic for topic in reader.topics.values() if topic.name in names]
    for topic in copied:
        result.add_topic(topic.name, topic.type_name, latched=topic.latched)
    return [topic.name for topic in copied]


def _messages(replayed: ReplayedFrame) -> list[_Message]:
    frame, plan = replayed.frame, replayed.plan
    z = frame.ego.z if frame.ego is not None else 0.0
    timing = timing_fields(
        plan, NOT_MEASURED, planned=replayed.planned, rejected=replayed.rejected, steps_done=replayed.steps_done
    )
    store = base_typestore()
    trajectory = store.serialize_cdr(trajectory_message(plan, NOT_MEASURED, z), TRAJECTORY_TYPE)
    return [
        _Message(frame.recorded_ns, TRAJECTORY_TOPIC, trajectory),
        _Message(
            frame.recorded_ns, TIMING_TOPIC, store.serialize_cdr(message_from_fields(TIMING_TYPE, timing), TIMING_TYPE)
        ),
    ]


def _published(replayed: ReplayedFrame) -> PublishedPlan:
    path = replayed.plan.trajectory
    return PublishedPlan(
        replayed.frame.stamp_ns,
        replayed.plan.status,
        path.times,
        path.positions,
        planned=replayed.planned,
        rejected=replayed.rejected,
    )


def _write(result: BagWriter, bag: Path, copied: Sequence[str], outputs: Sequence[_Message]) -> None:
    """Write inputs and outputs in order of time; at the same time the inputs come first."""
    result.add_topic(TRAJECTORY_TOPIC, TRAJECTORY_TYPE)
    result.add_topic(TIMING_TOPIC, TIMING_TYPE)
    with BagReader(bag) as reader:
        inputs = (_Message(at, topic, raw) for topic, at, raw in reader.raw(copied))
        for message in heapq.merge(inputs, outputs, key=lambda message: message.recorded_ns):
            result.write(message.topic, message.raw, message.recorded_ns)
