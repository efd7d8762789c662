"""The simulator's truth for the privileged expert: scenes and the map from the bridge's topics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from carla_msgs.msg import CarlaWorldInfo

from wam_ros.core.errors import InputError
from wam_ros.core.from_messages import scene_from_message
from wam_ros.msg import Scene
from wam_ros.planning.expert_planner import TruthBuffer
from wam_ros.ros import topics

TRUTH = topics.Topic("~/input/truth", Scene, topics.OUTPUT)
WORLD_INFO = topics.Topic("/carla/world_info", CarlaWorldInfo, topics.LATCHED)


class TruthInputs:
    """Fills a TruthBuffer from messages.

    Args:
        buffer: To fill.
        refuse: Takes the kind and the text of what could not be used.

    """

    def __init__(self, buffer: TruthBuffer, refuse: Callable[[str, str], None]) -> None:
        self._buffer = buffer
        self._refuse = refuse
        self.subscriptions = ((TRUTH, self._on_truth), (WORLD_INFO, self._on_world_info))

    def _on_truth(self, message: Any) -> None:
        try:
            self._buffer.add(scene_from_message(message))
        except InputError as err:
            self._refuse("truth_refused", f"truth: {err}")

    def _on_world_info(self, message: Any) -> None:
        from wam_ros.maps.opendrive import read_lane_graph  # needs the carla client

        try:
            self._buffer.lanes = read_lane_graph(message.opendrive)
        except (InputError, ImportError) as err:
            self._refuse("map_refused", f"map {message.map_name!r}: {err}")
