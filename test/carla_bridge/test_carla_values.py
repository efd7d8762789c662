"""Poses, ego state, controls and pixels between carla's types and ours."""

from __future__ import annotations

import gc
import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("carla")

import carla

from wam_ros.carla_bridge.actuation import ackermann_control, full_brake, steer_share, vehicle_control
from wam_ros.carla_bridge.camera_images import bgra_of, depth_of, rgb_image, tags_of
from wam_ros.carla_bridge.carla_poses import actor_from_base, pose_to_transform, spawn_transform, transform_to_pose
from wam_ros.carla_bridge.ego_reader import EgoReader
from wam_ros.carla_bridge.scene_reader import SceneReader, kind_of
from wam_ros.carla_bridge.settings import BridgeSettings
from wam_ros.core import SE2, SE3, ActorKind, LightState, VehicleCommand, VehicleDescription
from wam_ros.core.errors import ConfigError, InputError, WorldError
from wam_ros.core.sensor_rig import SensorSpec
from wam_ros.maps.signals import Signal

pytestmark = pytest.mark.carla


def snapshot(frame: int, seconds: float, *actors: Any) -> Any:
    """As carla.WorldSnapshot, which cannot be made by hand."""
    found = {actor.id: actor for actor in actors}

    class Snapshot:
        timestamp = SimpleNamespace(elapsed_seconds=seconds)

        def __init__(self) -> None:
            self.frame = frame

        def find(self, number: int) -> Any:
            return found.get(number)

        def __iter__(self) -> Any:
            return iter(actors)

    return Snapshot()


def actor_at(number: int, transform: Any, velocity: Any = None, turning: Any = None, acceleration: Any = None) -> Any:
    still = carla.Vector3D(0.0, 0.0, 0.0)
    return SimpleNamespace(
        id=number,
        get_transform=lambda: transform,
        get_velocity=lambda: velocity or still,
        get_angular_velocity=lambda: turning or still,
        get_acceleration=lambda: acceleration or still,
    )


@pytest.mark.parametrize("yaw_deg", [0.0, 37.0, 90.0, -135.0, 179.0])
def test_transforms_round_trip_and_agree_with_carla(yaw_deg: float) -> None:
    transform = carla.Transform(carla.Location(12.0, -3.0, 0.5), carla.Rotation(4.0, yaw_deg, -6.0))
    pose = transform_to_pose(transform)
    back = pose_to_transform(pose)
    assert (back.location.x, back.location.y, back.location.z) == pytest.approx((12.0, -3.0, 0.5), abs=1e-5)
    assert (back.rotation.pitch, back.rotation.yaw, back.rotation.roll) == pytest.approx((4.0, yaw_deg, -6.0), abs=1e-4)
    # A point 2 m ahead, 1 m to the left and 3 m up is the same place by carla's own arithmetic.
    place = transform.transform(carla.Location(2.0, -1.0, 3.0))
    assert pose.apply([2.0, 1.0, 3.0]) == pytest.approx([place.x, -place.y, place.z], abs=1e-4)


def test_the_rear_axle_is_spawned_where_it_is_wanted(vehicle: VehicleDescription) -> None:
    base = SE2(10.0, 20.0, 1.0)
    actor = transform_to_pose(spawn_transform(base, vehicle, 0.0))
    found = (actor @ actor_from_base(vehicle)).to_se2()
    assert (found.x, found.y, found.yaw) == pytest.approx((10.0, 20.0, 1.0), abs=1e-5)
    ahead = SE2(actor.to_se2().x, actor.to_se2().y, 0.0).position - base.position
    assert ahead == pytest.approx(vehicle.rear_axle_offset * np.array([math.cos(1.0), math.sin(1.0)]), abs=1e-5)


def test_ego_state_is_that_of_the_rear_axle_on_a_circle(vehicle: VehicleDescription) -> None:
    """The actor's origin circles to the left at yaw rate w; the rear axle then has no sideways speed."""
    radius, rate, offset = 20.0, 0.4, vehicle.rear_axle_offset
    angle = math.radians(30.0)  # of the rear axle on the circle about (0, 0)
    heading = angle + math.pi / 2.0
    forward, left = np.array([math.cos(heading), math.sin(heading)]), np.array([-math.sin(heading), math.cos(heading)])
    rear = radius * np.array([math.cos(angle), math.sin(angle)])
    place = rear + offset * forward
    velocity = rate * radius * forward + rate * offset * left
    acceleration = rate**2 * radius * left - rate**2 * offset * forward
    actor = actor_at(
        7,
        carla.Transform(carla.Location(place[0], -place[1], 0.0), carla.Rotation(0.0, -math.degrees(heading), 0.0)),
        carla.Vector3D(velocity[0], -velocity[1], 0.0),
        carla.Vector3D(0.0, 0.0, -math.degrees(rate)),
        carla.Vector3D(acceleration[0], -acceleration[1], 0.0),
    )
    reader = EgoReader(7, vehicle, "map")
    ego = reader.read(snapshot(3, 1.5, actor))
    assert (ego.pose.x, ego.pose.y) == pytest.approx(tuple(rear), abs=1e-4)
    assert ego.pose.yaw == pytest.approx(heading, abs=1e-5)
    assert ego.speed == pytest.approx(rate * radius, abs=1e-4)
    assert ego.lateral_speed == pytest.approx(0.0, abs=1e-4)
    assert ego.yaw_rate == pytest.approx(rate, abs=1e-5)
    assert ego.acceleration == pytest.approx(0.0, abs=1e-4)
    assert ego.lateral_acceleration == pytest.approx(rate**2 * radius, abs=1e-4)
    assert (ego.stamp_ns, ego.frame_id) == (1_500_000_000, "map")


def test_a_vehicle_that_is_gone_is_told(vehicle: VehicleDescription) -> None:
    with pytest.raises(WorldError, match=r"actor 7\) is not in frame 12"):
        EgoReader(7, vehicle, "map").read(snapshot(12, 0.6))


def test_ackermann_turns_the_steering_and_bounds_by_the_acceleration() -> None:
    control = ackermann_control(VehicleCommand(0, 0.25, 4.0, -1.5))
    assert (control.steer, control.speed, control.acceleration) == pytest.approx((-0.25, 4.0, 1.5))


def test_numpy_numbers_reach_carla() -> None:
    command = VehicleCommand(0, np.float32(0.25), np.float32(4.0), np.float32(1.0))  # type: ignore[arg-type]
    assert ackermann_control(command).steer == pytest.approx(-0.25)


@pytest.mark.parametrize(
    ("speed", "wanted", "acceleration", "throttle", "brake"),
    [
        (5.0, 6.0, 1.75, 0.5, 0.0),  # 4/s * 1 m/s, bounded by 1.75 = half of 3.5
        (5.0, 3.0, -2.0, 0.0, 0.25),  # a quarter of 8
        (5.0, 5.0, 0.0, 0.0, 0.0),
        (0.0, 0.0, -2.0, 0.0, 1.0),  # held at rest
        (5.0, 5.1, 0.0, 0.4 / 3.5, 0.0),  # 0 = no bound but the vehicle's
        (0.0, 36.0, 0.0, 1.0, 0.0),
    ],
)
def test_throttle_and_brake_are_shares_of_the_limits(
    vehicle: VehicleDescription, speed: float, wanted: float, acceleration: float, throttle: float, brake: float
) -> None:
    control = vehicle_control(VehicleCommand(0, 0.3, wanted, acceleration), speed, vehicle, 0.6)
    assert (control.throttle, control.brake, control.steer) == pytest.approx((throttle, brake, -0.5), abs=1e-6)


def test_steering_is_clipped_and_kept_while_braking() -> None:
    assert steer_share(2.0, 0.6) == -1.0
    control = full_brake(-0.3, 0.6)
    assert (control.brake, control.throttle, control.steer) == pytest.approx((1.0, 0.0, 0.5))


class Image:
    """As carla.Image, whose memory a memoryview does not keep alive."""

    def __init__(self, pixels: Any) -> None:
        self.height, self.width = pixels.shape[:2]
        self.raw_data = memoryview(pixels.tobytes())


def test_pixels_are_views_that_outlive_the_reading() -> None:
    pixels = np.arange(4 * 6 * 4, dtype=np.uint8).reshape(4, 6, 4)
    image = Image(pixels)
    address = np.frombuffer(image.raw_data, np.uint8).ctypes.data
    view = bgra_of(image)
    assert view.ctypes.data == address
    del image
    gc.collect()
    assert np.array_equal(view, pixels)
    spec = SensorSpec("front", "sensor.camera.rgb", SE3.identity(), {"image_size_x": "6", "image_size_y": "4"})
    core = rgb_image(Image(pixels), spec, 5)
    assert np.array_equal(core.rgb()[1, 2], pixels[1, 2, 2::-1])


def test_an_image_of_wrong_size_is_refused() -> None:
    image = Image(np.zeros((4, 6, 4), np.uint8))
    image.height = 5
    with pytest.raises(InputError, match="6x5 has 96 bytes"):
        bgra_of(image)


def test_depth_and_tags() -> None:
    pixels = np.zeros((1, 3, 4), np.uint8)
    pixels[0, 0, :3] = (255, 255, 255)
    pixels[0, 1, :3] = (0, 0, 128)  # blue, green, red: red is the low byte
    pixels[0, 2, :3] = (64, 0, 0)
    depth = depth_of(Image(pixels))
    assert depth[0] == pytest.approx([1000.0, 128e3 / (256**3 - 1), 64 * 65536e3 / (256**3 - 1)], rel=1e-5)
    assert tags_of(Image(pixels)).tolist() == [[255, 128, 0]]


def described(number: int, type_id: str, extent: tuple[float, float, float] = (2.0, 1.0, 0.75), **more: Any) -> Any:
    box = carla.BoundingBox(carla.Location(0.3, -0.2, 0.8), carla.Vector3D(*extent))
    return SimpleNamespace(id=number, type_id=type_id, attributes=more.get("attributes", {}), bounding_box=box, **more)


def test_kinds_by_blueprint() -> None:
    def kind(type_id: str, base_type: str = "car") -> ActorKind | None:
        return kind_of(SimpleNamespace(type_id=type_id, attributes={"base_type": base_type}))

    assert kind("vehicle.tesla.model3") is ActorKind.VEHICLE
    assert kind("vehicle.kawasaki.ninja", "motorcycle") is ActorKind.VEHICLE
    assert kind("vehicle.any.bike", "bicycle") is ActorKind.BICYCLE
    assert kind("vehicle.bh.crossbike", "") is ActorKind.BICYCLE
    assert kind("walker.pedestrian.0001") is ActorKind.PEDESTRIAN
    assert kind("static.prop.trafficcone01") is ActorKind.STATIC
    assert kind("sensor.camera.rgb") is None
    assert kind("traffic.traffic_light") is None


def test_a_scene_has_boxes_and_lights_of_the_map(vehicle: VehicleDescription) -> None:
    light = SimpleNamespace(
        id=50,
        type_id="traffic.traffic_light",
        get_opendrive_id=lambda: "A1_3",
        get_state=lambda: carla.TrafficLightState.Yellow,
    )
    asked: list[list[int]] = []

    def get_actors(ids: list[int]) -> list[Any]:
        asked.append(list(ids))
        cars = [described(1, "vehicle.tesla.model3"), described(2, "vehicle.tesla.model3")]
        return [*cars, described(3, "walker.pedestrian.0001", (0.2, 0.0, 0.9)), light]

    world = SimpleNamespace(get_actors=get_actors)
    line = np.array([[4.0, 1.0], [4.0, -2.0]])
    signals = [Signal("A1_3", ("5_0_-1",), "4_0_-1", line), Signal("A1_4", ("6_0_-1",), "4_0_-1", line)]
    place = carla.Transform(carla.Location(10.0, -5.0, 0.0), carla.Rotation(0.0, -90.0, 0.0))  # heads north
    actors = [
        actor_at(1, carla.Transform()),
        actor_at(2, place, carla.Vector3D(1.0, -3.0, 0.0)),
        actor_at(3, carla.Transform(carla.Location(500.0, 0.0, 0.0))),
        actor_at(50, carla.Transform()),
    ]
    ego = EgoReader(1, vehicle, "map").read(snapshot(1, 1.0, *actors))
    reader = SceneReader(world, 1, signals, 100.0)
    scene = reader.read(snapshot(1, 1.0, *actors), ego)
    (car,) = scene.actors  # the own vehicle is not among them, the walker is too far
    assert (car.id, car.kind, car.length, car.width, car.height) == (2, ActorKind.VEHICLE, 4.0, 2.0, 1.5)
    assert (car.pose.x, car.pose.y) == pytest.approx((10.0 - 0.2, 5.0 + 0.3), abs=1e-5)  # box 0.3 ahead, 0.2 left
    assert car.pose.yaw == pytest.approx(math.pi / 2.0)
    assert car.speed == pytest.approx(3.0, abs=1e-5)
    (shown,) = scene.lights  # A1_4 has no actor
    assert (shown.id, shown.state, shown.lanes) == ("A1_3", LightState.YELLOW, ("5_0_-1",))
    reader.read(snapshot(2, 1.05, *actors), ego)
    assert asked == [[1, 2, 3, 50]], "boxes are asked for once"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"port": 0}, "port = 0"),
        ({"tick_s": 0.2}, "tick_s = 0.2"),
        ({"timeout_s": 0.0}, "timeout_s = 0.0"),
        ({"actuation": "magic"}, "wanted one of ackermann, control"),
        ({"spawn_attempts": 0}, "spawn_attempts = 0"),
        ({"role_name": ""}, "role_name = ''"),
    ],
)
def test_settings_out_of_range_are_refused(change: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        BridgeSettings(**change)
