from __future__ import annotations

import math

import pytest

pytest.importorskip("rclpy")

from wam_ros.control import ControlOutput, Engagement, EngagementState, TrackingReport
from wam_ros.core import VehicleCommand, VehicleDescription
from wam_ros.msg import ControllerStatus
from wam_ros.ros.message_types import MESSAGES
from wam_ros.ros.vehicle_commands import ackermann_message, carla_control_message, status_message

pytestmark = pytest.mark.ros


def command(steering_angle: float = 0.2, speed: float = 5.0, acceleration: float = 1.0) -> VehicleCommand:
    return VehicleCommand(3_000_000_007, steering_angle, speed, acceleration)


def test_our_own_message() -> None:
    message = MESSAGES.command(command(), "base_link")
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (3, 7)
    assert message.header.frame_id == "base_link"
    assert message.steering_angle == pytest.approx(0.2)
    assert (message.speed, message.acceleration) == (5.0, 1.0)


@pytest.mark.parametrize("acceleration", [1.5, -1.5, 0.0])
def test_ackermann_has_accelerations_without_sign(acceleration: float) -> None:
    drive = ackermann_message(command(acceleration=acceleration), "base_link").drive
    assert drive.acceleration == abs(acceleration)
    assert drive.steering_angle == pytest.approx(0.2), "left is positive there, too"
    assert (drive.speed, drive.steering_angle_velocity, drive.jerk) == (5.0, 0.0, 0.0)


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_carla_shares_are_those_of_the_vehicle(vehicle: VehicleDescription, share: float) -> None:
    faster = carla_control_message(command(acceleration=share * vehicle.max_acceleration), vehicle, "base_link")
    assert (faster.throttle, faster.brake, faster.hand_brake) == (pytest.approx(share), 0.0, False)
    slower = carla_control_message(command(acceleration=-share * vehicle.max_deceleration), vehicle, "base_link")
    assert (slower.throttle, slower.brake, slower.hand_brake) == (0.0, pytest.approx(share), False)
    left = carla_control_message(command(share * vehicle.max_steering_angle), vehicle, "base_link")
    assert left.steer == pytest.approx(-share), "right is positive there"


def test_carla_stands_with_the_hand_brake(vehicle: VehicleDescription) -> None:
    assert carla_control_message(command(speed=0.0, acceleration=-2.0), vehicle, "base_link").hand_brake
    assert not carla_control_message(command(speed=0.0, acceleration=0.5), vehicle, "base_link").hand_brake


def test_carla_shares_end_at_one(vehicle: VehicleDescription) -> None:
    message = carla_control_message(command(9.0, 5.0, 99.0), vehicle, "base_link")
    assert (message.throttle, message.steer) == (1.0, -1.0)


def test_what_is_not_known_is_nan() -> None:
    message = status_message(ControlOutput(5, None, Engagement()), "base_link")
    assert message.state == ControllerStatus.DISENGAGED
    values = (message.plan_age, message.cross_track_error, message.heading_error, message.speed_error)
    assert all(math.isnan(value) for value in values)
    report = TrackingReport(5, following=True, reason="", plan_age=0.5, cross_track_error=-0.25, speed_error=1.0)
    message = status_message(ControlOutput(5, command(), Engagement(EngagementState.ENGAGED, ""), report), "base_link")
    assert (message.state, message.plan_age, message.cross_track_error) == (ControllerStatus.ENGAGED, 0.5, -0.25)
    assert math.isnan(message.heading_error)
