"""Everything that can be wrong with inputs and planners, over real DDS: a stated status, never silence, no crash."""

from __future__ import annotations

import time
from typing import Any

import pytest

pytest.importorskip("rclpy")

from nav_msgs.msg import Path as PathMessage
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from test.ros.harness import Driver, Trajectory, assert_complete, running, transform
from wam_ros.ros import topics

pytestmark = pytest.mark.ros
REUSED, STOP, FULL = Trajectory.REUSED, Trajectory.STOP, Trajectory.FULL


def replaced(answer: Any, status: int, reason: str) -> Any:
    assert answer is not None, "the node was silent"
    assert_complete(answer)
    assert (answer.status, reason in answer.reason) == (status, True), (answer.status, answer.reason)
    return answer


# -- inputs


def test_faulty_images() -> None:
    """One after another on one node: each is answered with its reason, and planning goes on after each."""

    def stale(driver: Driver) -> Any:
        image = driver.image()
        driver.stamp_ns -= 800_000_000
        image.header = driver.header("camera")
        return image

    def short(driver: Driver) -> Any:
        image = driver.image()
        del image.data[100:]
        return image

    faults = {
        "image has no pixels: 0x0": lambda d: d.image(width=0, height=0),
        "image encoding 'bayer_rggb8' needs cv_bridge": lambda d: d.image("bayer_rggb8", channels=1),
        "has 100 bytes": short,
        "stale image: 0.8": stale,
        "is for 64x36, the image is 32x36": lambda d: d.image(width=32),
    }
    with running() as (driver, _):
        assert [a.status for a in driver.drive(2)] == [FULL, FULL]
        for reason, image in faults.items():
            answer = driver.step(image=image)
            if reason.startswith("stale"):
                assert answer.status in {REUSED, STOP}  # a stamp before the last good plan's cannot reuse it
                assert reason in answer.reason
            else:
                replaced(answer, REUSED, reason)
            assert driver.step().status == FULL
        driver.diagnostic("planning", "status_reused=")


def test_every_encoding_is_taken() -> None:
    with running() as (driver, _):
        for encoding, channels in (("rgb8", 3), ("bgr8", 3), ("rgba8", 4), ("bgra8", 4), ("mono8", 1)):
            answer = driver.step(image=lambda d, e=encoding, c=channels: d.image(e, channels=c))
            assert (encoding, answer.status) == (encoding, FULL)


def test_no_odometry() -> None:
    with running() as (driver, _):
        answer = replaced(driver.step(odometry=False), STOP, "no odometry")
        assert answer.header.frame_id == "base_link"
        assert all(point.velocity == 0.0 for point in answer.points)
        driver.diagnostic("inputs", "no odometry")
        assert driver.step().status == FULL
        time.sleep(0.3)
        replaced(driver.step(odometry=False), REUSED, "stale odometry")


def test_odometry_that_is_nan_or_jumps() -> None:
    with running() as (driver, _):
        driver.drive(2)
        bad = driver.odometry()
        bad.pose.pose.position.x = float("nan")
        driver.send(topics.ODOMETRY, bad)
        driver.diagnostic("inputs", "odometry_refused=1")
        assert driver.step().status == FULL
        driver.x += 300.0
        answer = driver.step()
        assert answer.status == FULL
        assert answer.points[0].pose.position.x > 300.0
        driver.diagnostic("inputs", "odometry jumped by")


def test_odometry_of_another_frame() -> None:
    with running() as (driver, _):
        driver.advance(0.05)
        driver.send(topics.ODOMETRY, driver.odometry(child_frame_id="imu_link"))
        driver.diagnostic("inputs", "odometry is of frame 'imu_link', wanted 'base_link'")
        replaced(driver.step(odometry=False), STOP, "no odometry")


def test_no_calibration() -> None:
    with running(calibrate=False) as (driver, _):
        replaced(driver.step(), STOP, "camera front: no camera_info")
        driver.diagnostic("cameras", "no camera_info")
        driver.send(topics.CAMERA_INFO, driver.camera_info())
        replaced(driver.step(), STOP, "no camera pose: /tf has no transform from 'camera' to 'base_link'")
        driver.calibrate()
        assert driver.step().status == FULL
        driver.diagnostic("cameras", "front=calibrated")


def test_no_calibration_may_be_allowed() -> None:
    with running(calibrate=False, allow_uncalibrated=True) as (driver, _):
        assert driver.step().status == FULL


def test_time_that_runs_backwards() -> None:
    with running(max_image_age_ms=0.0) as (driver, _):
        assert [a.status for a in driver.drive(2)] == [FULL, FULL]
        driver.stamp_ns -= 50_000_000
        answer = driver.answer_to(driver.image())
        assert "behind the one before" in answer.reason
        driver.stamp_ns -= 60_000_000_000
        driver.send(topics.ODOMETRY, driver.odometry())
        answer = driver.answer_to(driver.image())
        assert answer.status == FULL
        driver.diagnostic("inputs", "time_reset=1")


def test_no_route() -> None:
    with running(route=False) as (driver, _):
        replaced(driver.step(), STOP, "no route")
        driver.diagnostic("inputs", "no route")
        driver.route()
        assert driver.step().status == FULL
        driver.send(topics.ROUTE, PathMessage(header=Header(frame_id="odom")))
        replaced(driver.step(), REUSED, "no route")


def test_a_route_in_another_frame() -> None:
    with running(route=False) as (driver, _):
        driver.route("map")
        replaced(
            driver.step(), STOP, "route refused: it is in frame 'map' and /tf has no transform from 'map' to 'odom'"
        )
        driver.send(topics.TF, transform("map", "odom", [0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]))
        assert driver.step().status == FULL


def test_a_route_that_is_nan() -> None:
    with running(route=False) as (driver, _):
        driver.route()
        assert driver.step().status == FULL
        driver.route(length=(-9.0))
        replaced(driver.step(), REUSED, "route refused: polyline: 1 distinct point")
        driver.diagnostic("inputs", "route refused")


def test_images_that_stop_coming() -> None:
    with running(image_timeout_ms=400.0) as (driver, _):
        driver.drive(2)
        before = len(driver.trajectories)
        assert driver.spin_until(lambda: len(driver.trajectories) > before + 3, 3.0), "silent without images"
        answers = driver.trajectories[before:]
        assert all("no image for" in answer.reason for answer in answers)
        assert driver.spin_until(lambda: driver.trajectories[-1].status == STOP, 3.0)
        driver.diagnostic("inputs", "no image for")


def test_a_camera_that_covers_too_little_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAULT", "needs_image")
    with running(module="test.ros.planners") as (driver, _):
        assert driver.step().status == FULL
        status = driver.diagnostic("cameras", "of the planner's view")
        coverage = next(float(v.value) for v in status.values if v.key == "front_coverage")
        # 64x36 px at f = 50 px inside 80x45 px at f = 30 px, by the ratio of angles of view
        assert coverage == pytest.approx((64 / 50) * (36 / 50) / ((80 / 30) * (45 / 30)), abs=0.03)
        assert "-1.00" in next(v.value for v in status.values if v.key == "front_height_difference_m")


# -- planners


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("late", "deadline: the planner had not finished"),
        ("raise", "planner failed: IndexError: list index out of range"),
        ("cannot", "planner failed: no way ahead"),
        ("nan", "monitor: "),
    ],
)
def test_planners_that_fail_now_and_then(fault: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAULT", fault)
    budget_ms = 80.0 if fault == "late" else 500.0  # a busy machine is no fault of these
    with running(module="test.ros.planners", budget_ms=budget_ms) as (driver, _):
        assert [a.status for a in driver.drive(3)] == [FULL] * 3
        answer = replaced(driver.step(), REUSED, reason)
        assert answer.budget_ms == budget_ms
        driver.diagnostic("planning", "previous plan reused")


@pytest.mark.parametrize("fault", ["hang", "hang_in_python"])
def test_a_planner_that_hangs(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAULT", fault)
    with running(module="test.ros.planners", max_reuse_age_ms=500.0) as (driver, _):
        assert [a.status for a in driver.drive(3)] == [FULL] * 3
        replaced(driver.step(), REUSED, "deadline: the planner had not finished")
        answers = [driver.step() for _ in range(8)]
        assert all(answer is not None for answer in answers)
        replaced(answers[-1], STOP, "still busy with an older image")
        driver.diagnostic("planning", "the planner hangs")


def test_two_cameras() -> None:
    with running(cameras="[front, left]") as (driver, _):
        left_info = driver.publisher(topics.CAMERA_INFO, "~/input/left/camera_info")
        left = driver.publisher(topics.IMAGE, "~/input/left/image")
        assert driver.spin_until(lambda: left.get_subscription_count() > 0 and left_info.get_subscription_count() > 0)
        replaced(driver.step(), STOP, "deadline: no image of left near the first camera's")
        left_info.publish(driver.camera_info())
        driver.stamp_ns = time.time_ns()
        driver.send(topics.ODOMETRY, driver.odometry())
        late: Image = driver.image()
        late.header = driver.header("camera", driver.stamp_ns + 10_000_000)
        left.publish(late)
        assert driver.answer_to(driver.image()).status == FULL
