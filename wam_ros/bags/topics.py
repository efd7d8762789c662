"""Which topic of a bag plays which part."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields

from wam_ros.bags.metadata import BagTopic
from wam_ros.core.errors import BagError

IMAGE_TYPES = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")

# The types that can play each part of BagTopics.
TYPES: dict[str, tuple[str, ...]] = {
    "image": IMAGE_TYPES,
    "camera_info": ("sensor_msgs/msg/CameraInfo",),
    "odometry": ("nav_msgs/msg/Odometry",),
    "route": ("nav_msgs/msg/Path",),
    "tf": ("tf2_msgs/msg/TFMessage",),
    "tf_static": ("tf2_msgs/msg/TFMessage",),
    "instruction": ("std_msgs/msg/String",),
    "trajectory": ("wam_ros/msg/Trajectory",),
    "timing": ("wam_ros/msg/PlanTiming",),
    "command": ("wam_ros/msg/VehicleCommand",),
    "truth": ("wam_ros/msg/Scene",),
}
INPUTS = ("image", "camera_info", "odometry", "route", "tf", "tf_static", "instruction")
RESULTS = ("trajectory", "timing")
SHOWN = (*INPUTS, *RESULTS, "command", "truth")  # what a film is made of

_PLANNED_PATH = "/output/path"  # a planner's own path is no route
_BY_NAME_ONLY = {"tf", "tf_static", "instruction"}  # the type alone says nothing of these


@dataclass(frozen=True)
class BagTopics:
    """Topic names by part; None = the bag has none. The defaults are what wam_ros itself writes.

    Fields:
        image: Camera image, raw or compressed.
        camera_info: Its calibration.
        odometry: Pose and twist of base_link.
        route: Path to follow.
        tf, tf_static: Transforms.
        instruction: Free text.
        trajectory: Plans of the node `planner`.
        timing: What it tells of its timing.
        command: What the vehicle was told.
        truth: The privileged truth of a simulated world.

    """

    image: str | None = "/camera/image"
    camera_info: str | None = "/camera/camera_info"
    odometry: str | None = "/odometry"
    route: str | None = "/route"
    tf: str | None = "/tf"
    tf_static: str | None = "/tf_static"
    instruction: str | None = "/instruction"
    trajectory: str | None = "/planner/output/trajectory"
    timing: str | None = "/planner/debug/timing"
    command: str | None = "/controller/output/command"
    truth: str | None = "/truth"


def pick_topics(
    topics: Mapping[str, BagTopic], parts: Collection[str] = INPUTS, given: Mapping[str, str] | None = None
) -> BagTopics:
    """Find the topics of a bag that play the given parts; the other fields become None.

    Args:
        topics: Those of the bag.
        parts: Names of fields of BagTopics.
        given: Topics that the user chose, by part; they must be there.

    A part is played by the topic of the default name, else by the only topic of a fitting type (for /tf, /tf_static
    and instructions only the name counts; of several camera_info topics the one beside the image counts).

    Raises:
        BagError: A given topic is missing or of another type, or several topics fit; the text names them.

    """
    given = dict(given or {})
    unknown = sorted(set(given) - {field.name for field in fields(BagTopics)})
    if unknown:
        msg = f"unknown part {unknown[0]!r}, known: {', '.join(TYPES)}"
        raise BagError(msg)
    found: dict[str, str | None] = dict.fromkeys(TYPES)
    for part in (name for name in TYPES if name in parts or name in given):
        found[part] = _given(topics, part, given[part]) if part in given else _fitting(topics, part, found["image"])
    return BagTopics(**found)


def _given(topics: Mapping[str, BagTopic], part: str, name: str) -> str:
    if name not in topics:
        msg = f"no topic {name} for the {part}; the bag has {', '.join(sorted(topics)) or 'none'}"
        raise BagError(msg)
    if topics[name].type_name not in TYPES[part]:
        msg = f"topic {name} for the {part} is {topics[name].type_name}, wanted {' or '.join(TYPES[part])}"
        raise BagError(msg)
    return name


def _fitting(topics: Mapping[str, BagTopic], part: str, image: str | None) -> str | None:
    options = sorted(name for name, topic in topics.items() if topic.type_name in TYPES[part])
    if part == "route":
        options = [name for name in options if not name.endswith(_PLANNED_PATH)]
    default = getattr(BagTopics(), part)
    if default in options:
        return str(default)
    if part == "instruction":
        options = [name for name in options if name.endswith(default)]  # in some namespace
    elif part in _BY_NAME_ONLY:
        return None
    if not options:
        return None
    if part == "camera_info" and image is not None:
        beside = [name for name in options if image.startswith(name.rpartition("/")[0] + "/")]
        options = beside if len(beside) == 1 else options
    if len(options) > 1:
        msg = f"several topics could be the {part}: {', '.join(options)}; say which"
        raise BagError(msg)
    return options[0]
