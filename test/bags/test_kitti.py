from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from test.bags.drives import BASELINE, FOCAL, circle_poses, make_labelled, make_unlabelled, picture
from wam_ros.bags.kitti import KITTI_MOUNTING, START_NS, TOPICS, body_twists, import_kitti
from wam_ros.bags.kitti_sequence import KittiSequence
from wam_ros.bags.reader import BagReader
from wam_ros.core import SE3, BagError
from wam_ros.core.from_messages import (
    camera_from_info,
    image_from_message,
    pose_from_message,
    route_from_path,
    stamp_to_ns,
)

TENTH = 100_000_000


def _by_topic(path):
    with BagReader(path) as reader:
        found: dict[str, list[tuple[int, Any]]] = {}
        for topic, stamp, message in reader.messages():
            found.setdefault(topic, []).append((stamp, message))
        return found


@pytest.mark.parametrize("layout", ["labelled", "unlabelled"])
def test_both_layouts_become_the_same_drive(tmp_path, layout):
    make = make_labelled if layout == "labelled" else make_unlabelled
    folder = make(tmp_path / "kitti", count=12, speed=5.0)
    report = import_kitti(folder, tmp_path / "bag")
    assert (report.frames, report.duration_s) == (12, pytest.approx(1.1))
    assert report.distance_m == pytest.approx(5.5, abs=1e-6)
    found = _by_topic(tmp_path / "bag")
    assert set(found) == set(TOPICS.values())
    images = found["/camera/image"]
    assert [stamp for stamp, _ in images] == [START_NS + k * TENTH for k in range(12)]
    for number, (stamp, message) in enumerate(images):
        assert stamp_to_ns(message.header.stamp) == stamp
        image = image_from_message(message)
        assert image.encoding == "mono8"
        np.testing.assert_array_equal(image.pixels, picture(number, colour=False))
    odometry = found["/odometry"]
    for number, (_, message) in enumerate(odometry):
        assert (message.header.frame_id, message.child_frame_id) == ("odom", "base_link")
        assert message.pose.pose.position.x == pytest.approx(0.5 * number, abs=1e-6)
        assert message.twist.twist.linear.x == pytest.approx(5.0, abs=1e-5)


def test_order_at_each_stamp(tmp_path):
    import_kitti(make_labelled(tmp_path / "kitti", count=3), tmp_path / "bag")
    with BagReader(tmp_path / "bag") as reader:
        topics = [topic for topic, _, _ in reader.raw()]
    each = ["/odometry", "/tf", "/camera/camera_info", "/camera/image"]
    assert topics == ["/tf_static", "/route", *each, *each, *each]


def test_route_and_static_tf_are_latched(tmp_path):
    import_kitti(make_unlabelled(tmp_path / "kitti", count=3), tmp_path / "bag")
    with BagReader(tmp_path / "bag") as reader:
        assert {name for name, topic in reader.topics.items() if topic.latched} == {"/route", "/tf_static"}


def test_a_left_turn_is_one_in_the_bag(tmp_path):
    speed, yaw_rate = 6.0, 0.3
    import_kitti(make_labelled(tmp_path / "kitti", count=20, speed=speed, yaw_rate=yaw_rate), tmp_path / "bag")
    found = _by_topic(tmp_path / "bag")
    forward = KITTI_MOUNTING.translation[0]
    for _, message in found["/odometry"][1:-1]:
        # The camera drives the arc; base_link, behind it by `forward`, slips outwards by yaw_rate x forward.
        twist = message.twist.twist
        assert twist.angular.z == pytest.approx(yaw_rate, abs=1e-4)
        assert twist.linear.x == pytest.approx(speed, rel=1e-3)
        assert twist.linear.y == pytest.approx(-yaw_rate * forward, rel=0.01)
    _, last = found["/odometry"][-1]
    yaw = pose_from_message(last.pose.pose).to_se2().yaw
    assert yaw == pytest.approx(1.9 * yaw_rate, abs=1e-6)
    assert last.pose.pose.position.y > 1.0


def test_route_goes_on_straight_for_sixty_metres(tmp_path):
    import_kitti(make_labelled(tmp_path / "kitti", count=20, speed=6.0, yaw_rate=0.3), tmp_path / "bag")
    found = _by_topic(tmp_path / "bag")
    ((_, path),) = found["/route"]
    route = route_from_path(path)
    assert route is not None
    assert route.frame_id == "odom"
    driven = [pose_from_message(message.pose.pose) for _, message in found["/odometry"]]
    np.testing.assert_allclose(route.line.points[:20], [pose.translation[:2] for pose in driven], atol=1e-9)
    last = driven[-1].to_se2()
    end = last.position + 60.0 * np.array([math.cos(last.yaw), math.sin(last.yaw)])
    np.testing.assert_allclose(route.line.points[-1], end, atol=1e-6)


def test_calibration_of_a_colour_camera_tells_its_own_place(tmp_path):
    folder = make_labelled(tmp_path / "kitti", count=3, colour=True)
    import_kitti(folder, tmp_path / "bag")
    found = _by_topic(tmp_path / "bag")
    _, message = found["/camera/image"][1]
    np.testing.assert_array_equal(image_from_message(message).pixels, picture(1, colour=True))
    assert message.encoding == "bgr8"
    _, info = found["/camera/camera_info"][0]
    camera = camera_from_info(info)
    assert (camera.width, camera.height, camera.matrix[0, 0], camera.matrix[1, 2]) == (80, 24, FOCAL, 12.0)
    assert len(camera.distortion) == 0
    ((_, static),) = found["/tf_static"]
    (stamped,) = static.transforms
    assert (stamped.header.frame_id, stamped.child_frame_id) == ("base_link", "camera_optical")
    # P2[0, 3] is positive: the colour camera is to the left of the gray one, by BASELINE.
    assert stamped.transform.translation.y == pytest.approx(BASELINE)
    assert (stamped.transform.translation.x, stamped.transform.translation.z) == pytest.approx((1.1, 1.65))


def test_mounting_is_an_option(tmp_path):
    folder = make_unlabelled(tmp_path / "kitti", count=3)
    import_kitti(folder, tmp_path / "bag", mounting=SE3(KITTI_MOUNTING.rotation, np.array([2.0, 0.5, 1.0])))
    ((_, static),) = _by_topic(tmp_path / "bag")["/tf_static"]
    move = static.transforms[0].transform.translation
    assert (move.x, move.y, move.z) == pytest.approx((2.0, 0.5, 1.0))


def test_same_folder_gives_same_bytes(tmp_path):
    folder = make_labelled(tmp_path / "kitti", count=5)
    first = import_kitti(folder, tmp_path / "one" / "bag").path
    second = import_kitti(folder, tmp_path / "two" / "bag").path
    for name in ("bag_0.mcap", "metadata.yaml"):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_an_excerpt_takes_poses_by_the_numbers_of_its_images(tmp_path):
    folder = make_labelled(tmp_path / "kitti", count=10, speed=5.0)
    for index in (0, 1, 2, 9):
        (folder / "image_0" / f"{index:06d}.png").unlink()
    sequence = KittiSequence.load(folder)
    assert [time // TENTH for time in sequence.times_ns] == [3, 4, 5, 6, 7, 8]
    assert sequence.world_from_camera[0].translation[2] == pytest.approx(1.5)


def test_twists_of_a_screw_motion():
    step = SE3.from_euler([0.3, 0.02, 0.0], 0.0, 0.01, 0.05)
    poses = [SE3.from_euler([5.0, 1.0, 2.0], 0.1, 0.2, 3.1)]
    for _ in range(5):
        poses.append(poses[-1] @ step)
    twists = body_twists(poses, [k * TENTH for k in range(6)])
    np.testing.assert_allclose(twists[1:-1], np.broadcast_to(twists[1], (4, 6)), atol=1e-9)
    assert twists[2, 0] == pytest.approx(3.0, rel=0.01)
    assert twists[2, 5] == pytest.approx(0.5, rel=0.01)
    assert twists[2, 4] == pytest.approx(0.1, rel=0.02)


def test_failures_name_the_file_and_leave_no_bag(tmp_path):
    folder = make_labelled(tmp_path / "kitti", count=5)
    out = tmp_path / "bag"
    (folder / "image_0" / "000003.png").write_bytes(b"no image")
    with pytest.raises(BagError, match=r"000003\.png: not a gray or colour image"):
        import_kitti(folder, out)
    assert not out.exists()
    (folder / "image_0" / "000007.png").write_bytes(b"")
    with pytest.raises(BagError, match=r"000007\.png: there are only 5 poses and 5 times"):
        import_kitti(folder, out)
    (folder / "calib.txt").write_text("P0: 1 2 3\n")
    (folder / "image_0" / "000007.png").unlink()
    with pytest.raises(BagError, match=r"calib\.txt: line 1 has 3 numbers, wanted 12"):
        import_kitti(folder, out)
    with pytest.raises(BagError, match="no folder image_2"):
        import_kitti(folder, out, camera="image_2")
    with pytest.raises(BagError, match="unknown camera 'left'"):
        import_kitti(folder, out, camera="left")
    (tmp_path / "kitti" / "poses" / "07.txt").unlink()
    with pytest.raises(BagError, match=r"no poses, neither .* sequences 11 and up"):
        import_kitti(folder, out)
    with pytest.raises(BagError, match="no such folder"):
        import_kitti(tmp_path / "none", out)
    assert not out.exists()


def test_times_must_increase(tmp_path):
    folder = make_labelled(tmp_path / "kitti", count=5)
    (folder / "times.txt").write_text("0.0\n0.1\n0.1\n0.3\n0.4\n")
    with pytest.raises(BagError, match=r"times\.txt: times do not increase"):
        import_kitti(folder, tmp_path / "bag")


def test_poses_must_be_rigid(tmp_path):
    folder = make_unlabelled(tmp_path / "kitti", count=5)
    poses = circle_poses(5, 5.0, 0.0)
    poses[2, 0] = 2.0
    np.savetxt(folder / "poses.txt", poses)
    with pytest.raises(BagError, match=r"poses\.txt: a pose rotation is not a rotation matrix"):
        import_kitti(folder, tmp_path / "bag")


def test_the_real_drive(tmp_path, kitti_folder):
    report = import_kitti(kitti_folder, tmp_path / "bag")
    assert (report.camera, report.frames, report.duration_s) == ("image_l", 51, 5.0)
    assert report.distance_m == pytest.approx(60.0, abs=1.0)
    found = _by_topic(tmp_path / "bag")
    assert {topic: len(messages) for topic, messages in found.items()} == {
        "/camera/image": 51,
        "/camera/camera_info": 51,
        "/odometry": 51,
        "/tf": 51,
        "/tf_static": 1,
        "/route": 1,
    }
    speeds = [message.twist.twist.linear.x for _, message in found["/odometry"]]
    assert min(speeds) > 11.5
    assert max(speeds) < 12.5
    _, message = found["/camera/image"][0]
    assert (message.width, message.height, message.encoding, len(message.data)) == (1226, 370, "mono8", 1226 * 370)
