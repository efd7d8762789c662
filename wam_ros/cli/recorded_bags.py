"""Bags for the evaluation: their truth as a RecordedDrive, and a planner's plans of their frames."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from wam_ros.cli.planner_options import add_planner_options, planner_options
from wam_ros.cli.progress import show_count, show_line
from wam_ros.core.errors import ConfigError, InputError
from wam_ros.planning.catalog import PRIVILEGED, make_planner

if TYPE_CHECKING:
    from wam_ros.bags.observations import BagObservations
    from wam_ros.core.lane_graph import LaneGraph
    from wam_ros.core.protocols import Planner
    from wam_ros.core.vehicle import VehicleDescription
    from wam_ros.evaluation.open_loop import PlannedFrame
    from wam_ros.evaluation.recorded_drive import RecordedDrive


def add_planner_arguments(parser: argparse.ArgumentParser) -> None:
    """What `planner_for` and `read_truth` look at, but for the planner's name."""
    add_planner_options(parser)
    parser.add_argument("--steps", type=int, help="decoding steps at most; 0 = one per waypoint (0)")
    parser.add_argument("--vehicle", default="passenger_car", help="name or YAML file (%(default)s)")
    parser.add_argument("--town", help="map of the bags: name or folder of a town; needed where a bag holds none")


def planner_for(
    name: str, args: argparse.Namespace, vehicle: VehicleDescription, truth: RecordedDrive | None, why: str
) -> Planner:
    """The planner of that name; the expert sees the recorded truth.

    Raises:
        ConfigError: There is no such planner, or it is the expert and there is no truth.

    """
    if name == PRIVILEGED:
        from wam_ros.planning.expert import PrivilegedExpert
        from wam_ros.planning.expert_planner import ExpertPlanner

        if truth is None:
            msg = f"--planner {name}: {why}"
            raise ConfigError(msg)
        return ExpertPlanner(PrivilegedExpert(vehicle), truth)
    return make_planner(name, vehicle, planner_options(args))


def read_truth(bag: Path, lanes: LaneGraph | None) -> tuple[RecordedDrive | None, str]:
    """The truth of a bag, or None and why there is none.

    Args:
        bag: The drive.
        lanes: Its map; None = that of its CarlaWorldInfo.

    Raises:
        BagError: The bag cannot be read.

    """
    from wam_ros.bags.reader import BagReader
    from wam_ros.bags.recorded_map import recorded_map
    from wam_ros.bags.topics import pick_topics
    from wam_ros.core.from_messages import route_from_path, scene_from_message
    from wam_ros.evaluation.recorded_drive import RecordedDrive

    with BagReader(bag) as reader:
        topics = pick_topics(reader.topics, ("route", "truth"))
        if topics.truth is None or topics.route is None:
            return None, f"it has no {'wam_ros/Scene' if topics.truth is None else 'route'}"
        lanes = recorded_map(reader) if lanes is None else lanes
        if lanes is None:
            return None, "it has no map: give --town, and install carla where the map is in a CarlaWorldInfo"
        told = [route_from_path(message) for _, _, message in reader.messages([topics.route])]
        routes = [route for route in told if route is not None]  # an empty path takes a route back
        scenes = [scene_from_message(message) for _, _, message in reader.messages([topics.truth])]
        if not scenes:
            return None, "it has no wam_ros/Scene"
        if len({route.line.points.tobytes() for route in routes}) != 1:
            return None, "it has no route, or several: wanted one"
        try:
            return RecordedDrive(scenes, lanes, routes[0]), ""
        except InputError as err:
            return None, str(err)


def planned_frames(
    observations: BagObservations, planner: Planner, vehicle: VehicleDescription, label: str
) -> Iterator[PlannedFrame]:
    """The checked plan of each frame, step by step; `label` begins the line that tells how far it is."""
    from wam_ros.bags.replay import replay_frames
    from wam_ros.evaluation.open_loop import PlannedFrame
    from wam_ros.planning import Fallback, PlanMonitor

    total = len(observations.image_stamps())
    for count, (frame, answer) in enumerate(
        replay_frames(observations, planner, PlanMonitor(vehicle), Fallback(vehicle)), 1
    ):
        show_count(f"{label}{count} of {total} frames")
        yield PlannedFrame(frame.stamp_ns, frame.ego, answer.plan)
    show_line("")


def town_lanes(town: str | None) -> LaneGraph | None:
    """The map of a town, where one was named."""
    if town is None:
        return None
    from wam_ros.carla_server.towns.town import Town

    return Town.load(town).lanes
