"""What the bridge measures to the ros-bridge's messages, and controls back: pure functions; carla is not imported."""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np
from carla_msgs.msg import CarlaCollisionEvent, CarlaEgoVehicleControl, CarlaEgoVehicleStatus
from geometry_msgs.msg import Accel, AccelWithCovarianceStamped
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, Image, Imu, NavSatFix, NavSatStatus

from wam_ros.carla_bridge.carla_poses import rotation_vector_from_carla, transform_to_pose, vector_from_carla
from wam_ros.carla_bridge.measurement import CollisionEvent, Measurement
from wam_ros.core.camera import CameraModel
from wam_ros.core.ego import EgoState
from wam_ros.core.vehicle import VehicleCommand
from wam_ros.ros.message_types import MESSAGES

_BYTES_TO_ENCODING = {(np.dtype(np.uint8), 4): "bgra8", (np.dtype(np.uint8), 1): "mono8"}
_DEPTH = "32FC1"


def optical_frame(camera: str) -> str:
    """Frame of a camera's images: x right, y down, z forward."""
    return f"{camera}_optical_frame"


def image_message(head: Any, pixels: NDArray[Any]) -> Any:
    """Pixels (H, W, 4) blue, green, red, alpha, (H, W) tags or (H, W) float32 depth [m] as sensor_msgs/Image."""
    height, width = pixels.shape[:2]
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    message = Image(header=head, height=height, width=width, step=width * channels * pixels.itemsize)
    message.encoding = _BYTES_TO_ENCODING.get((pixels.dtype, channels), _DEPTH)
    data = array("B")
    data.frombytes(np.ascontiguousarray(pixels).data.cast("B"))
    message.data = data
    return message


def camera_info_message(head: Any, camera: CameraModel) -> Any:
    """A pinhole camera as sensor_msgs/CameraInfo: no distortion, nothing to rectify."""
    k = [float(value) for value in camera.matrix.reshape(-1)]
    projection = [*k[0:3], 0.0, *k[3:6], 0.0, *k[6:9], 0.0]
    return CameraInfo(
        header=head,
        height=camera.height,
        width=camera.width,
        distortion_model="plumb_bob",
        d=[0.0] * 5,
        k=k,
        r=[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        p=projection,
    )


def imu_message(head: Any, reading: Any) -> Any:
    """A carla.IMUMeasurement as sensor_msgs/Imu; the orientation is the sensor's in the map frame."""
    return Imu(
        header=head,
        orientation=MESSAGES.quaternion(transform_to_pose(reading.transform)),
        angular_velocity=MESSAGES.vector(rotation_vector_from_carla(reading.gyroscope)),
        linear_acceleration=MESSAGES.vector(vector_from_carla(reading.accelerometer)),
    )


def gnss_message(head: Any, reading: Any) -> Any:
    """A carla.GnssMeasurement as sensor_msgs/NavSatFix."""
    return NavSatFix(
        header=head,
        status=NavSatStatus(status=NavSatStatus.STATUS_FIX, service=NavSatStatus.SERVICE_GPS),
        latitude=float(reading.latitude),
        longitude=float(reading.longitude),
        altitude=float(reading.altitude),
    )


def collision_message(event: CollisionEvent, frame_id: str) -> Any:
    """A collision as carla_msgs/CarlaCollisionEvent."""
    return CarlaCollisionEvent(
        header=MESSAGES.header(event.stamp_ns, frame_id),
        other_actor_id=event.other_id,
        normal_impulse=MESSAGES.vector(event.impulse),
    )


def acceleration_message(ego: EgoState, base_frame: str) -> Any:
    """Acceleration of base_link, which odometry does not hold, as geometry_msgs/AccelWithCovarianceStamped."""
    message = AccelWithCovarianceStamped(header=MESSAGES.header(ego.stamp_ns, base_frame))
    message.accel.accel = _acceleration(ego)
    return message


def vehicle_status_message(measurement: Measurement, control: Any) -> Any:
    """State and carla.VehicleControl of the vehicle as carla_msgs/CarlaEgoVehicleStatus, as CARLA reports them."""
    ego = measurement.ego
    head = MESSAGES.header(measurement.stamp_ns, ego.frame_id)
    return CarlaEgoVehicleStatus(
        header=head,
        velocity=float(ego.speed),
        acceleration=_acceleration(ego),
        orientation=MESSAGES.quaternion(measurement.map_from_base),
        control=CarlaEgoVehicleControl(
            header=head,
            throttle=control.throttle,
            steer=control.steer,
            brake=control.brake,
            hand_brake=control.hand_brake,
            reverse=control.reverse,
            gear=control.gear,
            manual_gear_shift=control.manual_gear_shift,
        ),
    )


def command_from_message(message: Any, stamp_ns: int) -> VehicleCommand:
    """A wam_ros/VehicleCommand or ackermann_msgs/AckermannDrive as command.

    Both take the acceleration as the bound on the way to the speed.

    Raises:
        InputError: A value is not finite.

    """
    return VehicleCommand(stamp_ns, message.steering_angle, message.speed, message.acceleration)


def _acceleration(ego: EgoState) -> Any:
    return Accel(linear=MESSAGES.vector((ego.acceleration, ego.lateral_acceleration, 0.0)))
