from __future__ import annotations

import pytest

from wam_ros.bags.metadata import BagTopic
from wam_ros.bags.topics import RESULTS, SHOWN, TYPES, BagTopics, pick_topics
from wam_ros.core import BagError

IMAGE, INFO = "sensor_msgs/msg/Image", "sensor_msgs/msg/CameraInfo"


def _bag(**types: str) -> dict[str, BagTopic]:
    return {"/" + name.replace("__", "/"): BagTopic("/" + name.replace("__", "/"), t, 1) for name, t in types.items()}


def test_our_own_topics_are_found_by_name_among_others():
    ours = {name: types[0] for name, types in TYPES.items()}
    defaults = BagTopics()
    bag = {getattr(defaults, part): BagTopic(getattr(defaults, part), t, 1) for part, t in ours.items()}
    bag |= _bag(other=IMAGE, planner__output__path="nav_msgs/msg/Path", tf_old="tf2_msgs/msg/TFMessage")
    assert pick_topics(bag, SHOWN) == defaults


def test_the_only_one_of_a_type_is_taken_whatever_its_name():
    bag = _bag(cam__image_raw__compressed="sensor_msgs/msg/CompressedImage", kinematic_state="nav_msgs/msg/Odometry")
    found = pick_topics(bag)
    assert (found.image, found.odometry) == ("/cam/image_raw/compressed", "/kinematic_state")
    assert (found.route, found.camera_info, found.tf, found.trajectory) == (None, None, None, None)


def test_several_of_a_type_are_named():
    with pytest.raises(BagError, match="several topics could be the image: /left/image, /right/image; say which"):
        pick_topics(_bag(right__image=IMAGE, left__image=IMAGE))


def test_camera_info_is_the_one_beside_the_image():
    bag = _bag(right__image=IMAGE, left__image=IMAGE, left__camera_info=INFO, right__camera_info=INFO)
    assert pick_topics(bag, given={"image": "/left/image"}).camera_info == "/left/camera_info"
    far = _bag(video=IMAGE, left__camera_info=INFO, right__camera_info=INFO)
    with pytest.raises(BagError, match="several topics could be the camera_info"):
        pick_topics(far)


def test_parts_that_nobody_asks_for_may_be_unclear():
    bag = _bag(a="nav_msgs/msg/Path", b="nav_msgs/msg/Path", plan="wam_ros/msg/Trajectory")
    assert pick_topics(bag, RESULTS).trajectory == "/plan"


def test_text_and_transforms_are_taken_by_name_only():
    found = pick_topics(_bag(chatter="std_msgs/msg/String", my_tf="tf2_msgs/msg/TFMessage"))
    assert (found.instruction, found.tf, found.tf_static) == (None, None, None)


def test_given_topics_are_checked():
    bag = _bag(image=IMAGE, odom="nav_msgs/msg/Odometry")
    with pytest.raises(BagError, match="no topic /video for the image; the bag has /image, /odom"):
        pick_topics(bag, given={"image": "/video"})
    with pytest.raises(BagError, match="topic /odom for the image is nav_msgs/msg/Odometry, wanted sensor_msgs"):
        pick_topics(bag, given={"image": "/odom"})
    with pytest.raises(BagError, match="unknown part 'video'"):
        pick_topics(bag, given={"video": "/image"})


def test_a_recorded_planners_path_is_not_taken_for_the_route():
    bag = _bag(carla__hero__waypoints="nav_msgs/msg/Path", planner__output__path="nav_msgs/msg/Path")
    assert pick_topics(bag).route == "/carla/hero/waypoints"


def test_an_instruction_in_a_namespace_is_found_but_not_just_any_string():
    bag = _bag(carla__hero__instruction="std_msgs/msg/String", chatter="std_msgs/msg/String")
    assert pick_topics(bag).instruction == "/carla/hero/instruction"
    assert pick_topics(_bag(chatter="std_msgs/msg/String")).instruction is None
