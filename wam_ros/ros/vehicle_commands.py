"""Commands as messages of others, and the controller's status: pure functions, no node, no clock."""

from __future__ import annotations

import math
from typing import Any

from ackermann_msgs.msg import AckermannDrive, AckermannDriveStamped
from carla_msgs.msg import CarlaEgoVehicleControl

from wam_ros.control import ControlOutput
from wam_ros.core.vehicle import VehicleCommand, VehicleDescription
from wam_ros.maps.handedness import steering_to_carla
from wam_ros.msg import ControllerStatus
from wam_ros.ros.message_types import MESSAGES

_STANDING = 0.05  # m/s; a wanted speed below this while braking means: stand, with all brakes


def ackermann_message(command: VehicleCommand, base_frame: str) -> Any:
    """A command as ackermann_msgs/AckermannDriveStamped.

    There the acceleration is the greatest one on the way to the wanted speed, without a sign, and 0 means as fast as
    the vehicle can; so are the rate of the steering and the jerk, which are left at 0.
    """
    drive = AckermannDrive(
        steering_angle=command.steering_angle, speed=command.speed, acceleration=abs(command.acceleration)
    )
    return AckermannDriveStamped(header=MESSAGES.header(command.stamp_ns, base_frame), drive=drive)


def carla_control_message(command: VehicleCommand, vehicle: VehicleDescription, base_frame: str) -> Any:
    """A command as carla_msgs/CarlaEgoVehicleControl, in CARLA's left-handed sense: steer is positive to the right.

    Full throttle stands for the vehicle's greatest acceleration, full brake for its greatest deceleration, steer = 1
    for its greatest steering angle; a vehicle that shall stand gets the hand brake, too.
    """
    stands = command.acceleration < 0.0 and command.speed < _STANDING
    return CarlaEgoVehicleControl(
        header=MESSAGES.header(command.stamp_ns, base_frame),
        throttle=_share(command.acceleration / vehicle.max_acceleration),
        brake=_share(-command.acceleration / vehicle.max_deceleration),
        steer=min(max(steering_to_carla(command.steering_angle) / vehicle.max_steering_angle, -1.0), 1.0),
        hand_brake=stands,
    )


def status_message(output: ControlOutput, base_frame: str) -> Any:
    """What the controller does as wam_ros/ControllerStatus."""
    tracking = output.tracking
    return ControllerStatus(
        header=MESSAGES.header(output.stamp_ns, base_frame),
        state=int(output.engagement.state),
        reason=output.engagement.reason,
        plan_age=_or_nan(None if tracking is None else tracking.plan_age),
        cross_track_error=_or_nan(None if tracking is None else tracking.cross_track_error),
        heading_error=_or_nan(None if tracking is None else tracking.heading_error),
        speed_error=_or_nan(None if tracking is None else tracking.speed_error),
    )


def _share(value: float) -> float:
    return min(max(value, 0.0), 1.0)


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
