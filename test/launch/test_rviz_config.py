"""rviz/planner.rviz shows topics that exist, with QoS that their publishers can serve."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("rclpy")

import rclpy
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.node import Node
from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    LivelinessPolicy,
    QoSCompatibility,
    QoSProfile,
    ReliabilityPolicy,
    qos_check_compatible,
)

from test.bags.drives import make_labelled
from test.ros.harness import next_domain
from wam_ros.bags.kitti import ODOM_FRAME, import_kitti
from wam_ros.ros.planner_node import PlannerNode
from wam_ros.ros.player import Player

pytestmark = pytest.mark.ros

ROOT = Path(__file__).resolve().parents[2]
TYPES = {
    "rviz_default_plugins/Image": "sensor_msgs/msg/Image",
    "rviz_default_plugins/Path": "nav_msgs/msg/Path",
    "rviz_default_plugins/MarkerArray": "visualization_msgs/msg/MarkerArray",
}
WITHOUT_TOPIC = {"rviz_default_plugins/Grid", "rviz_default_plugins/TF"}
# As RViz spells them.
RELIABILITY = {"Reliable": ReliabilityPolicy.RELIABLE, "Best Effort": ReliabilityPolicy.BEST_EFFORT}
DURABILITY = {"Transient Local": DurabilityPolicy.TRANSIENT_LOCAL, "Volatile": DurabilityPolicy.VOLATILE}
HISTORY = {"Keep Last": HistoryPolicy.KEEP_LAST, "Keep All": HistoryPolicy.KEEP_ALL}


def manager() -> Any:
    return yaml.safe_load((ROOT / "rviz" / "planner.rviz").read_text(encoding="utf-8"))["Visualization Manager"]


def displays() -> list[Any]:
    return list(manager()["Displays"])


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node beside a configured planner and the player of an imported drive."""
    folder = tmp_path_factory.mktemp("rviz")
    import_kitti(make_labelled(folder / "kitti", 3), folder / "drive")
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=next_domain())
    node = Node("player", context=context)
    planner = PlannerNode(context=context)
    with closing(Player(node, folder / "drive")):
        assert planner.trigger_configure() is TransitionCallbackReturn.SUCCESS
        yield node
    planner.close()
    planner.destroy_node()
    node.destroy_node()
    context.try_shutdown()


def test_image_plan_path_and_route_are_shown_in_the_odometry_frame() -> None:
    shown = {display["Topic"]["Value"] for display in displays() if display["Class"] not in WITHOUT_TOPIC}
    assert shown == {"/camera/image", "/planner/debug/markers", "/planner/output/path", "/route"}
    assert {display["Class"] for display in displays()} == TYPES.keys() | WITHOUT_TOPIC
    assert all(display["Enabled"] is True and display["Value"] is True for display in displays())
    assert manager()["Global Options"]["Fixed Frame"] == ODOM_FRAME


@pytest.mark.parametrize("display", [d for d in displays() if "Topic" in d], ids=lambda display: display["Name"])
def test_a_publisher_serves_the_display(graph: Node, display: Any) -> None:
    topic = display["Topic"]
    requested = QoSProfile(
        depth=topic["Depth"],
        history=HISTORY[topic["History Policy"]],
        reliability=RELIABILITY[topic["Reliability Policy"]],
        durability=DURABILITY[topic["Durability Policy"]],
        liveliness=LivelinessPolicy.AUTOMATIC,
    )
    publishers = graph.get_publishers_info_by_topic(topic["Value"])
    assert len(publishers) == 1, f"nobody publishes {topic['Value']}"
    offered = publishers[0].qos_profile
    assert publishers[0].topic_type == TYPES[display["Class"]]
    compatible, why = qos_check_compatible(offered, requested)
    assert compatible == QoSCompatibility.OK, why
    # A volatile display is served by a latched topic too, but never gets what was sent before it came.
    assert offered.durability == requested.durability
