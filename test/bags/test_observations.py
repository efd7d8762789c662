from __future__ import annotations

import math
import re

import numpy as np
import pytest

from test.bags.made_bags import (
    MS,
    START,
    camera_info,
    image,
    instruction,
    odometry,
    route,
    static_camera,
    straight_drive,
    transform,
    write,
)
from wam_ros.bags.kitti import KITTI_MOUNTING, START_NS, import_kitti
from wam_ros.bags.observations import BagObservations
from wam_ros.bags.topics import BagTopics
from wam_ros.core import BagError


def _frames(path, **options):
    with BagObservations(path, **options) as observations:
        return list(observations.frames())


def test_ego_is_interpolated_to_the_stamp_of_each_image(tmp_path):
    frames = _frames(write(tmp_path / "bag", straight_drive()))
    assert len(frames) == 30
    for number, frame in enumerate(frames):
        assert frame.stamp_ns == START + (100 * number + 5) * MS
        assert frame.reason == ""
        assert frame.observation is not None
        ego = frame.observation.ego
        assert ego.stamp_ns == frame.stamp_ns
        assert ego.pose.x == pytest.approx(number + 0.05, abs=1e-9)
        assert (ego.speed, ego.frame_id, ego.z) == (10.0, "odom", 0.5)
        camera = frame.observation.images["front"]
        assert camera.camera is not None
        assert camera.camera.matrix[0, 0] == 5.0
        assert camera.base_from_camera is not None
        np.testing.assert_array_equal(camera.base_from_camera.translation, [1.0, 0.0, 1.5])
        assert frame.observation.route is not None
        assert frame.observation.route.line.length == 100.0


def test_acceleration_is_filtered_from_the_speeds(tmp_path):
    records = [static_camera(), camera_info(0), *(image(100.0 * k) for k in range(30))]
    records += [odometry(20.0 * k, 0.5 * 2.0 * (0.02 * k) ** 2, 2.0 * 0.02 * k) for k in range(151)]
    accelerations = [f.observation.ego.acceleration for f in _frames(write(tmp_path / "bag", records)) if f.observation]
    assert accelerations[0] == 0.0
    assert accelerations == sorted(accelerations)
    assert accelerations[-1] == pytest.approx(2.0, rel=0.01)


def test_iteration_gives_the_observations_the_same_way_twice(tmp_path):
    path = write(tmp_path / "bag", [*straight_drive(1.0), image(450.0, encoding="yuv422")])
    with BagObservations(path) as observations:
        first = [observation.stamp_ns for observation in observations]
        assert first == [observation.stamp_ns for observation in observations]
        assert len(first) == 10
        assert len(observations.image_stamps()) == 11


@pytest.mark.parametrize(
    ("extra", "left_out", "reason"),
    [
        ([image(450.0, encoding="16UC1")], set(), "image encoding '16UC1'"),
        ([image(450.0, width=8)], set(), "camera front: camera_info is for 4x3, the image is 8x3"),
        ([image(9000.0)], set(), "stale odometry: the nearest sample is"),
        ([image(450.0)], {"/camera/camera_info"}, "camera front: no camera_info; record it"),
        ([image(450.0)], {"/tf_static"}, "camera front: no camera pose: /tf has no transform"),
        ([camera_info(440.0, focal=0.0), image(450.0)], set(), "camera front: .* the camera is not calibrated"),
        ([route(440.0, [(0.0, 0.0)]), image(450.0)], set(), r"route refused: polyline: 1 distinct point"),
        (
            [route(440.0, [(0.0, 0.0), (9.0, 0.0)], "map"), image(450.0)],
            set(),
            "route refused: it is in frame 'map' and",
        ),
    ],
)
def test_frames_that_cannot_be_planned_say_why(tmp_path, extra, left_out, reason):
    records = [record for record in straight_drive(1.0) if record.topic not in left_out]
    frames = _frames(write(tmp_path / "bag", [*records, *extra]))
    frame = next(f for f in frames if f.stamp_ns == START + round(extra[-1].at_ms * MS))
    assert frame.observation is None
    assert pytest.approx(frame.ego.pose.x, abs=1e-6) == extra[-1].at_ms / 100.0  # the best guess is still there
    assert re.match(reason, frame.reason), frame.reason


def test_uncalibrated_images_may_be_allowed(tmp_path):
    records = [record for record in straight_drive(1.0) if record.topic != "/camera/camera_info"]
    frames = _frames(write(tmp_path / "bag", records), allow_uncalibrated=True)
    assert all(frame.observation is not None for frame in frames)
    assert frames[0].observation.images["front"].camera is None


def test_calibration_of_the_image_s_own_stamp_counts(tmp_path):
    records = [*straight_drive(1.0), *(camera_info(100.0 * k + 5.0, focal=10.0 + k) for k in range(3))]
    focal = [f.observation.images["front"].camera.matrix[0, 0] for f in _frames(write(tmp_path / "bag", records))]
    assert focal[:5] == [10.0, 11.0, 12.0, 12.0, 12.0]


def test_route_and_instruction_hold_from_when_they_were_recorded(tmp_path):
    records = [
        *straight_drive(1.0),
        instruction(250.0, " left "),
        instruction(650.0, ""),
        route(450.0, [(0.0, 0.0), (50.0, 0.0)]),
        route(850.0, []),
    ]
    observations = [f.observation for f in _frames(write(tmp_path / "bag", records))]
    assert [o.instruction for o in observations] == [None] * 3 + ["left"] * 4 + [None] * 3
    assert [o.route and o.route.line.length for o in observations] == [100.0] * 5 + [50.0] * 4 + [None]


def test_route_in_another_frame_goes_through_tf(tmp_path):
    records = [
        *straight_drive(1.0),
        transform("/tf", 0.0, "map", "odom", (5.0, -1.0, 0.0)),
        route(50.0, [(5.0, 0.0), (25.0, 0.0)], "map"),
    ]
    last = _frames(write(tmp_path / "bag", records))[-1].observation
    assert last.route.frame_id == "odom"
    np.testing.assert_allclose(last.route.line.points, [[0.0, 1.0], [20.0, 1.0]])


def test_image_before_any_odometry_has_no_ego(tmp_path):
    records = [r for r in straight_drive(1.0) if not (r.topic == "/odometry" and r.at_ms < 500.0)]
    frames = _frames(write(tmp_path / "bag", records))
    assert frames[0].observation is None
    assert "stale odometry: the nearest sample is 0.495 s newer" in frames[0].reason
    assert frames[9].observation is not None


def test_a_jump_of_the_odometry_begins_a_new_drive(tmp_path):
    records = [r for r in straight_drive(2.0) if not (r.topic == "/odometry" and r.at_ms >= 1000.0)]
    records += [odometry(20.0 * k, 10.0 * 0.02 * k, 10.0, y=300.0) for k in range(50, 102)]
    with BagObservations(write(tmp_path / "bag", records)) as observations:
        frames = list(observations.frames())
        assert [number for number, frame in enumerate(frames) if frame.new_drive] == [10]
        truth = observations.ground_truth(START + 500 * MS, [0.4, 0.6])
    assert truth.valid.tolist() == [True, False]


def test_odometry_out_of_order_and_doubled_is_sorted(tmp_path):
    records = straight_drive(1.0)
    shuffled = [r for r in records if r.topic != "/odometry"]
    late = [r for r in records if r.topic == "/odometry"]
    path = write(tmp_path / "bag", [*shuffled, *reversed(late), *late[5:8]])
    assert [f.observation.ego.pose.x for f in _frames(path)] == pytest.approx([k + 0.05 for k in range(10)])


def test_what_cannot_be_read_at_all_is_refused(tmp_path):
    drive = straight_drive(1.0)
    no_odometry = write(tmp_path / "a", [r for r in drive if r.topic != "/odometry"])
    with pytest.raises(BagError, match=r"no odometry topic; it has /camera/camera_info \(sensor_msgs"):
        BagObservations(no_odometry)
    with pytest.raises(BagError, match=r"no image topic /video; it has"):
        BagObservations(write(tmp_path / "b", drive), BagTopics(image="/video"))
    with pytest.raises(BagError, match=r"/odometry at \d+ ns: odometry is of frame 'imu', wanted 'base_link'"):
        BagObservations(write(tmp_path / "c", [*drive, odometry(500.5, 5.0, 10.0, child="imu")]))
    with pytest.raises(BagError, match=r"/odometry at \d+ ns: transform holds values that are not finite"):
        BagObservations(write(tmp_path / "d", [*drive, odometry(500.5, math.nan, 10.0)]))
    broken = transform("/tf", 500.5, "map", "odom", (math.nan, 0.0, 0.0))
    told = pytest.raises(BagError, match=r"/tf at \d+ ns: transform from 'odom' to 'map'")
    with BagObservations(write(tmp_path / "e", [*drive, broken])) as observations, told:
        list(observations)


def test_the_real_drive(tmp_path, kitti_folder):
    import_kitti(kitti_folder, tmp_path / "bag")
    with BagObservations(tmp_path / "bag") as observations:
        found = list(observations)
        assert len(found) == 51
        assert observations.image_stamps() == [START_NS + 100 * MS * k for k in range(51)]
        for observation in found:
            ego = observation.ego
            assert ego.speed == pytest.approx(12.0, abs=0.3)
            assert abs(ego.lateral_speed) < 0.3
            assert abs(ego.acceleration) < 1.0
            assert observation.route is not None
            assert observation.route.line.project(ego.pose.position).distance < 0.01
            camera = observation.images["front"]
            assert (camera.encoding, camera.width, camera.height) == ("mono8", 1226, 370)
            assert camera.base_from_camera is not None
            np.testing.assert_allclose(camera.base_from_camera.translation, KITTI_MOUNTING.translation)
            assert observation.images["front"].rgb().std() > 10.0  # there is something to see
            left = observation.route.line.length - observation.route.line.project(ego.pose.position).arc_length
        assert left == pytest.approx(60.0, abs=0.1)
        # Driving on at the ego's speed stays near the truth for half a second.
        ego = found[10].ego
        truth = observations.ground_truth(ego.stamp_ns, [0.5, 4.0, 4.5])
        assert truth.valid.tolist() == [True, True, False]
        assert math.dist(truth.positions[0], ego.at(ego.stamp_ns + 500 * MS).pose.position) < 0.1
