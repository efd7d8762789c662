"""The map that a bag brings with it."""

from __future__ import annotations

from wam_ros.bags.definitions import WORLD_INFO
from wam_ros.bags.reader import BagReader
from wam_ros.core.lane_graph import LaneGraph


def recorded_map(reader: BagReader) -> LaneGraph | None:
    """The lanes of the bag's CarlaWorldInfo; None where it has none, or where the carla client is not installed."""
    names = [topic.name for topic in reader.topics.values() if topic.type_name == WORLD_INFO]
    if not names:
        return None
    try:
        from wam_ros.maps.opendrive import read_lane_graph  # needs the carla client
    except ImportError:
        return None
    _, _, message = next(reader.messages(names), (None, None, None))
    return None if message is None else read_lane_graph(message.opendrive)
