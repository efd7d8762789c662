"""`wam bag film`: a drive as an MP4: camera with the plan drawn in, map from above, figures. Works on any bag."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from wam_ros.bags.film_panels import STATUS_COLORS, Color, MapPanel, Picture, camera_panel, figure, text_panel
from wam_ros.bags.observations import BagObservations
from wam_ros.bags.reader import BagReader
from wam_ros.bags.recorded_map import recorded_map
from wam_ros.bags.topics import SHOWN, BagTopics, pick_topics
from wam_ros.core.errors import BagError, InputError
from wam_ros.core.from_messages import plan_from_message, scene_from_message, stamp_to_ns
from wam_ros.core.lane_graph import LaneGraph
from wam_ros.core.observation import Observation
from wam_ros.core.plan import Plan, PlanStatus
from wam_ros.core.scene import Scene
from wam_ros.core.timing import NS_PER_S
from wam_ros.core.vehicle import VehicleDescription

CAMERA_SIZE = (640, 360)  # px
MAP_SIZE = (320, 360)
TEXT_SIZE = (CAMERA_SIZE[0] + MAP_SIZE[0], 68)
_WHITE: Color = (235, 235, 235)
_GRAY: Color = (160, 160, 160)
_FALLBACK_RATE = 10.0  # frames per second where a bag has one image only


@dataclass
class _Told:
    """What a bag tells besides images, by stamp."""

    plans: dict[int, Plan] = field(default_factory=dict)
    latencies_ms: dict[int, float] = field(default_factory=dict)
    scenes: dict[int, Scene] = field(default_factory=dict)
    commands: dict[int, Any] = field(default_factory=dict)


def film(
    bag: Path,
    out: Path,
    vehicle: VehicleDescription,
    lanes: LaneGraph | None = None,
    progress: Callable[[int], None] = lambda _frames: None,
) -> int:
    """Make a film of a bag's first camera; gives the number of frames.

    Args:
        bag: Any bag with images and odometry; plans, truth, commands and a map are drawn where it has them.
        out: The .mp4 file.
        vehicle: Size of the own box.
        lanes: The map; None = that of the bag's CarlaWorldInfo, if it has one.
        progress: Called with the number of frames so far.

    Raises:
        BagError: The bag cannot be read, holds no usable image, or the film cannot be written.

    """
    with BagReader(bag) as reader:
        topics = pick_topics(reader.topics, SHOWN)
        told = _read(reader, topics)
        lanes = recorded_map(reader) if lanes is None else lanes
    panel = MapPanel(MAP_SIZE, lanes, vehicle)
    with BagObservations(bag, topics, allow_uncalibrated=True) as observations:
        writer = _open(out, _rate(observations.image_stamps()))
        count = 0
        try:
            for picture in _pictures(observations, told, panel):
                writer.write(picture)
                count += 1
                progress(count)
        finally:
            writer.release()
    if count == 0:
        msg = f"{bag}: no image with odometry near it; there is nothing to show"
        raise BagError(msg)
    return count


def _read(reader: BagReader, topics: BagTopics) -> _Told:
    told = _Told()
    names = [name for name in (topics.trajectory, topics.truth, topics.command) if name is not None]
    for topic, _, message in reader.messages(names):
        stamp = stamp_to_ns(message.header.stamp)
        try:
            if topic == topics.trajectory:
                told.plans[stamp] = plan_from_message(message)
                told.latencies_ms[stamp] = float(message.latency_ms)
            elif topic == topics.truth:
                told.scenes[stamp] = scene_from_message(message)
            else:
                told.commands[stamp] = message
        except InputError:
            continue  # a film shows what can be shown
    return told


def _rate(stamps: list[int]) -> float:
    steps = np.diff(stamps)
    return float(NS_PER_S / np.median(steps)) if len(steps) and np.median(steps) > 0 else _FALLBACK_RATE


def _open(out: Path, rate: float) -> cv2.VideoWriter:
    size = (TEXT_SIZE[0], CAMERA_SIZE[1] + TEXT_SIZE[1])
    writer = cv2.VideoWriter(str(out), cv2.VideoWriter.fourcc(*"mp4v"), rate, size)
    if not writer.isOpened():
        msg = f"{out}: cannot be written as an MP4 film"
        raise BagError(msg)
    return writer


def _pictures(observations: BagObservations, told: _Told, panel: MapPanel) -> Iterator[Picture]:
    begun: int | None = None
    for observation in observations:
        begun = observation.stamp_ns if begun is None else begun
        yield moment(observation, told, panel, (observation.stamp_ns - begun) / NS_PER_S)


def moment(observation: Observation, told: _Told, panel: MapPanel, elapsed: float) -> Picture:
    """The picture of one moment."""
    stamp, ego = observation.stamp_ns, observation.ego
    plan, scene = told.plans.get(stamp), told.scenes.get(stamp)
    image = next(iter(observation.images.values()))
    camera = camera_panel(image, ego, plan, CAMERA_SIZE)
    above = panel.draw(ego, observation.route, plan, scene)
    first = [(f"{elapsed:6.1f} s", _WHITE), (f"{ego.speed * 3.6:5.1f} km/h", _WHITE)]
    if observation.route is not None:
        line = observation.route.line
        driven = line.project(ego.pose.position).arc_length
        first.append((f"route {100.0 * driven / line.length:3.0f} % of {line.length:.0f} m", _WHITE))
    if observation.instruction:
        first.append((observation.instruction, _WHITE))
    command = told.commands.get(stamp)
    if command is not None:
        first.append(
            (f"steer {np.degrees(command.steering_angle):+5.1f} deg  {command.acceleration:+5.2f} m/s2", _GRAY)
        )
    return np.vstack([np.hstack([camera, above]), text_panel(TEXT_SIZE, [first, _plan_row(plan, told, stamp)])])


def _plan_row(plan: Plan | None, told: _Told, stamp: int) -> list[tuple[str, Color]]:
    if plan is None:
        return [("no plan", STATUS_COLORS[PlanStatus.STOP])]
    row = [
        (plan.planner, _WHITE),
        (plan.status.name, STATUS_COLORS[plan.status]),
        (f"{plan.steps_done}/{plan.steps_planned} steps", _GRAY),
        (f"latency {figure(told.latencies_ms.get(stamp), 'ms', 0)}", _GRAY),
        (f"confidence {figure(plan.confidence, '', 2)}", _GRAY),
    ]
    if plan.reason:
        row.append((plan.reason[:48], STATUS_COLORS[plan.status]))
    return row
